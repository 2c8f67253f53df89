"""What came while nobody answered the provider's calls, from its list, by a declaration.

Lists have no cursor that lasts, only times. So the cursor is the time to look from, a little before the last look, for
the clocks and for what was late; the items' own keys make one of what is seen twice.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from connectors.kit.base import Polled
from connectors.kit.declared.access import Access
from connectors.kit.declared.asks import Backfill
from connectors.kit.declared.functions import reading
from connectors.kit.declared.language import Channel
from connectors.kit.declared.pages import NAMES, Pages
from connectors.kit.declared.paths import Path
from connectors.kit.declared.receiving import Reading
from connectors.kit.errors import BadPayload, Temporary
from normalizer.inbound import Inbound, Unreadable

BACK: Final = timedelta(minutes=10)
"""How far a backfill looks back on what the one before has seen."""
MOST: Final = 2000
"""Items taken at a time; the oldest first."""
LONGEST_WAIT: Final = 300
"""Seconds; what is left to a webhook is seen again by the next look, and must not be older than what that looks at."""
SHORTEST_SPAN: Final = 3600
FORMAT: Final = "%Y-%m-%dT%H:%M:%S.000Z"
"""Of the cursor."""


class Backfilling:
    """Raises ValueError where the declaration cannot work."""

    def __init__(self, channel: Channel, backfill: Backfill) -> None:
        if taken := NAMES & channel.settings.keys():
            raise ValueError(f"no name for a setting beside it: {', '.join(sorted(taken))}")
        if not 0 <= backfill.wait <= LONGEST_WAIT:
            raise ValueError(f"nobody waits for a webhook for more than {LONGEST_WAIT} seconds")
        if backfill.span is not None and backfill.span < SHORTEST_SPAN:
            raise ValueError(f"a span has at least {SHORTEST_SPAN} seconds")
        self._span = timedelta(seconds=backfill.span) if backfill.span is not None else None
        self._pages = Pages(backfill, channel)
        self._setting, self._since, self._newest_first = backfill.setting, backfill.since, backfill.newest_first
        self._time, self._read = Path(backfill.time), reading(backfill.read)
        self._wait = timedelta(seconds=backfill.wait)

    async def since(self, access: Access, cursor: str | None, now: datetime, webhook: Reading) -> Polled:
        """What came since the cursor; without one, none of the past. Raises Temporary, Misconfigured, Refused."""
        settings = access.settings
        if cursor is None or (self._setting is not None and not settings[self._setting]):
            return Polled([], now.strftime(FORMAT), b"[]")
        since = _moment(cursor)
        until = now if self._span is None else min(now, since + self._span)
        written = {"since": since.strftime(self._since), "until": until.strftime(self._since)}
        listed = await self._listed(access, {**settings, **written}, since)
        dated = [(self._at(item) or since, raw, item) for raw, item in listed.items()]
        dated.sort(key=lambda each: each[:2])
        found = [each for each in dated if since <= each[0] and (not self._wait or each[0] <= now - self._wait)]
        cut, found = len(found) > MOST, found[:MOST]
        reached = max(found[-1][0].replace(microsecond=0) if cut else min(until, now - BACK), since)
        if cut and reached == since:
            raise Temporary(f"more than {MOST} messages within a second, at {cursor}")
        inbound = [each for at, raw, item in found for each in _read(webhook, raw, item, at)]
        octets = b"[" + b",".join(raw for _, raw, _ in found) + b"]"
        return Polled(inbound, reached.strftime(FORMAT), octets, more=cut or until < now)

    async def _listed(self, access: Access, values: Mapping[str, Any], since: datetime) -> dict[bytes, Any]:
        """Every item of every page, by its octets; where none is told to be the last, it is one without news."""
        listed: dict[bytes, Any] = {}
        async with aclosing(self._pages.each(access, values)) as pages:
            async for items in pages:
                known = len(listed)
                listed |= {msgspec.json.encode(item): item for item in items}
                times = [at for at in map(self._at, items) if at is not None] if self._newest_first else []
                done = len(listed) == known and not self._pages.told
                if done or (times and min(times) < since):
                    break
        return listed

    def _at(self, item: Any) -> datetime | None:
        """When it came; None of what has no time that reads, which is looked at as the oldest."""
        try:
            found = self._read(self._time(item))
        except (BadPayload, ValueError, OverflowError, LookupError):
            return None
        return found if isinstance(found, datetime) else None


def _read(webhook: Reading, raw: bytes, item: Any, at: datetime) -> Sequence[Inbound]:
    try:
        return webhook.read(item, {}, at)
    except BadPayload as error:
        return [Unreadable(key=f"unreadable:{sha256(raw).hexdigest()[:32]}", slice=raw, reason=error.detail)]


def _moment(cursor: str) -> datetime:
    try:
        return datetime.strptime(cursor, FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise Temporary(f"a cursor that is none of ours: {cursor[:40]!r}") from error
