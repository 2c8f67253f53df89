"""Who is meant: people, groups, threads, and the names messages go by.

An external id is `<message>:<chat>`, after it the business connection where there is one, because message ids count
per account and chat. A thread is a forum topic's number, `direct:<topic>` of a channel's direct messages, or a
business connection's id.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from connectors.channels.telegram.update import Chat, Message, User
from connectors.kit.errors import Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import ConversationKind, Visibility

SCHEME: Final = "telegram"
DIRECT: Final = "direct:"
CALLBACK: Final = "callback:"
"""Before the id of a pressed button, where a message has its external id."""
CHAT: Final = re.compile(r"-?[0-9]{1,19}|@[A-Za-z0-9_]{1,64}")


class MessageName(NamedTuple):
    """What an external id says."""

    chat: int
    message: int


def external_id(chat: int, message: int, connection: str | None = None) -> str:
    # A bot's message ids grow over all its private chats: names that begin with them are appended to an index.
    return f"{message}:{chat}" if connection is None else f"{message}:{chat}:{connection}"


def message_name(external_id: str) -> MessageName | None:
    """None for what is no message, such as a pressed button."""
    if external_id.startswith(CALLBACK):
        return None
    message, _, place = external_id.partition(":")
    try:
        return MessageName(chat=int(place.partition(":")[0]), message=int(message))
    except ValueError:
        return None


def name_of(message: Message) -> str:
    return external_id(message.chat.id, message.message_id, message.business_connection_id)


def moment(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def address(number: int) -> Address:
    return Address(scheme=SCHEME, value=str(number))


def person(user: User) -> Person:
    return Person(
        address=address(user.id),
        name=_joined(user.first_name, user.last_name),
        handle=user.username,
        locale=user.language_code,
    )


def of_chat(chat: Chat) -> Person:
    return Person(
        address=address(chat.id),
        name=chat.title or _joined(chat.first_name, chat.last_name),
        handle=chat.username,
    )


def peer(chat: Chat, thread: str | None = None, user: User | None = None) -> Peer:
    """The chat as the other end of a route; `user`, where it is the same person, tells more of them."""
    if chat.type == "private":
        known = person(user) if user is not None and user.id == chat.id else of_chat(chat)
        return Peer(person=known, thread=thread)
    # Whoever knows the name of a group that has one can read along.
    visibility = Visibility.PUBLIC if chat.username else Visibility.PRIVATE
    return Peer(person=of_chat(chat), kind=ConversationKind.GROUP, thread=thread, visibility=visibility)


def thread_of(message: Message) -> str | None:
    if message.business_connection_id is not None:
        return message.business_connection_id
    if message.direct_messages_topic is not None:
        return f"{DIRECT}{message.direct_messages_topic.topic_id}"
    if message.is_topic_message and message.message_thread_id is not None:
        return str(message.message_thread_id)
    return None


def author(message: Message) -> Person | None:
    """Who wrote, where that is not the peer itself."""
    if message.sender_chat is not None and message.sender_chat.id != message.chat.id:
        return of_chat(message.sender_chat)
    if message.sender is None or message.sender.id == message.chat.id or message.sender_chat is not None:
        return None
    return person(message.sender)


def _joined(first: str | None, last: str | None) -> str | None:
    return " ".join(filter(None, (first, last))) or None


def chat_id(address: Address) -> int | str:
    """A chat's number, or its @name. Raises Unreachable."""
    if not CHAT.fullmatch(address.value):
        raise Unreachable("neither a chat id nor an @name", code=ErrorCode.INVALID_ADDRESS)
    return address.value if address.value.startswith("@") else int(address.value)


def within(thread: str | None) -> dict[str, Any]:
    """A route's thread as the Bot API's argument."""
    if thread is None:
        return {}
    if thread.startswith(DIRECT):
        return {"direct_messages_topic_id": int(thread.removeprefix(DIRECT))}
    if thread.isdecimal():
        return {"message_thread_id": int(thread)}
    return {"business_connection_id": thread}
