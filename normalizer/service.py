"""What a customer may expect: until when an answer is due, and in which words it is said. Pure; times given are UTC.

An inbox says how soon it answers, by channel and by priority, counted in its opening hours. An emergency is counted by
the clock on the wall, open or not, and has a target also where none is set.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from normalizer.hours import Hours, add_open_time, next_opening
from normalizer.model import Inbox, Priority, Value
from normalizer.promise import Occasion

EMERGENCY_TARGET = 60.0
"""Seconds, where an inbox does not say."""
MOST_LOOKED_AT = 4_000
"""Characters of a message in which emergency words are looked for."""
LONGEST_LOCALE = 35
"""Characters. Source: https://www.rfc-editor.org/rfc/rfc5646#section-4.4.1 (read 2026-11)."""
PLACEHOLDERS = frozenset({"time", "date"})
"""What a text may hold in braces."""
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ISO, DAY_FIRST = "{y}-{m:02}-{d:02}", "{d:02}/{m:02}/{y}"
DATES: Mapping[str, str] = {
    "de": "{d}.{m}.{y}",
    "en": "{d} {month} {y}",
    "es": DAY_FIRST,
    "fr": DAY_FIRST,
    "id": DAY_FIRST,
    "it": DAY_FIRST,
    "ja": "{m}月{d}日",
    "ko": "{m}월 {d}일",
    "ms": DAY_FIRST,
    "pt": DAY_FIRST,
    "zh": "{m}月{d}日",
}
"""How a language writes a date, where it is not as ISO 8601 has it."""


class Expected(Value, frozen=True, kw_only=True):
    """When an answer to a message is due."""

    at: datetime
    remind_at: datetime
    """When the inbox's share of the target is over."""
    target: float
    """Seconds of opening hours; of an emergency, of the clock on the wall."""
    open: bool
    opens_at: datetime | None
    """The next opening; the time asked of where it is open, None where it never opens."""


class Wording(Value, frozen=True, kw_only=True):
    """A text in one of the languages it stands in, its placeholders as they are."""

    language: str
    text: str


def hours_of(inbox: Inbox, channel: str) -> Hours | None:
    """A channel's own hours, else the inbox's; None: always open."""
    return inbox.channel_hours.get(channel, inbox.hours)


def zone_of(inbox: Inbox) -> tzinfo:
    """By which an inbox's days are counted."""
    return ZoneInfo(inbox.hours.tz if inbox.hours else "UTC")


def target_of(inbox: Inbox, channel: str, priority: Priority) -> float | None:
    """How soon an answer is due, in seconds; None: nothing is promised.

    A priority's own target stands before the channel's; but what is urgent never waits longer than anything else there.
    """
    usual = inbox.targets.get(channel, inbox.targets.get(Priority.NORMAL))
    if priority is Priority.NORMAL:
        return usual
    own = inbox.targets.get(priority, EMERGENCY_TARGET if priority is Priority.EMERGENCY else None)
    if own is None or usual is None:
        return usual if own is None else own
    return own if priority is Priority.BULK else min(own, usual)


def expect(inbox: Inbox, channel: str, priority: Priority, at: datetime) -> Expected | None:
    """When a message that comes now is to be answered; None where nothing is promised, or it never opens."""
    target = target_of(inbox, channel, priority)
    if target is None:
        return None
    hours = hours_of(inbox, channel)
    opens_at = next_opening(hours, at)
    counted = None if priority is Priority.EMERGENCY else hours
    due_at = add_open_time(counted, at, timedelta(seconds=target))
    remind_at = add_open_time(counted, at, timedelta(seconds=target * inbox.remind))
    if due_at is None or remind_at is None:
        return None
    return Expected(at=due_at, remind_at=remind_at, target=target, open=opens_at == at, opens_at=opens_at)


def is_emergency(inbox: Inbox, text: str) -> bool:
    """Whether the beginning of a text has one of the inbox's emergency words, in any case."""
    words = inbox.emergency_words
    return bool(words) and _any_of(words).search(text[:MOST_LOOKED_AT].casefold()) is not None


def wording(inbox: Inbox, occasion: Occasion, locales: Sequence[str | None]) -> Wording | None:
    """The text for an occasion in the first language of these, then of the inbox's, that it stands in; else in any.

    `zh-Hant-TW` is looked for also as `zh-Hant` and `zh`.
    """
    return _in(inbox.texts.get(occasion), (*locales, *inbox.languages))


def notice_at(inbox: Inbox, at: datetime) -> Mapping[str, str] | None:
    """The inbox's notice by language, where it has one at that time: from its first moment until before its last."""
    notice = inbox.notice
    if notice is None or (notice.since and at < notice.since) or (notice.until and at >= notice.until):
        return None
    return notice.texts


def noticed(inbox: Inbox, at: datetime, locales: Sequence[str | None]) -> str | None:
    """The inbox's notice of that time in the words `wording` would choose."""
    found = _in(notice_at(inbox, at), (*locales, *inbox.languages))
    return found.text if found else None


def _in(texts: Mapping[str, str] | None, locales: Sequence[str | None]) -> Wording | None:
    """The text in the first language of these that it stands in; else in any."""
    if not texts:
        return None
    known = {language.casefold(): language for language in texts}
    wanted = [name for locale in locales if locale for name in _wider(locale)]
    language = next((known[name] for name in wanted if name in known), next(iter(texts)))
    return Wording(language=language, text=texts[language])


def filled(said: Wording, at: datetime, zone: tzinfo) -> str:
    """The text with `{time}` and `{date}` of a moment, on the wall clock of a zone."""
    there = at.astimezone(zone)
    pattern = DATES.get(said.language.partition("-")[0].casefold(), ISO)
    date = pattern.format(y=there.year, m=there.month, d=there.day, month=MONTHS[there.month - 1])
    values = {"time": f"{there.hour}:{there.minute:02}", "date": date}
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), said.text)


def _wider(locale: str) -> list[str]:
    """A locale and what it is a kind of: `zh-hant-tw`, `zh-hant`, `zh`."""
    pieces = locale[:LONGEST_LOCALE].replace("_", "-").casefold().split("-")
    return ["-".join(pieces[:count]) for count in range(len(pieces), 0, -1)]


@lru_cache(maxsize=64)
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_alone(word.casefold()) for word in words))


def _alone(word: str) -> str:
    """Matches a word that is no part of another. Scripts without capital letters mostly write words together."""
    before = r"(?<!\w)" if _ends_words(word[0]) else ""
    after = r"(?!\w)" if _ends_words(word[-1]) else ""
    return f"{before}{re.escape(word)}{after}"


def _ends_words(letter: str) -> bool:
    return letter.isdigit() or letter.upper() != letter.lower()
