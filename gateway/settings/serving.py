"""How an inbox serves, as people write it: hours, languages, targets, texts, emergency words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from gateway.settings.document import Document
from gateway.settings.opening import SCHEMA, read_hours
from gateway.settings.problems import Path, nearest
from gateway.settings.readings import Seconds, read_by
from normalizer.model import Inbox, Priority, Sharing
from normalizer.promise import Notice, Occasion
from normalizer.service import PLACEHOLDER, PLACEHOLDERS

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
MOST_TEXT = 1_000
MOST_WORDS, MOST_WORD = 200, 50
LONGEST_TARGET = 30 * 86_400.0
LIKE_A_PRIORITY = 0.8


def language(value: Any) -> str:
    """Raises ValueError."""
    if not isinstance(value, str) or not LANGUAGE.fullmatch(value):
        raise ValueError("expected a language such as en, zh or pt-BR")
    return value


def text(value: Any) -> str:
    """Raises ValueError."""
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_TEXT:
        raise ValueError(f"expected a text of at most {MOST_TEXT} characters")
    for name in PLACEHOLDER.findall(value):
        if name not in PLACEHOLDERS:
            raise ValueError("the placeholders are {time} and {date}; there are no others in braces")
    return value


def notice_text(value: Any) -> str:
    """Raises ValueError."""
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_TEXT:
        raise ValueError(f"expected a text of at most {MOST_TEXT} characters")
    return value.strip()


def moment(value: Any) -> datetime:
    """RFC 3339, with its offset; in UTC. Raises ValueError."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError("expected a moment with its offset, such as 2026-12-24T18:00:00Z or 2026-12-24T18:00:00+08:00")
    return found.astimezone(UTC)


def word(value: Any) -> str:
    """Raises ValueError."""
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_WORD:
        raise ValueError(f"expected a word or a few, of at most {MOST_WORD} characters")
    return value.strip()


def share(value: Any) -> float:
    """Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ValueError("expected a share between 0 and 1, such as 0.8")
    return float(value)


Hours = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="tz: Europe/Berlin, mon-fri: 9:00-17:00; also sat, dates, holidays, channels.",
        extra_json_schema=SCHEMA,
    ),
]
Language = Annotated[str, read_by(language, "A language such as en, zh or pt-BR.")]
Text = Annotated[str, read_by(text, "What is said; {time} and {date} are filled in.")]
Word = Annotated[str, read_by(word, "A word, or a few.")]
NoticeText = Annotated[str, read_by(notice_text, "What is shown, as it stands.")]
Moment = Annotated[datetime, read_by(moment, "A moment such as 2026-12-24T18:00:00Z, or 2026-12-24T18:00:00+08:00.")]
Share = Annotated[float, read_by(share, "A share between 0 and 1.")]


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an inbox says by itself, by language: {en: "…", zh: "…"}."""

    closed: dict[str, Text] = {}
    """Outside opening hours; {time} and {date} are those of the next opening."""
    expected: dict[str, Text] = {}
    """When a customer begins to wait; {time} and {date} say until when an answer is due."""
    emergency: dict[str, Text] = {}
    """When an emergency is raised; likewise."""


class NoticeEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the chat shows on its own, such as a disturbance. `from` and `until` may each be left out."""

    text: dict[str, NoticeText]
    """By language: {en: "…", zh: "…"}."""
    from_: Moment | None = msgspec.field(default=None, name="from")
    """From when on; left out: at once."""
    until: Moment | None = None
    """Until when; left out: as long as it stands here."""


class InboxEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A brand: the connectors that share conversations."""

    sharing: Sharing = Sharing.CONTACT
    """What shares one open conversation: everything of a contact, of an address, or of one route."""
    reopen_within: Seconds = 0.0
    """How long after closing a new message reopens the case."""
    hours: Hours = {}
    """When somebody is there: `tz`, days such as `mon-fri: "9:00-21:00"`, dates, `holidays`, and `channels` with days
    of their own. Left out: always."""
    languages: tuple[Language, ...] = ()
    """What is spoken here; the first is for whoever speaks none of them."""
    targets: dict[str, Seconds] = {}
    """How soon an answer is due, by channel (`chat: 30s`) and priority (`emergency: 1m`), in opening hours."""
    remind: Share = 0.8
    """The share of a target after which `reply.due` reminds of it."""
    texts: Texts = Texts()
    """What is said by itself, by language: `closed`, `expected`, `emergency`."""
    notice: NoticeEntry | None = None
    """What the chat shows on its own: `text` by language, `from`, `until`."""
    emergency_words: tuple[Word, ...] = ()
    """What makes a message an emergency; none unless named."""


def inbox_of(document: Document, name: str, entry: InboxEntry) -> Inbox:
    """The inbox of an entry; what is wrong with it is noted in the document."""
    path = ("inboxes", name)
    hours, channel_hours = read_hours(document, (*path, "hours"), entry.hours)
    _check_channels(document, (*path, "hours", "channels"), channel_hours)
    _check_targets(document, (*path, "targets"), entry.targets)
    texts = {occasion: getattr(entry.texts, occasion) for occasion in Occasion if getattr(entry.texts, occasion)}
    for occasion, by_language in texts.items():
        _check_languages(document, (*path, "texts", occasion), by_language, entry.languages)
    notice = _notice(document, (*path, "notice"), entry) if entry.notice else None
    if len(entry.emergency_words) > MOST_WORDS:
        document.report((*path, "emergency_words"), f"{MOST_WORDS} words at most")
    return Inbox(
        id=name,
        sharing=entry.sharing,
        reopen_within=round(entry.reopen_within),
        hours=hours,
        channel_hours=channel_hours,
        languages=entry.languages,
        texts=texts,
        targets=entry.targets,
        remind=entry.remind,
        notice=notice,
        emergency_words=entry.emergency_words,
    )


def _notice(document: Document, path: Path, entry: InboxEntry) -> Notice:
    said = entry.notice
    assert said is not None
    if said.text:
        _check_languages(document, (*path, "text"), said.text, entry.languages)
    else:
        document.report((*path, "text"), 'expected a text by language, such as {en: "…"}')
    if said.from_ and said.until and said.until <= said.from_:
        document.report((*path, "until"), "is not after from")
    return Notice(texts=said.text, since=said.from_, until=said.until)


def _check_channels(document: Document, path: Path, named: Mapping[str, object]) -> None:
    for channel in named:
        if not CHANNEL.fullmatch(channel):
            document.report((*path, channel), "expected a channel such as chat, email or voice", at_key=True)


def _check_targets(document: Document, path: Path, targets: Mapping[str, float]) -> None:
    for name, seconds in targets.items():
        meant = nearest(name, [str(priority) for priority in Priority], cutoff=LIKE_A_PRIORITY)
        if not CHANNEL.fullmatch(name) or (meant and meant != name):
            message = "expected a channel such as chat, or a priority such as emergency"
            document.report((*path, name), message, nearest=meant, at_key=True)
        elif not 0 < seconds <= LONGEST_TARGET:
            document.report((*path, name), "expected more than 0 and at most 30d")


def _check_languages(document: Document, path: Path, texts: Mapping[str, str], languages: tuple[str, ...]) -> None:
    for name in texts:
        if not LANGUAGE.fullmatch(name):
            document.report((*path, name), "expected a language such as en, zh or pt-BR", at_key=True)
    if languages and not any(languages[0] == name or languages[0].startswith(f"{name}-") for name in texts):
        document.report(path, f"has no text in {languages[0]}, the first of languages, which stands in for the others")
