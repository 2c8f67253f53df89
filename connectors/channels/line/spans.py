"""Mentions: LINE counts UTF-16 code units, our spans Unicode code points."""

from collections.abc import Iterable, Sequence

from connectors.channels.line.event import Mentionee
from normalizer.parts import Span, SpanKind


def mentions(text: str, mentionees: Iterable[Mentionee]) -> tuple[Span, ...]:
    """Whoever is named in a text as spans; what lies outside it or is empty is left out."""
    points = _points(text)
    last = len(points) - 1
    found: list[Span] = []
    for one in mentionees:
        start, end = points[min(one.index, last)], points[min(one.index + one.length, last)]
        if end > start:
            found.append(Span(kind=SpanKind.MENTION, offset=start, length=end - start))
    return tuple(found)


def _points(text: str) -> Sequence[int]:
    """The code point at each UTF-16 offset, and the end."""
    if text.isascii() or max(text) <= "\uffff":
        return range(len(text) + 1)
    points: list[int] = []
    for point, character in enumerate(text):
        points += [point, point] if character > "\uffff" else [point]
    return [*points, len(text)]
