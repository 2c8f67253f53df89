"""What came while nobody answered the provider's calls, from its list, by a declaration.

Lists have no cursor that lasts, only times. So the cursor is the time to look from, a little before the last look, for
the clocks and for what was late; the items' own keys make one of what is seen twice.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from connectors.kit.base import Polled
from connectors.kit.declared.access import Access, asked_with
from connectors.kit.declared.asks import Backfill
from connectors.kit.declared.functions import iso_time
from connectors.kit.declared.language import Channel
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.declared.wire import Wire
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.refusing import by_status
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound, Unreadable

BACK: Final = timedelta(minutes=10)
"""How far a backfill looks back on what the one before has seen."""
MOST: Final = 2000
"""Items taken at a time; the oldest first."""
MOST_PAGES: Final = 200
LARGEST: Final = 8 << 20
"""Octets of a page."""
PAUSE: Final = 5.0
"""Seconds after too many requests."""
FORMAT: Final = "%Y-%m-%dT%H:%M:%S.000Z"
NAMES: Final = frozenset({"since", "page"})
Parse = Callable[[Request], Sequence[Inbound]]
_ANY: Final = msgspec.json.Decoder(Any)


class Backfilling:
    """Raises ValueError where the declaration cannot work."""

    def __init__(self, channel: Channel, backfill: Backfill) -> None:
        if (channel.receive.body, channel.receive.items) != ("json", "@") or "POST" not in channel.receive.methods:
            raise ValueError("a list is for webhooks that come by POST, each of one item in JSON")
        if taken := NAMES & channel.settings.keys():
            raise ValueError(f"no name for a setting beside it: {', '.join(sorted(taken))}")
        self._wire = Wire(backfill, NAMES | asked_with(channel))
        self._first, self._setting = backfill.first, backfill.setting
        self._items, self._time = Path(backfill.items), Path(backfill.time)

    async def since(self, access: Access, cursor: str | None, now: datetime, parse: Parse) -> Polled:
        """What came since the cursor; without one, none of the past. Raises Temporary, Misconfigured, Refused."""
        settings = access.settings
        if cursor is None or (self._setting is not None and not settings[self._setting]):
            return Polled([], now.strftime(FORMAT), b"[]")
        since = _moment(cursor)
        listed = await self._listed(access, {**settings, "since": cursor})
        dated = sorted(((self._at(item, since), raw) for raw, item in listed.items()), key=lambda each: each[0])
        found = [(at, raw) for at, raw in dated if at >= since]
        cut, found = len(found) > MOST, found[:MOST]
        reached = max(found[-1][0].replace(microsecond=0) if cut else now - BACK, since)
        if cut and reached == since:
            raise Temporary(f"more than {MOST} messages within a second, at {cursor}")
        inbound = [item for at, raw in found for item in _read(parse, raw, at)]
        return Polled(inbound, reached.strftime(FORMAT), b"[" + b",".join(raw for _, raw in found) + b"]", more=cut)

    async def _listed(self, access: Access, values: Mapping[str, Any]) -> dict[bytes, Any]:
        """Every item of every page, by its octets; a page that brings nothing new is the last."""
        listed: dict[bytes, Any] = {}
        for page in range(self._first, self._first + MOST_PAGES):
            items = await self._page(access, {**values, "page": str(page)})
            known = len(listed)
            listed |= {msgspec.json.encode(item): item for item in items}
            if len(listed) == known:
                return listed
        raise Temporary(f"more than {MOST_PAGES} pages of messages", code=ErrorCode.PROVIDER_DOWN)

    async def _page(self, access: Access, values: Mapping[str, Any]) -> list[Any]:
        answer = await access.ask(self._wire, values, reads=True, most=LARGEST)
        if answer.status >= 300:
            raise by_status(answer, PAUSE, Temporary)
        try:
            found = self._items(bounded(decode(answer.body, _ANY)))
        except BadPayload as error:
            raise Temporary(f"a list that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        if not isinstance(found, list):
            raise Temporary("an answer without a list", code=ErrorCode.PROVIDER_DOWN)
        return found

    def _at(self, item: Any, otherwise: datetime) -> datetime:
        """When it came; what has no time that reads is looked at as the oldest."""
        try:
            return iso_time(self._time(item), "")
        except (BadPayload, ValueError, OverflowError):
            return otherwise


def _read(parse: Parse, raw: bytes, at: datetime) -> Sequence[Inbound]:
    try:
        return parse(Request("POST", "", {}, raw, at))
    except BadPayload as error:
        return [Unreadable(key=f"unreadable:{sha256(raw).hexdigest()[:32]}", slice=raw, reason=error.detail)]


def _moment(cursor: str) -> datetime:
    try:
        return datetime.strptime(cursor, FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise Temporary(f"a cursor that is none of ours: {cursor[:40]!r}") from error
