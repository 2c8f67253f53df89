"""Opening hours as people write them: `{tz: Asia/Shanghai, mon-fri: "9:00-21:00", holidays: ["2026-12-25"]}`.

Days that are not named are closed; with no day named at all it is open day and night. A date has hours of its own as a
day has. A channel under `channels` has its own days, and takes zone, holidays and dates from the inbox.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from gateway.settings.document import Document
from gateway.settings.problems import Path, nearest
from normalizer.hours import ALL_DAY, Hours, Span, SpecialDay, zone_named
from normalizer.opening import DAY_KEY, DAYS, EXPECTED, days_of, spans

SPECIAL_KEYS = ("tz", "holidays", "channels")
_DATE_KEY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST = 1_000
"""Dates in one list of hours."""
_SPANS = {"type": "string", "description": EXPECTED}
_DATE = {"type": "string", "pattern": f"^{_DATE_KEY.pattern}$"}
_PLAIN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tz": {"type": "string", "description": "The zone of the clock on the wall, such as Europe/Berlin."},
        "holidays": {"type": "array", "items": _DATE, "description": "Dates on which it is closed all day."},
    },
    "patternProperties": {f"^{DAY_KEY.pattern}$": _SPANS, f"^{_DATE_KEY.pattern}$": _SPANS},
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    **_PLAIN,
    "properties": {**_PLAIN["properties"], "channels": {"type": "object", "additionalProperties": _PLAIN}},
}


@dataclass
class _Written:
    """What one mapping of hours says, as far as it could be read."""

    tz: str | None
    week: dict[int, tuple[Span, ...]]
    special: dict[date, tuple[Span, ...]]


def read_hours(document: Document, path: Path, value: Mapping[str, Any]) -> tuple[Hours | None, dict[str, Hours]]:
    """An inbox's hours and those of channels; what is wrong is noted in the document."""
    if not value:
        return None, {}
    written = _Reading(document, path).mapping(value)
    if written.tz is None and (*path, "tz") not in document.broken and value.get("tz") is None:
        document.report((*path, "tz"), "missing; it is the zone of these hours, such as Europe/Berlin")
    base = _hours(document, path, written)
    channels = value.get("channels") or {}
    if not isinstance(channels, dict):
        document.report((*path, "channels"), 'expected a mapping such as {voice: {mon-fri: "9:00-18:00"}}')
        return base, {}
    return base, {name: _channel(document, (*path, "channels", name), each, written) for name, each in channels.items()}


def _channel(document: Document, path: Path, value: Any, inbox: _Written) -> Hours:
    if not isinstance(value, dict) or not value:
        document.report(path, 'expected hours such as {mon-fri: "9:00-18:00"}')
        return Hours(tz="UTC")
    own = _Reading(document, path).mapping(value, channel=True)
    merged = _Written(own.tz or inbox.tz, own.week or inbox.week, inbox.special | own.special)
    return _hours(document, path, merged)


def _hours(document: Document, path: Path, written: _Written) -> Hours:
    special = tuple(SpecialDay(on, spans) for on, spans in sorted(written.special.items()))
    tz = written.tz or "UTC"
    if not written.week:
        return Hours(tz=tz, special=special)
    week = tuple(written.week.get(day, ()) for day in range(7))
    if not any(week) and not any(day.spans for day in special):
        document.report(path, 'never open; name a day and its times, such as mon-fri: "9:00-21:00"')
    return Hours(tz=tz, week=week, special=special)


class _Reading:
    """One mapping of hours, key by key."""

    def __init__(self, document: Document, path: Path) -> None:
        self._document = document
        self._path = path
        self._by: dict[int | date, Path] = {}
        """Where something was said of a day."""

    def mapping(self, value: Mapping[str, Any], *, channel: bool = False) -> _Written:
        written = _Written(None, {}, {})
        for key, said in value.items():
            if (*self._path, key) in self._document.broken:
                continue
            if key == "tz":
                written.tz = self._zone(said)
            elif key == "holidays":
                self._holidays(said, written)
            elif key == "channels" and not channel:
                continue
            elif days := days_of(key):
                spans = self._spans(key, said)
                written.week.update({day: spans for day in days if self._once((key,), day, DAYS[day])})
            elif _DATE_KEY.fullmatch(key):
                if (on := self._date((key,), key)) and self._once((key,), on, key):
                    written.special[on] = self._spans(key, said)
            else:
                known = [*DAYS, "mon-fri", *(SPECIAL_KEYS[:2] if channel else SPECIAL_KEYS)]
                message = "neither a day such as mon or mon-fri, nor a date such as 2026-12-24"
                self._report((key,), message, hint=nearest(key, known), at_key=True)
        return written

    def _report(self, rest: Path, message: str, *, hint: str | None = None, at_key: bool = False) -> None:
        self._document.report((*self._path, *rest), message, nearest=hint, at_key=at_key)

    def _zone(self, said: Any) -> str | None:
        if not isinstance(said, str) or zone_named(said) is None:
            hint = nearest(str(said), available_timezones())
            self._report(("tz",), "not a zone of the IANA's, such as Europe/Berlin", hint=hint)
            return None
        return said

    def _holidays(self, said: Any, written: _Written) -> None:
        if not isinstance(said, list) or len(said) > MOST:
            self._report(("holidays",), f'expected a list of at most {MOST} dates such as ["2026-12-25"]')
            return
        for index, each in enumerate(said):
            rest = ("holidays", index)
            if (on := self._date(rest, each)) and self._once(rest, on, str(on)):
                written.special[on] = ()

    def _date(self, rest: Path, said: Any) -> date | None:
        try:
            if isinstance(said, str) and _DATE_KEY.fullmatch(said):
                return date.fromisoformat(said)
        except ValueError:
            pass  # a month has no such day: told below, like every other word that is no date
        self._report(rest, "expected a date such as 2026-12-25", at_key=rest[0] != "holidays")
        return None

    def _once(self, rest: Path, day: int | date, name: str) -> bool:
        first = self._by.setdefault(day, rest)
        if first != rest:
            self._report(rest, f"{name} is in {first[0]} already; say it once", at_key=len(rest) == 1)
        return first == rest

    def _spans(self, key: str, said: Any) -> tuple[Span, ...]:
        try:
            return spans(said)
        except ValueError as error:
            self._report((key,), str(error))
            return ALL_DAY
