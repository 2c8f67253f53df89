"""Reviews of apps in a store: what a poll has seen before, how a review reads, and that it has one answer.

A store gives a list of reviews, the newest first, without saying what changed in it. So a poll remembers a digest of
each, and what is new or reads otherwise than before is news; the cursor holds that memory. Pure but for `OneAnswer`.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from connectors.kit.base import Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import NativePart

MOST: Final = 1000
"""Reviews remembered; of older ones no edit is noticed."""
STARS: Final = 5
NEWS: Final = "news"
"""The header of a collected batch that says which of it is new and which was edited: `new` or `edited`, in order."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    name: str
    digest: str


class Memory(msgspec.Struct, frozen=True):
    began: int
    """Seconds since 1970: what was written before is none of ours."""
    seen: tuple[Seen, ...] = ()
    """The one heard of last at the end."""


class Found(NamedTuple):
    """Something of a list, by name."""

    name: str
    digest: str
    at: datetime
    raw: bytes


class News(NamedTuple):
    memory: Memory
    new: tuple[Found, ...]
    edited: tuple[Found, ...]


_DECODER: Final = msgspec.json.Decoder(Memory)


def recall(cursor: str | None, now: datetime, days: int) -> Memory:
    """What the cursor holds; without one, or with another plugin's, a memory that begins so many days ago."""
    try:
        return _DECODER.decode(cursor or "")
    except msgspec.DecodeError:
        return Memory(began=int((now - timedelta(days=days)).timestamp()))


def kept(memory: Memory) -> str:
    """The memory as a cursor."""
    return msgspec.json.encode(memory).decode()


def compare(memory: Memory, found: Iterable[Found]) -> News:
    """What of a list is news, the oldest first."""
    seen = OrderedDict((one.name, one.digest) for one in memory.seen)
    new: list[Found] = []
    edited: list[Found] = []
    for one in sorted(found, key=lambda each: each.at):
        before = seen.get(one.name)
        if before == one.digest:
            continue
        seen[one.name] = one.digest
        seen.move_to_end(one.name)
        if before is not None:
            edited.append(one)
        elif one.at.timestamp() >= memory.began:
            new.append(one)
    kept_ = tuple(Seen(name, digest) for name, digest in list(seen.items())[-MOST:])
    return News(Memory(began=memory.began, seen=kept_), tuple(new), tuple(edited))


def digest(*values: object) -> str:
    return sha256(msgspec.json.encode(values)).hexdigest()[:16]


def told(rating: int, title: str | None, body: str | None) -> str:
    """A review in words: `★★☆☆☆ title — body`."""
    stars = "★" * min(max(rating, 0), STARS)
    words = " — ".join(word.strip() for word in (title or "", body or "") if word.strip())
    return f"{stars.ljust(STARS, '☆')} {words}".strip()


def review(data: Mapping[str, Any]) -> NativePart:
    """The review as the store told it, without what is empty."""
    return NativePart(kind="review", data={name: value for name, value in data.items() if value not in (None, "")})


def marked(request_headers: Mapping[str, str], count: int) -> Sequence[bool]:
    """Of each in a batch, whether it was edited. What nobody said is new."""
    words = request_headers.get(NEWS, "").split(",")
    return [word == "edited" for word in words] if len(words) == count else [False] * count


class OneAnswer:
    """A review has one answer, and another takes its place; so of a message in pieces the first would be lost."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, str] = OrderedDict()

    def must_be_whole(self, outbound: Outbound) -> str:
        """The text. Raises Refused for a second piece of the same message, and for what is no text."""
        payload = outbound.payload
        if not payload.text or payload.media or payload.location or payload.contact_card or payload.cards:
            raise Refused("an answer to a review is a text", code=ErrorCode.CONTENT_UNSUPPORTED)
        if outbound.message_id and self._tokens.setdefault(outbound.message_id, outbound.token) != outbound.token:
            raise Refused(
                "a review has one answer: a second piece would replace it", code=ErrorCode.CONTENT_UNSUPPORTED
            )
        while len(self._tokens) > MOST:
            self._tokens.popitem(last=False)
        return payload.text
