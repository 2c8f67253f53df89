"""Text and its formatting to how Slack writes it.

Only `&`, `<` and `>` are escaped; there is no way to escape a star or an underscore. Source:
docs.slack.dev/messaging/formatting-message-text (read 2026-11).
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import quote

from normalizer.parts import Span, SpanKind

MARKS: Final[Mapping[SpanKind, str]] = {
    SpanKind.BOLD: "*",
    SpanKind.ITALIC: "_",
    SpanKind.STRIKE: "~",
    SpanKind.CODE: "`",
    SpanKind.PRE: "```",
}
EXPRESSED: Final = frozenset({*MARKS, SpanKind.LINK})
VERBATIM: Final = frozenset({SpanKind.CODE, SpanKind.PRE})
"""Nothing within them is formatted."""


class _Mark(NamedTuple):
    start: int
    end: int
    opens: str
    closes: str


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def written(text: str, spans: Sequence[Span] = ()) -> str:
    """The text with its formatting; of spans that overlap without one holding the other, the later is left out."""
    out: list[str] = []
    at = 0
    open_marks: list[_Mark] = []
    for mark in _nested(text, spans):
        while open_marks and open_marks[-1].end <= mark.start:
            at = _closed(open_marks.pop(), text, at, out)
        out += [escaped(text[at : mark.start]), mark.opens]
        at = mark.start
        open_marks.append(mark)
    while open_marks:
        at = _closed(open_marks.pop(), text, at, out)
    return "".join([*out, escaped(text[at:])])


def _closed(mark: _Mark, text: str, at: int, out: list[str]) -> int:
    out += [escaped(text[at : mark.end]), mark.closes]
    return mark.end


def _nested(text: str, spans: Sequence[Span]) -> list[_Mark]:
    """Marks in order of their beginnings, each within the one before it or after its end."""
    kept: list[_Mark] = []
    around: list[tuple[int, bool]] = []  # where those still open end, and whether nothing is formatted within
    for span in sorted(spans, key=lambda span: (span.offset, -span.length)):
        start, end = _trimmed(text, span)
        around = [(until, verbatim) for until, verbatim in around if until > start]
        crosses = any(verbatim or until < end for until, verbatim in around)
        if span.kind not in EXPRESSED or end <= start or crosses or (span.kind is SpanKind.LINK and not span.url):
            continue
        kept.append(_mark(span, start, end))
        around.append((end, span.kind in VERBATIM))
    return kept


def _trimmed(text: str, span: Span) -> tuple[int, int]:
    """Without white space at its ends, beside which Slack takes a mark for a character."""
    words = text[span.offset : span.offset + span.length]
    start = span.offset + len(words) - len(words.lstrip())
    return start, start + len(words.strip())


def _mark(span: Span, start: int, end: int) -> _Mark:
    if span.kind is SpanKind.LINK:
        # A bar or an angle bracket in the address would end it.
        address = quote(span.url or "", safe="!#$%&'()*+,/:;=?@[]~-._")
        return _Mark(start, end, f"<{escaped(address)}|", ">")
    return _Mark(start, end, MARKS[span.kind], MARKS[span.kind])
