"""How the text of a short message divides into segments, and what a payload costs in a provider's units.

In GSM-7 a segment holds 160 septets, or 153 beside the header that joins several; in UCS-2, 70 or 67 units of 16 bits.
A character of the extension table takes two septets, one beyond the Basic Multilingual Plane two units, and neither is
ever split between segments. Sources: 3GPP TS 23.038 (alphabets) and TS 23.040, 9.2.3.24.1 (joining), read 2026-11.

National language tables, headers with a 16-bit reference and 8-bit data are not known here.
"""

from collections.abc import Iterator
from itertools import islice, pairwise

from normalizer.capability import Capability, Encoding, SegmentLimit
from normalizer.model import Value
from normalizer.payload import Payload

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet: one septet each."""
EXTENSION = frozenset("\f^{}\\[~]|€")
"""Its extension table: two septets each, the first an escape."""
EXPRESSIBLE = GSM7 | EXTENSION
"""Every character of GSM-7."""
SINGLE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
"""What a message of one segment holds, in septets or units of 16 bits."""
JOINED = {Encoding.GSM7: 153, Encoding.UCS2: 67}
"""What each segment of a longer message holds."""


class Segmented(Value, frozen=True, kw_only=True):
    encoding: Encoding
    pieces: tuple[str, ...]
    """The text of each segment, which together are the text; one, empty, for an empty text."""

    @property
    def count(self) -> int:
        return len(self.pieces)


def segments(text: str, only: Encoding | None = None) -> Segmented:
    """The segments of a text, in GSM-7 where that expresses all of it, else, or where `only` says so, in UCS-2.

    Raises nothing: what GSM-7 cannot express is counted in UCS-2 even where only GSM-7 is sent.
    """
    encoding = Encoding.GSM7 if only is not Encoding.UCS2 and EXPRESSIBLE.issuperset(text) else Encoding.UCS2
    if _size(text, encoding) <= SINGLE[encoding]:
        return Segmented(encoding=encoding, pieces=(text,))
    ends = _ends(text, encoding, JOINED[encoding])
    return Segmented(encoding=encoding, pieces=tuple(text[start:end] for start, end in pairwise([0, *ends])))


def cost(payload: Payload, capability: Capability) -> int:
    """How many of the provider's units a payload takes, at least 1: its segments, where the channel counts in segments.

    A payload that carries files is one unit. Raises nothing.
    """
    if capability.segments is None or payload.media:
        return 1
    return segments(payload.text, capability.segments.encoding).count


def reach(text: str, start: int, limit: SegmentLimit) -> int:
    """How many characters of a text, from `start` on, go into one payload; any fewer of them do, too.

    Time is linear in what goes in, not in the text.
    """
    beginning = text[start : start + limit.most * SINGLE[Encoding.GSM7]]
    expressed = 0 if limit.encoding is Encoding.UCS2 else _expressed(beginning)
    narrow = _filled(beginning[:expressed], Encoding.GSM7, limit.most)
    if narrow < expressed or narrow == len(beginning):
        return narrow
    return max(narrow, _filled(beginning, Encoding.UCS2, limit.most))


def _expressed(text: str) -> int:
    """How many characters, from the first, can be written in GSM-7."""
    return next((at for at, character in enumerate(text) if character not in EXPRESSIBLE), len(text))


def _filled(text: str, encoding: Encoding, most: int) -> int:
    """How many characters fill so many segments of one message."""
    size = SINGLE[encoding] if most == 1 else JOINED[encoding]
    return max(islice(_ends(text, encoding, size), most))


def _ends(text: str, encoding: Encoding, size: int) -> Iterator[int]:
    """Where each segment of that size ends."""
    filled = 0
    for at, character in enumerate(text):
        width = _width(character, encoding)
        if filled + width > size:
            yield at
            filled = 0
        filled += width
    yield len(text)


def _width(character: str, encoding: Encoding) -> int:
    wide = character in EXTENSION if encoding is Encoding.GSM7 else character > "\uffff"
    return 2 if wide else 1


def _size(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return len(text) + sum(map(text.count, EXTENSION))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
