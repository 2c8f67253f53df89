"""What polls remember between them, committed with what they bring: the cursor. Pure.

A `deliver_sm` has no name of its own, and a carrier sends it again on the next session where it did not hear our
answer. So each gets a name when it first comes, and what comes again with the same octets on another session, soon
after, gets its first name again. Segments get the name of their whole in the same way: a reference is used anew after
some hundred messages.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from connectors.channels.smpp import pdu
from connectors.channels.smpp.joining import joined
from connectors.kit.errors import BadPayload

AGAIN_SECONDS: Final = 900
"""For so long a carrier's repetition is known as one."""
JOINS_SECONDS: Final = 86_400
"""For so long segments that are missing belong to those that came."""
MOST_HEARD: Final = 500
MOST_GROUPS: Final = 200


class Heard(msgspec.Struct, frozen=True, array_like=True):
    digest: str
    name: str
    session: str
    at: int
    """Seconds since 1970."""


class Group(msgspec.Struct, frozen=True, array_like=True):
    key: str
    """Who wrote whom, by which reference, in how many segments."""
    name: str
    numbers: tuple[int, ...]
    at: int


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    heard: tuple[Heard, ...] = ()
    groups: tuple[Group, ...] = ()


class Taken(NamedTuple):
    state: State
    names: tuple[str, ...]
    groups: tuple[str, ...]
    """The name of each one's whole; `-` where it is one by itself."""


_DECODER: Final = msgspec.json.Decoder(State)


def read(cursor: str | None) -> State:
    """Another plugin's cursor is as none: at worst a repetition is not known as one."""
    try:
        return _DECODER.decode(cursor or "{}")
    except msgspec.DecodeError:
        return State()


def write(state: State) -> str:
    return msgspec.json.encode(state).decode()


def take(state: State, came: Sequence[bytes], session: str, microseconds: int) -> Taken:
    """Names for PDUs that came on a session at a time since 1970."""
    at = microseconds // 1_000_000
    heard = [one for one in state.heard if one.at > at - AGAIN_SECONDS]
    groups = [one for one in state.groups if one.at > at - JOINS_SECONDS]
    names: list[str] = []
    wholes: list[str] = []
    for number, octets in enumerate(came):
        digest = sha256(octets[pdu.HEADER.size :]).hexdigest()[:24]
        first = next((one for one in heard if one.digest == digest and one.session != session), None)
        if first is not None:
            heard.remove(first)
        names.append(first.name if first is not None else f"{microseconds:x}.{number}")
        heard.append(Heard(digest, names[-1], session, first.at if first is not None else at))
        wholes.append(_whole(groups, octets, names[-1], at))
    return Taken(State(tuple(heard[-MOST_HEARD:]), tuple(groups[-MOST_GROUPS:])), tuple(names), tuple(wholes))


def _whole(groups: list[Group], octets: bytes, name: str, at: int) -> str:
    try:
        message = pdu.read_short(octets[pdu.HEADER.size :])
        found = joined(message)
    except BadPayload:
        return "-"
    if found is None:
        return "-"
    key = f"{message.source.number}>{message.destination.number}:{found.reference}/{found.total}"
    standing = next((one for one in groups if one.key == key and found.number not in one.numbers), None)
    if standing is None:
        groups.append(Group(key, name, (found.number,), at))
        return name
    groups.remove(standing)
    if len(standing.numbers) + 1 < found.total:
        groups.append(Group(key, standing.name, (*standing.numbers, found.number), at))
    return standing.name
