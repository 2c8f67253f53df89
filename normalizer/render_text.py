"""The text of a message to the texts of its payloads: within the channel's limits, cut where a reader would pause.

Where a channel counts in segments of short messages, typographic characters are written plainly if it declares so and
if that spares UCS-2. Where it sends only GSM-7, what that lacks becomes the nearest character it has, else `?`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

import msgspec

from normalizer.capability import Capability, Encoding, SegmentLimit, TextLimit
from normalizer.graphemes import boundary
from normalizer.model import Loss
from normalizer.parts import TextPart
from normalizer.segments import EXPRESSIBLE, reach, segments
from normalizer.split import cuts, fits

PLAIN: Mapping[str, str] = {
    **dict.fromkeys("“”„‟«»″〝〞", '"'),
    **dict.fromkeys("‘’‚‛‹›′`´", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\t", " "),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
    "…": "...",
    "•": "*",
    "⁄": "/",
}
"""What a typographic character is written as where GSM-7 is to express it."""

_LOST = "?"
_AHEAD = 2
"""How many characters beyond a piece decide whether it may end there."""
_MORE = "."
"""Says, behind those, that the text goes on: without it whitespace there would be its end."""
_SAID = re.compile(r"\S")


def worded(whole: TextPart, capability: Capability) -> tuple[TextPart, list[Loss]]:
    """The text in an alphabet the channel sends, formatting moved along, and what was lost. It still says something."""
    limit = capability.segments
    if limit is None or limit.encoding is Encoding.UCS2 or EXPRESSIBLE.issuperset(whole.text):
        return whole, []
    if limit.encoding is Encoding.GSM7:
        nearest = [_nearest(character) for character in whole.text]
        if whole.text.strip() and not "".join(nearest).strip():
            nearest[-1] = _LOST
        return _rewritten(whole, nearest), [
            Loss(what="characters outside GSM-7", became=f"the nearest in it, or {_LOST}")
        ]
    plain = [PLAIN.get(character, character) for character in whole.text]
    text = "".join(plain)
    if limit.smart and text.strip() and EXPRESSIBLE.issuperset(text):
        return _rewritten(whole, plain), [Loss(what="typographic characters", became="plain ones")]
    return whole, []


def ranges(text: str, capability: Capability) -> list[tuple[int, int]]:
    """The ranges of a text's pieces, ascending, as `split.cuts` gives them, within every limit of the channel."""
    limit, counted = capability.text, capability.segments
    if counted is None:
        return cuts(text, limit)
    if fits(text, limit) and segments(text, counted.encoding).count <= counted.most:
        return [(0, len(text))] if text.strip() else []
    return list(_pieces(text, limit, counted))


def _nearest(character: str) -> str:
    if character in EXPRESSIBLE or character in PLAIN:
        return PLAIN.get(character, character)
    apart = unicodedata.normalize("NFKD", character)
    near = "".join(piece for piece in (PLAIN.get(each, each) for each in apart) if piece in EXPRESSIBLE)
    return near or ("" if unicodedata.combining(character) else _LOST)


def _rewritten(whole: TextPart, written: Sequence[str]) -> TextPart:
    """The text with each character as it is now written."""
    moved = [0, *accumulate(map(len, written))]
    spans = [
        msgspec.structs.replace(span, offset=start, length=end - start)
        for span in whole.spans
        for start, end in [(moved[span.offset], moved[span.offset + span.length])]
        if end > start
    ]
    return TextPart(text="".join(written), spans=tuple(spans))


def _pieces(text: str, limit: TextLimit, counted: SegmentLimit) -> Iterator[tuple[int, int]]:
    finish = len(text.rstrip())
    at = _next(text, 0)
    while at < finish:
        room = min(reach(text, at, counted), limit.most)
        holds = fits(text[at : at + room], limit)
        if holds and at + room >= finish:
            yield at, finish
            return
        seen = at + room + _AHEAD
        window = text[at:seen] + (_MORE if seen < finish else "")
        _, end = cuts(window, TextLimit(most=room) if holds else limit)[0]
        yield at, at + end
        at = _next(text, at + end)


def _next(text: str, at: int) -> int:
    """Where the next piece starts: at something said, or at the space that carries its combining mark."""
    said = _SAID.search(text, at)
    if said is None:
        return len(text)
    return said.start() - (not boundary(text, said.start(), at))
