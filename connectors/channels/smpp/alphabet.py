"""Text as the octets of a short message, and back, by its data coding.

GSM-7 goes unpacked, a character an octet. Source: SMPP v3.4, 5.2.19; 3GPP TS 23.038, 6.2.1 (read 2026-11). Packed
GSM-7 and national language tables are not known here.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from normalizer.segments import EXPRESSIBLE

Alphabet = Literal["gsm7", "latin1", "ucs2"]
BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE: Final = 0x1B
EXTENSION: Final[Mapping[int, str]] = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_OCTETS: Final[Mapping[str, bytes]] = {
    **{character: bytes((at,)) for at, character in enumerate(BASIC) if at != ESCAPE},
    **{character: bytes((ESCAPE, at)) for at, character in EXTENSION.items()},
}
BINARY: Final = frozenset({2, 4})
DEFAULT: Final = 0


class Written(NamedTuple):
    """How a text goes out."""

    alphabet: Alphabet
    coding: int
    pieces: tuple[bytes, ...]
    """The octets of each character, which are never parted."""


def written(text: str, wanted: Alphabet) -> Written:
    """In the wanted alphabet where that expresses all of it, else in UCS-2."""
    if wanted == "gsm7" and EXPRESSIBLE.issuperset(text):
        return Written("gsm7", DEFAULT, tuple(_OCTETS[character] for character in text))
    if wanted == "latin1" and all(character <= "\xff" for character in text):
        return Written("latin1", 3, tuple(character.encode("latin-1") for character in text))
    return Written("ucs2", 8, tuple(character.encode("utf-16-be", "replace") for character in text))


def gsm7(octets: bytes) -> str:
    """What is beyond seven bits is taken for Latin-1: some carriers mix them."""
    found: list[str] = []
    escaped = False
    for octet in octets:
        if escaped:
            found.append(EXTENSION.get(octet, BASIC[octet] if octet < len(BASIC) else chr(octet)))
            escaped = False
        elif octet == ESCAPE:
            escaped = True
        else:
            found.append(BASIC[octet] if octet < len(BASIC) else chr(octet))
    return "".join(found)


def _named(codec: str) -> Callable[[bytes], str]:
    return lambda octets: octets.decode(codec, "replace")


READERS: Final[Mapping[int, Callable[[bytes], str]]] = {
    1: _named("ascii"),
    3: _named("latin-1"),
    6: _named("iso8859_5"),
    7: _named("iso8859_8"),
    8: _named("utf-16-be"),
}
"""By data coding, but for the carrier's own default."""


def read(octets: bytes, coding: int, default: Alphabet) -> str | None:
    """None where it is no text, or in an alphabet not known here."""
    if coding & 0xF0 == 0xF0:  # a message class: bit 2 says 8-bit data, else the default alphabet
        return None if coding & 0x04 else gsm7(octets)
    if coding == DEFAULT:
        return {"gsm7": gsm7, "latin1": READERS[3], "ucs2": READERS[8]}[default](octets)
    reader = READERS.get(coding)
    return reader(octets) if reader else None
