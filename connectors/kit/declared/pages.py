"""A provider's list, page by page: by number, by offset, by a cursor or by the next page's address."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import msgspec

from connectors.kit.declared.access import Access, asked_with
from connectors.kit.declared.asks import Backfill
from connectors.kit.declared.functions import text
from connectors.kit.declared.language import Channel
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.declared.wire import Wire
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.http import Answer
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

MOST_PAGES: Final = 200
LARGEST: Final = 8 << 20
"""Octets of a page."""
LONGEST: Final = 4096
"""Characters of a cursor or an address."""
PAUSE: Final = 5.0
"""Seconds after too many requests."""
NAMES: Final = frozenset({"since", "until", "page", "offset", "cursor"})
COUNTED: Final = ("page", "offset")
_ANY: Final = msgspec.json.Decoder(Any)


class Pages:
    """How a declaration turns pages. Raises ValueError where it cannot work."""

    def __init__(self, declared: Backfill, channel: Channel) -> None:
        if declared.next is not None and declared.cursor is not None:
            raise ValueError("a page tells the next one's address, or its cursor")
        if declared.next is not None and channel.send.sign is not None:
            raise ValueError("a signed request goes to the address that is declared, not to one that a page tells")
        self._wire = Wire(declared, NAMES | asked_with(channel))
        self._first, self._size = declared.first, declared.size
        asked = str(msgspec.to_builtins(declared))
        self._counts = any(f"{{{name}" in asked for name in COUNTED)
        self._items = Path(declared.items)
        self._next, self._cursor = (
            Path(each) if each is not None else None for each in (declared.next, declared.cursor)
        )

    @property
    def told(self) -> bool:
        """Whether it is known which page is the last: one says so, or there are no others."""
        return self._next is not None or self._cursor is not None or not self._counts

    async def each(self, access: Access, values: Mapping[str, Any]) -> AsyncGenerator[list[Any], None]:
        """The items of each page, for as long as the list and its reader go on. Raises Temporary, Misconfigured,
        Refused."""
        at, cursor = None, None
        for number in range(MOST_PAGES):
            place = {"page": str(self._first + number), "offset": str(number * self._size), "cursor": cursor}
            answer = await access.ask(self._wire, {**values, **place}, reads=True, most=LARGEST, at=at)
            tree = _tree(answer)
            yield _found(self._items, tree)
            if self._next is not None:
                at = _elsewhere(_told(self._next, tree), at or self._wire.address({**values, **place}))
            if self._cursor is not None:
                cursor = _told(self._cursor, tree)
            if self.told and at is None and cursor is None:
                return
        raise Temporary(f"more than {MOST_PAGES} pages of messages", code=ErrorCode.PROVIDER_DOWN)


def _tree(answer: Answer) -> Any:
    if answer.status >= 300:
        raise by_status(answer, PAUSE, Temporary)
    try:
        return bounded(decode(answer.body, _ANY))
    except BadPayload as error:
        raise _unreadable(error) from None


def _found(path: Path, tree: Any) -> list[Any]:
    try:
        found = path(tree)
    except BadPayload as error:
        raise _unreadable(error) from None
    if not isinstance(found, list):
        raise Temporary("an answer without a list", code=ErrorCode.PROVIDER_DOWN)
    return found


def _told(path: Path, tree: Any) -> str | None:
    """What a page says of the next one; None where it is the last."""
    try:
        found = path(tree)
        told = "" if found is None else text(found)
    except (BadPayload, ValueError):
        told = None
    if told is None or len(told) > LONGEST or not told.isprintable():
        raise Temporary("a page that says nothing readable of the next", code=ErrorCode.PROVIDER_DOWN)
    return told or None


def _elsewhere(told: str | None, here: str) -> str | None:
    """The next page's address, which has the credentials of this one's and so must be of the same origin."""
    if told is None:
        return None
    try:
        there = urljoin(here, told)
        same = urlsplit(there)[:2] == urlsplit(here)[:2]
    except ValueError:
        same = False
    if not same:
        raise Temporary("a next page at another host", code=ErrorCode.PROVIDER_DOWN)
    return there


def _unreadable(error: BadPayload) -> Temporary:
    return Temporary(f"a list that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN)
