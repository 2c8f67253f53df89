"""Formatted text as the HTML of a mail: a few elements that every program shows, and no styles."""

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from normalizer.parts import Span, SpanKind, TextPart

ELEMENTS: Mapping[SpanKind, str] = {
    SpanKind.BOLD: "b",
    SpanKind.ITALIC: "i",
    SpanKind.UNDERLINE: "u",
    SpanKind.STRIKE: "s",
    SpanKind.CODE: "code",
    SpanKind.PRE: "tt",
    SpanKind.QUOTE: "i",
    SpanKind.LINK: "a",
}
SCHEMES = ("http://", "https://", "mailto:", "tel:")


def as_html(form: TextPart) -> str:
    """The text between its formatting's bounds, each stretch in the elements that hold there: they need not nest."""
    spans = [span for span in form.spans if span.kind in ELEMENTS and _safe(span)]
    bounds = {0, len(form.text), *(span.offset for span in spans), *(span.offset + span.length for span in spans)}
    within = sorted(bound for bound in bounds if 0 <= bound <= len(form.text))
    pieces = []
    for start, end in pairwise(within):
        holding = [span for span in spans if span.offset <= start and end <= span.offset + span.length]
        text = escape(form.text[start:end], quote=False).replace("\n", "<br>\n")
        opened = "".join(_opened(span) for span in holding)
        closed = "".join(f"</{ELEMENTS[span.kind]}>" for span in reversed(holding))
        pieces.append(f"{opened}{text}{closed}")
    return f'<html><body><div dir="auto">{"".join(pieces)}</div></body></html>'


def _safe(span: Span) -> bool:
    return span.kind is not SpanKind.LINK or bool(span.url and span.url.lower().startswith(SCHEMES))


def _opened(span: Span) -> str:
    element = ELEMENTS[span.kind]
    return f'<{element} href="{escape(span.url)}">' if span.kind is SpanKind.LINK and span.url else f"<{element}>"
