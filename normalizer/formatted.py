"""Text with its formatting: joined, put into words where a channel lacks it, cut along with the text."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

import msgspec

from normalizer.model import Loss
from normalizer.parts import Part, Span, SpanKind, TextPart

BECAME = {SpanKind.LINK: "label (url)"}
"""What formatting turns into; the rest is plain text."""


def formatted(text: str, parts: Iterable[Part]) -> TextPart:
    """The formatted form of a message's text: its text parts if it has any, else the text as it stands."""
    forms = [part for part in parts if isinstance(part, TextPart)]
    return joined(forms, "\n") if forms else TextPart(text=text)


def joined(texts: Sequence[TextPart], separator: str) -> TextPart:
    """One text of several, formatting moved along. Stretches outside their text are cut to it."""
    starts = accumulate((len(part.text) + len(separator) for part in texts), initial=0)
    spans = [
        msgspec.structs.replace(span, offset=span.offset + start)
        for part, start in zip(texts, starts, strict=False)
        for span in _within(part)
    ]
    return TextPart(text=separator.join(part.text for part in texts), spans=tuple(spans))


def expressed(whole: TextPart, able: frozenset[SpanKind]) -> tuple[TextPart, list[Loss]]:
    """The text with only the formatting a channel is able to show, links spelled out, and what was lost."""
    if not whole.spans:
        return whole, []
    spans = _within(whole)
    kept = [span for span in spans if span.kind in able]
    dropped = [span for span in spans if span.kind not in able]
    spelled = {(span.offset + span.length, span.url) for span in dropped if _needs_spelling(whole.text, span)}
    text, moved = _inserted(whole.text, kept, sorted((at, f" ({url})") for at, url in spelled))
    kinds = dict.fromkeys(span.kind for span in dropped)
    losses = [Loss(what=f"{kind} formatting", became=BECAME.get(kind, "plain text")) for kind in kinds]
    return TextPart(text=text, spans=tuple(moved)), losses


def along(spans: Sequence[Span], ranges: Sequence[tuple[int, int]]) -> list[tuple[Span, ...]]:
    """The formatting of each range of a text, offsets counted from the range's start."""
    pieces: list[list[Span]] = [[] for _ in ranges]
    ends = [end for _, end in ranges]
    for span in spans:
        stop = span.offset + span.length
        for n in range(bisect_right(ends, span.offset), len(ranges)):
            start, end = ranges[n]
            if start >= stop:
                break
            first = max(span.offset, start)
            pieces[n].append(
                msgspec.structs.replace(span, offset=first - start, length=min(stop, end) - first),
            )
    return [tuple(piece) for piece in pieces]


def _within(part: TextPart) -> list[Span]:
    """The spans inside their text, each once, none empty."""
    if not part.spans:
        return []
    whole = ((0, len(part.text)),)
    return [span for span in along(tuple(dict.fromkeys(part.spans)), whole)[0] if span.length > 0]


def _needs_spelling(text: str, span: Span) -> bool:
    label = text[span.offset : span.offset + span.length]
    return span.kind is SpanKind.LINK and bool(span.url) and label.strip() != span.url


def _inserted(text: str, spans: Sequence[Span], insertions: Sequence[tuple[int, str]]) -> tuple[str, list[Span]]:
    """The text with words inserted; a span grows by what is inserted inside it and moves by what is before it."""
    if not insertions:
        return text, list(spans)
    places = [at for at, _ in insertions]
    pushed = [0, *accumulate(len(words) for _, words in insertions)]
    bounds = zip([0, *places], [*places, len(text)], [*(words for _, words in insertions), ""], strict=True)
    moved = [_moved(span, places, pushed) for span in spans]
    return "".join(text[start:stop] + words for start, stop, words in bounds), moved


def _moved(span: Span, places: Sequence[int], pushed: Sequence[int]) -> Span:
    offset = span.offset + pushed[bisect_right(places, span.offset)]
    # What is inserted exactly at the end stays outside.
    stop = span.offset + span.length
    return msgspec.structs.replace(span, offset=offset, length=stop + pushed[bisect_right(places, stop - 1)] - offset)
