"""What came while the hub was down: the forum's newest posts, public and private, back to the last that is known.

Source: github.com/discourse/discourse, app/controllers/posts_controller.rb (`latest`), config/routes.rb (read 2026-11).
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from connectors.channels.discourse.config import Config
from connectors.channels.discourse.event import Number, Post
from connectors.channels.discourse.parse import listed
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.request import decode
from normalizer.inbound import Inbound, Unreadable

MOST_PAGES: Final = 20
"""Of fifty posts each."""
Ask = Callable[[str], Awaitable[bytes]]
"""What the forum answers at a path. Raises Temporary, Misconfigured."""


class Lists(NamedTuple):
    path: str
    archetype: str
    """Of the topics whose posts it holds; the list does not say."""


PUBLIC: Final = Lists("/posts.json", "regular")
PRIVATE: Final = Lists("/private-posts.json", "private_message")


class Place(msgspec.Struct, frozen=True):
    """A cursor: the newest post known of each list."""

    public: int = 0
    private: int = 0


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
        newest = [max((one.number for one in await _page(ask, one, None)), default=0) for one in (PUBLIC, PRIVATE)]
        return Polled([], _kept(Place(*newest)), b"[]")
    public, private = await _after(ask, PUBLIC, place.public), await _after(ask, PRIVATE, place.private)
    told = [(found, PUBLIC) for found in public] + [(found, PRIVATE) for found in private]
    told.sort(key=lambda one: one[0].number)
    items = [_item(found.raw, lists, config) for found, lists in told]
    reached = Place(
        max([place.public, *(one.number for one in public)]), max([place.private, *(one.number for one in private)])
    )
    raw = b"[" + b",".join(found.raw for found, _ in told) + b"]"
    return Polled(items, _kept(reached), raw)


async def _after(ask: Ask, lists: Lists, known: int) -> list[Found]:
    found: dict[int, Found] = {}
    before: int | None = None
    for _ in range(MOST_PAGES):
        page = await _page(ask, lists, before)
        found |= {one.number: one for one in page if one.number > known}
        oldest = min((one.number for one in page), default=0)
        if oldest <= known or oldest == before:
            return list(found.values())
        before = oldest - 1
    raise Temporary(f"more than {MOST_PAGES} pages of posts after {known}")


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
