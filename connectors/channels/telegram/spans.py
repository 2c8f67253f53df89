"""Formatting: Telegram's entities count UTF-16 code units, our spans Unicode code points."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from connectors.channels.telegram.update import Entity
from normalizer.parts import Span, SpanKind

KINDS: Final = {
    "bold": SpanKind.BOLD,
    "italic": SpanKind.ITALIC,
    "underline": SpanKind.UNDERLINE,
    "strikethrough": SpanKind.STRIKE,
    "spoiler": SpanKind.SPOILER,
    "code": SpanKind.CODE,
    "pre": SpanKind.PRE,
    "blockquote": SpanKind.QUOTE,
    "expandable_blockquote": SpanKind.QUOTE,
    "text_link": SpanKind.LINK,
    "url": SpanKind.LINK,
    "email": SpanKind.LINK,
    "mention": SpanKind.MENTION,
    "text_mention": SpanKind.MENTION,
}
"""What is not here (hashtags, commands, custom emoji, …) the text says by itself."""

ENTITIES: Final = {
    SpanKind.BOLD: "bold",
    SpanKind.ITALIC: "italic",
    SpanKind.UNDERLINE: "underline",
    SpanKind.STRIKE: "strikethrough",
    SpanKind.SPOILER: "spoiler",
    SpanKind.CODE: "code",
    SpanKind.PRE: "pre",
    SpanKind.QUOTE: "blockquote",
    SpanKind.LINK: "text_link",
}
"""Mentions are not here: Telegram finds @names itself, and a person without one cannot be named by a bot's entity."""


class Marked(NamedTuple):
    """An entity to be sent; offset and length in UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: str | None
    language: str | None


def spans(text: str, entities: Iterable[Entity]) -> tuple[Span, ...]:
    """Entities of a text as spans; those outside it, empty or of no kind of ours are left out."""
    points = _points(text)
    last = len(points) - 1
    found: list[Span] = []
    for entity in entities:
        kind = KINDS.get(entity.type)
        if kind is None or entity.offset >= last:
            continue
        start, end = points[entity.offset], points[min(entity.offset + entity.length, last)]
        url = _url(entity, text[start:end])
        if end > start and (url is not None or kind is not SpanKind.LINK):
            found.append(Span(kind=kind, offset=start, length=end - start, url=url, language=entity.language))
    return tuple(found)


def marks(text: str, spans: Sequence[Span]) -> list[Marked]:
    """Spans of a text as entities; those Telegram has none for are left out."""
    units = _units(text)
    last = len(units) - 1
    made: list[Marked] = []
    for span in spans:
        kind = ENTITIES.get(span.kind)
        start, end = units[min(span.offset, last)], units[min(span.offset + span.length, last)]
        if kind is None or end <= start or (span.kind is SpanKind.LINK and span.url is None):
            continue
        link = span.url if span.kind is SpanKind.LINK else None
        language = span.language if span.kind is SpanKind.PRE else None
        made.append(Marked(kind, start, end - start, link, language))
    return made


def _points(text: str) -> Sequence[int]:
    """The code point at each UTF-16 offset, and the end."""
    if text.isascii() or max(text) <= "\uffff":
        return range(len(text) + 1)
    points: list[int] = []
    for point, character in enumerate(text):
        points += [point, point] if character > "\uffff" else [point]
    return [*points, len(text)]


def _units(text: str) -> Sequence[int]:
    """The UTF-16 offset of each code point, and the end."""
    if text.isascii() or max(text) <= "\uffff":
        return range(len(text) + 1)
    units = [0]
    for character in text:
        units.append(units[-1] + (2 if character > "\uffff" else 1))
    return units


def _url(entity: Entity, words: str) -> str | None:
    if entity.type == "url":
        return words if "://" in words else f"http://{words}"
    if entity.type == "email":
        return f"mailto:{words}"
    if entity.type == "text_mention" and entity.user is not None:
        return f"tg://user?id={entity.user.id}"
    return entity.url
