"""Who is meant: people, channels, threads, and the names messages go by.

An external id is `<channel>:<ts>`; of a file whose message was not named yet, `<address>:<file id>`; of a pressed
button, `action:…`. A thread is the `ts` of the message it hangs under. In a direct message the peer is the person, by
their user id, elsewhere the channel.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from connectors.channels.slack.events import Message
from connectors.kit.errors import BadPayload, Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import ConversationKind, Visibility

SCHEME: Final = "slack"
ACTION: Final = "action:"
"""Before what names a pressed button, where a message has its external id."""
PLACE: Final = re.compile(r"[UWCDG][A-Z0-9]{1,40}")
PERSON: Final = ("U", "W")
DIRECT: Final = "D"
TS: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}", re.ASCII)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MessageName(NamedTuple):
    """What an external id says."""

    channel: str
    ts: str


def external_id(channel: str, ts: str) -> str:
    return f"{channel}:{ts}"


def message_name(external_id: str) -> MessageName | None:
    """None for what is no message, such as a pressed button, or one whose `ts` we were not told."""
    channel, _, ts = external_id.partition(":")
    if not PLACE.fullmatch(channel) or not TS.fullmatch(ts):
        return None
    return MessageName(channel, ts)


def moment(ts: str) -> datetime:
    """A `ts` is the seconds since 1970 UTC, with six digits that make it unique. Raises BadPayload."""
    if not TS.fullmatch(ts):
        raise BadPayload("not a ts")
    seconds, _, fraction = ts.partition(".")
    try:
        return EPOCH + timedelta(seconds=int(seconds), microseconds=int(fraction.ljust(6, "0")))
    except OverflowError as error:
        raise BadPayload("a ts beyond the calendar") from error


def address(value: str) -> Address:
    return Address(scheme=SCHEME, value=value)


def person(user: str, name: str | None = None, handle: str | None = None) -> Person:
    return Person(address=address(user), name=name, handle=handle)


def author(message: Message) -> Person | None:
    """Who wrote: a person, or another app by its bot's user, or by the bot's own id. Only apps tell their name."""
    who = message.user or message.bot_id
    profile = message.bot_profile
    return person(who, message.username or (profile.name if profile is not None else None)) if who is not None else None


def peer(channel: str, who: Person | None, thread: str | None, kind: str | None = None) -> Peer:
    """The other end of a route; `kind` is the event's `channel_type`."""
    if channel.startswith(DIRECT) and who is not None:
        return Peer(person=who, thread=thread)
    # Whoever is in the workspace can read a public channel along.
    visibility = Visibility.PUBLIC if kind == "channel" else Visibility.PRIVATE
    return Peer(person=person(channel), kind=ConversationKind.GROUP, thread=thread, visibility=visibility)


def thread_of(channel: str, ts: str, thread_ts: str | None, channel_threads: bool) -> str | None:
    """In a channel every message begins a thread of its own, where the operator wants it so."""
    begins = channel_threads and not channel.startswith(DIRECT)
    return thread_ts or (ts if begins else None)


def references(channel: str, message: Message) -> tuple[str, ...]:
    """In direct messages, what the thread hangs under. In channels a thread is a conversation of its own."""
    above = message.thread_ts
    if above is None or above == message.ts or not channel.startswith(DIRECT):
        return ()
    return (external_id(channel, above),)


def place(address: Address) -> str:
    """A user's, channel's or direct message's id. Raises Unreachable."""
    if not PLACE.fullmatch(address.value):
        raise Unreachable("not the id of a user or channel", code=ErrorCode.INVALID_ADDRESS)
    return address.value
