"""Long text to pieces that fit, cut where a reader would pause.

Pieces are given as ranges of the text, so that formatting can be cut along. What lies between two pieces, before the
first and after the last is whitespace only; everything else is in exactly one piece, in order. A text that fits is its
own only piece, untouched; a text of nothing but whitespace has none. Time is linear in the text.
"""

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate

from normalizer.capability import TextLimit
from normalizer.graphemes import boundary, last_boundary

ELLIPSIS = "…"

_CLOSERS = "」』】）》〉”’"
_PARAGRAPH = r"(?=\r?\n[^\S\n]*\n)"
_LINE = r"(?=[\n\r\u2028\u2029])"
_SENTENCE = "|".join(
    (
        r"(?<=[.!?…؟।])(?=\s)",
        r"(?<=[.!?…؟।][\"'»”’)\]])(?=\s)",
        rf"(?<=[。！？｡])(?![。！？｡{_CLOSERS}])",
        rf"(?<=[。！？｡][{_CLOSERS}])(?![。！？｡{_CLOSERS}])",
    )
)
_WORD = r"(?=\s)|(?<=[，、；：])"
_BREAKS = tuple(re.compile(pattern) for pattern in (_PARAGRAPH, _LINE, _SENTENCE, _WORD))
"""Paragraph, line, sentence, word. Each matches the empty place where a piece may end, and looks at few characters, so
that no text makes a search slow."""
_SPACE = re.compile(r"\s*")


def size(text: str, unit: str) -> int:
    """How long the provider finds a text: in `code_points`, `utf16` units or (UTF-8) `octets`."""
    if unit == "utf16":
        return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)
    if unit == "octets":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text)


def fits(text: str, limit: TextLimit) -> bool:
    return size(text, limit.unit) <= limit.most


def split(text: str, limit: TextLimit) -> list[str]:
    """The pieces of `cuts`, as texts: none empty, each within the limit."""
    return [text[start:end] for start, end in cuts(text, limit)]


def cuts(text: str, limit: TextLimit) -> list[tuple[int, int]]:
    """The ranges of a text's pieces, ascending.

    A piece ends at the best break in the second half of what fits: paragraph, line, sentence, word; else at a word
    anywhere in it; else between two characters. A character longer than the limit is cut too, as nothing else is left.
    """
    if fits(text, limit):
        return [(0, len(text))] if text.strip() else []
    return list(_pieces(text, _sums(text, limit.unit), limit.most))


def shorten(text: str, limit: TextLimit) -> str:
    """The text, or as much of it as fits with an ellipsis."""
    if fits(text, limit):
        return text
    sums = _sums(text[: limit.most], limit.unit)
    stop = bisect_right(sums, limit.most - size(ELLIPSIS, limit.unit)) - 1
    while not boundary(text, stop):
        stop -= 1
    return text[:stop].rstrip() + ELLIPSIS


def _sums(text: str, unit: str) -> Sequence[int]:
    """At each index the size of the text before it."""
    if unit == "code_points" or text.isascii():
        return range(len(text) + 1)
    if unit == "utf16":
        return [0, *accumulate(1 + (character > "\uffff") for character in text)]
    return [0, *accumulate(1 + (c > "\x7f") + (c > "\u07ff") + (c > "\uffff") for c in text)]


def _pieces(text: str, sums: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    finish = len(text.rstrip())
    start = _next(text, 0)
    while start < finish:
        stop = min(bisect_right(sums, sums[start] + most, lo=start) - 1, finish)
        at = finish if stop == finish else _break(text, start, stop)
        yield start, start + len(text[start:at].rstrip())
        start = _next(text, at)


def _break(text: str, start: int, stop: int) -> int:
    half = start + (stop - start) // 2 + 1
    for pattern in _BREAKS:
        found = _last(pattern, text, start, half, stop)
        if found is not None:
            return found
    found = _last(_BREAKS[-1], text, start, start + 1, half)
    return last_boundary(text, start, stop) if found is None else found


def _last(pattern: re.Pattern[str], text: str, start: int, low: int, high: int) -> int | None:
    """The last match in [low, high] that tears no character; a look ahead sees two characters further."""
    places = (match.start() for match in pattern.finditer(text, low, min(high + 2, len(text))))
    last = deque((at for at in places if at <= high and boundary(text, at, start)), maxlen=1)
    return last[0] if last else None


def _next(text: str, at: int) -> int:
    """Where the next piece starts: after the whitespace, except for a space that carries a combining mark."""
    space = _SPACE.match(text, at)
    after = at if space is None else space.end()
    return after if after == at or boundary(text, after, at) else after - 1
