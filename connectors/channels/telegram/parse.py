"""One update to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.channels.telegram import people
from connectors.channels.telegram.content import content
from connectors.channels.telegram.kinds import IGNORED, SERVICE
from connectors.channels.telegram.update import (
    KEYS,
    NUMBERED,
    OBJECT,
    UPDATE,
    Callback,
    Deleted,
    Member,
    MemberChanged,
    Message,
    MessageReaction,
    Reaction,
)
from connectors.kit.content import Content
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
from normalizer.inbound import (
    ConsentChanged,
    Fragment,
    IdentityMoved,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    Peer,
    ReactionChanged,
    Unreadable,
)
from normalizer.model import ConsentState
from normalizer.parts import ChoicePart

OUTSIDE: Final = frozenset({"left", "kicked"})


@dataclass(frozen=True)
class Arrived:
    """The update a reader reads from."""

    kind: str
    number: int
    body: bytes
    received_at: datetime
    """For what Telegram gives no time of."""

    @property
    def key(self) -> str:
        return f"update:{self.number}"

    def raw(self) -> Mapping[str, Any]:
        """The object itself as it came. Raises BadPayload."""
        value = decode(self.body, OBJECT)[self.kind]
        return value if isinstance(value, dict) else {}


def parse(body: bytes, received_at: datetime) -> list[Inbound]:
    """What one update says. Raises BadPayload where not even its number can be read."""
    try:
        update = decode(body, UPDATE)
        for kind, reader in READERS.items():
            value = getattr(update, kind)
            if value is not None:
                return reader(Arrived(kind, update.update_id, body, received_at), value)
        return [_unread(body, f"update:{update.update_id}")]
    except BadPayload as error:
        number = decode(body, NUMBERED).update_id
        return [Unreadable(key=f"update:{number}", slice=body, reason=error.detail)]


def _unread(body: bytes, key: str) -> Inbound:
    kinds = [kind for kind in decode(body, KEYS) if kind != "update_id"]
    for kind in kinds:
        if kind in IGNORED:
            return Ignored(key=key, reason=IGNORED[kind])
    return Unreadable(key=key, slice=body, reason=f"an update of a kind we do not know: {', '.join(kinds)[:64]}")


def _message(arrived: Arrived, message: Message) -> list[Inbound]:
    moved = _moved(message)
    if moved is not None:
        return [moved]
    said = content(message, arrived.raw)
    return [_wordless(arrived) if said is None else _received(message, said)]


def _received(message: Message, said: Content) -> Inbound:
    name = people.name_of(message)
    sender, business = message.sender, message.business_connection_id is not None
    machine = sender is not None and sender.is_bot and message.sender_chat is None
    return MessageReceived(
        key=f"message:{name}",
        external_id=name,
        peer=people.peer(message.chat, people.thread_of(message), sender),
        author=people.author(message),
        from_us=business and sender is not None and sender.id != message.chat.id,
        text=said.text,
        parts=said.parts,
        media=said.media,
        reply_to=_quoted(message),
        occurred_at=people.moment(message.date),
        fragment=_fragment(message),
        auto=machine or message.is_from_offline or message.is_automatic_forward,
    )


def _quoted(message: Message) -> str | None:
    quoted = message.reply_to_message
    # In a forum, what answers nobody points at the service message that opened the topic.
    if quoted is None or quoted.forum_topic_created is not None:
        return None
    return people.external_id(message.chat.id, quoted.message_id, message.business_connection_id)


def _fragment(message: Message) -> Fragment | None:
    if message.media_group_id is None:
        return None
    group = f"{message.chat.id}:{message.media_group_id}"
    if message.business_connection_id is not None:
        group = f"{message.business_connection_id}:{group}"
    return Fragment(group=group, order=message.message_id)


def _wordless(arrived: Arrived) -> Inbound:
    raw = arrived.raw()
    for kind in SERVICE:
        if kind in raw:
            return Ignored(key=arrived.key, reason=f"a service message: {kind}")
    return Unreadable(key=arrived.key, slice=arrived.body, reason="a message with no content we know")


def _moved(message: Message) -> Inbound | None:
    """Both chats tell of a migration; the key, made of both ids, makes it one."""
    if message.migrate_to_chat_id is not None:
        before, after = message.chat.id, message.migrate_to_chat_id
    elif message.migrate_from_chat_id is not None:
        before, after = message.migrate_from_chat_id, message.chat.id
    else:
        return None
    return IdentityMoved(
        key=f"moved:{before}:{after}",
        before=people.address(before),
        after=people.address(after),
        occurred_at=people.moment(message.date),
    )


def _edited(arrived: Arrived, message: Message) -> list[Inbound]:
    said = content(message, arrived.raw)
    if said is None:
        return [_wordless(arrived)]
    piece = message.media_group_id is not None
    if piece and message.caption is None:
        return [Ignored(key=arrived.key, reason="an album's piece without a caption was edited")]
    return [
        MessageEdited(
            key=arrived.key,
            external_id=people.name_of(message),
            text=said.text,
            parts=said.parts,
            media=None if piece else said.media,
            occurred_at=people.moment(message.edit_date or message.date),
        )
    ]


def _deleted(arrived: Arrived, deleted: Deleted) -> list[Inbound]:
    names = [
        people.external_id(deleted.chat.id, message, deleted.business_connection_id) for message in deleted.message_ids
    ]
    if not names:
        return [Ignored(key=arrived.key, reason="nothing was deleted")]
    return [
        MessageRedacted(key=f"{arrived.key}:{name}", external_id=name, occurred_at=arrived.received_at)
        for name in dict.fromkeys(names)
    ]


def _pressed(arrived: Arrived, callback: Callback) -> list[Inbound]:
    if callback.data is None:
        return [Ignored(key=arrived.key, reason="games are not served")]
    message, person = callback.message, people.person(callback.sender)
    peer = Peer(person=person)
    label, button = None, None
    if message is not None:
        peer = people.peer(message.chat, people.thread_of(message), callback.sender)
        label, button = _label(message, callback.data), people.name_of(message)
    return [
        MessageReceived(
            key=arrived.key,
            external_id=f"{people.CALLBACK}{callback.id}",
            peer=peer,
            author=None if peer.person.address == person.address else person,
            text=label or callback.data,
            parts=(ChoicePart(value=callback.data, label=label),),
            reply_to=button,
            occurred_at=arrived.received_at,
        )
    ]


def _label(message: Message, data: str) -> str | None:
    rows = message.reply_markup.inline_keyboard if message.reply_markup is not None else []
    return next((button.text for row in rows for button in row if button.callback_data == data), None)


def _reacted(arrived: Arrived, reaction: MessageReaction) -> list[Inbound]:
    before = [_reaction(one) for one in reaction.old_reaction]
    after = [_reaction(one) for one in reaction.new_reaction]
    if reaction.user is None and reaction.actor_chat is None:
        raise BadPayload("a reaction of nobody")
    author = people.person(reaction.user) if reaction.user is not None else None
    if author is None and reaction.actor_chat is not None:
        author = people.of_chat(reaction.actor_chat)
    added = tuple(one for one in after if one not in before)
    removed = tuple(one for one in before if one not in after)
    if author is None or not (added or removed):
        return [Ignored(key=arrived.key, reason="the reactions are as they were")]
    return [
        ReactionChanged(
            key=arrived.key,
            external_id=people.external_id(reaction.chat.id, reaction.message_id),
            author=author,
            added=added,
            removed=removed,
            occurred_at=people.moment(reaction.date),
        )
    ]


def _reaction(one: Reaction) -> str:
    return one.emoji or one.custom_emoji_id or one.type


def _member(arrived: Arrived, changed: MemberChanged) -> list[Inbound]:
    """Whether we may write: by a person's block, or by our own place in a group."""
    if changed.chat.type == "channel":
        return [Ignored(key=arrived.key, reason=IGNORED["channel_post"])]
    before, after = _admits(changed.old_chat_member), _admits(changed.new_chat_member)
    if before == after:
        return [Ignored(key=arrived.key, reason="we may write as before")]
    return [
        ConsentChanged(
            key=arrived.key,
            peer=people.peer(changed.chat),
            state=ConsentState.OPTED_IN if after else ConsentState.OPTED_OUT,
            source=f"my_chat_member: {changed.new_chat_member.status}"[:64],
            occurred_at=people.moment(changed.date),
        )
    ]


def _admits(member: Member) -> bool:
    return member.status not in OUTSIDE and member.can_send_messages


READERS: Final[Mapping[str, Callable[[Arrived, Any], list[Inbound]]]] = {
    "message": _message,
    "business_message": _message,
    "callback_query": _pressed,
    "edited_message": _edited,
    "edited_business_message": _edited,
    "message_reaction": _reacted,
    "my_chat_member": _member,
    "deleted_business_messages": _deleted,
}
