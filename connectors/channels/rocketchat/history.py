"""What came while the hub was down: the omnichannel's rooms, those with the newest messages first, some at a time.

A round ends at the first room without news. Rooms that move meanwhile move to the front, so none is left out; whatever
is said after a round began is found by the next. Keys are those of the webhook. Source:
developer.rocket.chat/apidocs/get-list-of-livechat-rooms, /get-livechat-message-history;
github.com/RocketChat/Rocket.Chat, `livechat/server/api/v1/message.ts` (read 2026-11).
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.channels.rocketchat.event import Message, Moment, Name, Said, Visitor
from connectors.channels.rocketchat.parse import read
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload, Misconfigured, Refused, Temporary
from connectors.kit.redact import without_field
from connectors.kit.request import decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Ignored, Inbound, Unreadable

PORTION: Final = 5
"""Rooms at a time: a workspace answers few questions a minute, and what was had so far is kept."""
PAGE: Final = 50
MOST_PAGES: Final = 20
LARGEST: Final = 4 << 20
"""Octets of an answer."""
BACK: Final = timedelta(minutes=1)
"""By which the next round begins before this one did: clocks differ."""
MOMENT: Final = timedelta(milliseconds=1)

Ask = Callable[[str, int], Awaitable[bytes]]
"""What stands under a path of the API, of so many octets at the most. Raises Refused, Temporary, Misconfigured."""


class Guest(msgspec.Struct, frozen=True):
    id: Name = msgspec.field(name="_id")
    token: Name
    username: str | None = None
    name: str | None = None


class Room(msgspec.Struct, frozen=True):
    id: Name = msgspec.field(name="_id")
    v: Guest
    fname: str | None = None
    lm: Moment | None = None
    """When the last message was written."""


class Rooms(msgspec.Struct, frozen=True):
    rooms: list[Room] = []


class User(msgspec.Struct, frozen=True):
    id: Name = msgspec.field(name="_id")
    username: str | None = None


class Written(Message, frozen=True, kw_only=True):
    """As the history has it."""

    u: User
    t: str | None = None
    """Of what Rocket.Chat wrote by itself."""


class Timed(msgspec.Struct, frozen=True):
    ts: Moment


class Page(msgspec.Struct, frozen=True):
    messages: list[msgspec.Raw] = []


class Place(msgspec.Struct, frozen=True):
    """A cursor: how far a round through the rooms is."""

    since: Moment
    began: Moment
    skip: Annotated[int, msgspec.Meta(ge=0)] = 0


ROOMS: Final = msgspec.json.Decoder(Rooms)
PAGES: Final = msgspec.json.Decoder(Page)
TIMED: Final = msgspec.json.Decoder(Timed)
WRITTEN: Final = msgspec.json.Decoder(Written)
PLACE: Final = msgspec.json.Decoder(Place)
T = TypeVar("T")
Found = tuple[datetime, bytes, Inbound]


def beginning(now: datetime) -> Polled:
    """None of the past, and the cursor to begin with."""
    return Polled([], _kept(Place(now, now)), b"[]")


async def backfill(ask: Ask, user_id: str, cursor: str, now: datetime) -> Polled:
    """What was said since the cursor in the next rooms; `user_id` is ours. Raises Temporary, Misconfigured."""
    try:
        place = PLACE.decode(cursor)
    except msgspec.MsgspecError:
        return beginning(now)
    place = place if place.skip else Place(place.since, now)
    listed = await _rooms(ask, place.skip)
    fresh = [room for room in listed if room.lm is not None and room.lm >= place.since]
    found = [one for room in fresh for one in await _said(ask, room, place.since, user_id)]
    found.sort(key=lambda one: one[0])
    more = len(fresh) == PORTION
    then = Place(place.since, place.began, place.skip + PORTION) if more else _next(place)
    raw = b"[" + b",".join(dict.fromkeys(raw for _, raw, _ in found)) + b"]"
    return Polled([item for _, _, item in found], _kept(then), raw, more=more)


async def _rooms(ask: Ask, skip: int) -> list[Room]:
    asked = urlencode({"sort": '{"lm":-1}', "count": PORTION, "offset": skip})
    try:
        return _read(await ask(f"livechat/rooms?{asked}", LARGEST), ROOMS).rooms
    except Refused as error:
        raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None


async def _said(ask: Ask, room: Room, since: datetime, user_id: str) -> list[Found]:
    """What was said in a room; the newest of too much, and a word about the rest."""
    seen: dict[bytes, None] = {}
    end: datetime | None = None
    for _ in range(MOST_PAGES):
        try:
            page = await _page(ask, room, end)
        except Refused as error:
            return [_unasked(room, since, error.detail)]
        seen |= dict.fromkeys(page)
        moments = [at for raw in page if (at := _at(raw)) is not None]
        if len(page) < PAGE or not moments or (oldest := min(moments)) < since:
            break
        then = oldest + MOMENT  # of those of one moment, some may stand on the next page
        end = then if end is None or then < end else oldest
    else:
        return [*_items(seen, room, since, user_id), _unasked(room, since, f"more than {PAGE * MOST_PAGES} messages")]
    return list(_items(seen, room, since, user_id))


async def _page(ask: Ask, room: Room, end: datetime | None) -> list[bytes]:
    asked: dict[str, Any] = {"token": room.v.token, "limit": PAGE}
    asked |= {"end": end.isoformat(timespec="milliseconds").replace("+00:00", "Z")} if end else {}
    found = _read(await ask(f"livechat/messages.history/{quote(room.id, safe='')}?{urlencode(asked)}", LARGEST), PAGES)
    return [_without_token(bytes(raw)) for raw in found.messages]


def _items(raws: Iterable[bytes], room: Room, since: datetime, user_id: str) -> Iterator[Found]:
    """Under the keys of the webhook; nothing that Rocket.Chat or we said."""
    for raw in raws:
        try:
            written = decode(raw, WRITTEN)
        except BadPayload as error:
            yield since, raw, Unreadable(key=f"listed:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail)
            continue
        if written.ts >= since and written.t is None:
            yield from ((written.ts, raw, item) for item in _told(written, room, user_id))


def _told(written: Written, room: Room, user_id: str) -> Iterator[Inbound]:
    """The message, and that it was changed where it was: the message itself may be new."""
    visitor = Visitor(room.v.id, room.v.name or room.fname, room.v.username)
    agent = written.u.id if written.u.username != room.v.username else None
    message = msgspec.structs.replace(written, agent_id=agent, edited_at=None)
    changed = msgspec.structs.replace(written, agent_id=agent)
    said = Said(room.id, visitor, (message,))
    versions = [message] if written.edited_at is None else [message, changed]
    items = (read(each, said, user_id) for each in versions)
    yield from (item for item in items if not isinstance(item, Ignored))


def _unasked(room: Room, since: datetime, reason: str) -> Found:
    raw = msgspec.json.encode({"room": room.id, "lm": room.lm})
    told = f"what was said in a room cannot be asked for: {reason}"
    return since, raw, Unreadable(key=f"history:{sha256(raw).hexdigest()}", slice=raw, reason=told)


def _next(place: Place) -> Place:
    """Of the next round."""
    return Place(max(place.began - BACK, place.since), place.began)


def _at(raw: bytes) -> datetime | None:
    try:
        return decode(raw, TIMED).ts
    except BadPayload:
        return None  # it is set aside when it is read


def _without_token(raw: bytes) -> bytes:
    """The visitor's, by which anybody could read the conversation."""
    try:
        return without_field(raw, "token")
    except msgspec.MsgspecError:
        raise Temporary("a history that cannot be read", code=ErrorCode.PROVIDER_DOWN) from None


def _read(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decode(body, decoder)
    except BadPayload as error:
        raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None


def _kept(place: Place) -> str:
    return msgspec.json.encode(place).decode()
