"""What came while the hub was down: the forum's newest posts, public and private, back to the last that is known.

Of a list that reaches further, some pages are read at a time: the cursor then says how far down they went, and the next
portion goes on from there.

Source: github.com/discourse/discourse, app/controllers/posts_controller.rb (`latest`), config/routes.rb (read 2026-11).
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from connectors.channels.discourse.config import Config
from connectors.channels.discourse.event import Number, Post
from connectors.channels.discourse.parse import listed
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.request import decode
from normalizer.inbound import Inbound, Unreadable

MOST_PAGES: Final = 20
"""Of fifty posts each, at a time."""
Ask = Callable[[str], Awaitable[bytes]]
"""What the forum answers at a path. Raises Temporary, Misconfigured."""


class Lists(NamedTuple):
    path: str
    archetype: str
    """Of the topics whose posts it holds; the list does not say."""


PUBLIC: Final = Lists("/posts.json", "regular")
PRIVATE: Final = Lists("/private-posts.json", "private_message")


class Below(msgspec.Struct, frozen=True, array_like=True):
    """Where the pages of a list ended that did not reach what is known."""

    before: int
    newest: int
    """Of the whole list, which is known once they do."""


class Place(msgspec.Struct, frozen=True):
    """A cursor: the newest post known of each list."""

    public: int = 0
    private: int = 0
    public_below: Below | UnsetType = UNSET
    private_below: Below | UnsetType = UNSET


class Page(msgspec.Struct, frozen=True):
    latest_posts: list[msgspec.Raw] = []
    private_posts: list[msgspec.Raw] = []


class Named(msgspec.Struct, frozen=True):
    id: Number


class Found(NamedTuple):
    number: int
    raw: bytes


PLACE: Final = msgspec.json.Decoder(Place)
PAGE: Final = msgspec.json.Decoder(Page)
NAMED: Final = msgspec.json.Decoder(Named)
POST: Final = msgspec.json.Decoder(Post)


async def backfill(ask: Ask, config: Config, cursor: str | None) -> Polled:
    """The posts after the cursor, the oldest first; without one none. Raises Temporary, Misconfigured."""
    place = _read(cursor)
    if place is None:
        newest = Place(await _newest(ask, PUBLIC), await _newest(ask, PRIVATE))
        return Polled([], _kept(newest), b"[]")
    public, reached, public_below = await _after(ask, PUBLIC, place.public, place.public_below)
    private, reached_private, private_below = await _after(ask, PRIVATE, place.private, place.private_below)
    told = [(found, PUBLIC) for found in public] + [(found, PRIVATE) for found in private]
    told.sort(key=lambda one: one[0].number)
    items = [_item(found.raw, lists, config) for found, lists in told]
    after = Place(reached, reached_private, public_below, private_below)
    raw = b"[" + b",".join(found.raw for found, _ in told) + b"]"
    more = public_below is not UNSET or private_below is not UNSET
    return Polled(items, _kept(after), raw, more=more)


async def _newest(ask: Ask, lists: Lists) -> int:
    return max((one.number for one in await _page(ask, lists, None)), default=0)


async def _after(
    ask: Ask, lists: Lists, known: int, below: Below | UnsetType
) -> tuple[list[Found], int, Below | UnsetType]:
    """The next posts of a list down to what is known, what is known then, and where the pages ended before that."""
    found: dict[int, Found] = {}
    before = None if below is UNSET else below.before
    newest = known if below is UNSET else below.newest
    for _ in range(MOST_PAGES):
        page = await _page(ask, lists, before)
        found |= {one.number: one for one in page if one.number > known}
        newest = max([newest, *(one.number for one in page)])
        oldest = min((one.number for one in page), default=0)
        if oldest <= known or oldest == before:
            return list(found.values()), newest, UNSET
        before = oldest - 1
    return list(found.values()), known, Below(before or 0, newest)


async def _page(ask: Ask, lists: Lists, before: int | None) -> list[Found]:
    told = await ask(lists.path if before is None else f"{lists.path}?before={before}")
    try:
        page = decode(told, PAGE)
        return [Found(decode(bytes(raw), NAMED).id, bytes(raw)) for raw in page.latest_posts or page.private_posts]
    except BadPayload as error:
        raise Temporary(f"a list of posts that cannot be read: {error.detail}") from None


def _item(raw: bytes, lists: Lists, config: Config) -> Inbound:
    """Under the key of its webhook."""
    try:
        post = decode(raw, POST)
        return listed(msgspec.structs.replace(post, topic_archetype=post.topic_archetype or lists.archetype), config)
    except BadPayload as error:
        return Unreadable(key=f"listed:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail)


def _read(cursor: str | None) -> Place | None:
    try:
        return PLACE.decode(cursor) if cursor else None
    except msgspec.MsgspecError:
        return None


def _kept(place: Place) -> str:
    return msgspec.json.encode(place).decode()
