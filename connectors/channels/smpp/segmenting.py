"""A text as the segments in which it leaves, each with what joins it to the others.

What joins them is a header in the message (8 or 16 bits of reference), optional parameters, or nothing at all where the
carrier takes a long message whole. Source: 3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8; SMPP v3.4, 5.3.2.22-25, 5.3.2.32
(read 2026-11).
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from connectors.channels.smpp import pdu
from connectors.channels.smpp.alphabet import Alphabet, written
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode

Joining = Literal["udh8", "udh16", "sar", "payload"]
SINGLE: Final[Mapping[Alphabet, int]] = {"gsm7": 160, "latin1": 140, "ucs2": 140}
"""Octets on this wire of a message of one segment."""
BESIDE: Final[Mapping[str, Mapping[Alphabet, int]]] = {
    "udh8": {"gsm7": 153, "latin1": 134, "ucs2": 134},
    "udh16": {"gsm7": 152, "latin1": 133, "ucs2": 132},
}
"""Octets of each segment of a longer one, beside the header. With optional parameters the carrier may make the longer
header of them, so they leave as much room."""
UDHI: Final = 0x40
"""In `esm_class`: the message begins with a header."""
MOST: Final = 255


@dataclass(frozen=True)
class Segment:
    octets: bytes
    coding: int
    esm_class: int = 0
    parameters: Mapping[int, bytes] = field(default_factory=dict)


def segments(text: str, alphabet: Alphabet, joining: Joining, reference: int) -> list[Segment]:
    """`reference` has 16 bits and names the message among those to the same reader. Raises Refused."""
    made = written(text, alphabet)
    whole = b"".join(made.pieces)
    if len(whole) <= SINGLE[made.alphabet]:
        return [Segment(whole, made.coding)]
    if joining == "payload":
        return [Segment(b"", made.coding, parameters={pdu.MESSAGE_PAYLOAD: whole})]
    room = BESIDE["udh8" if joining == "udh8" else "udh16"][made.alphabet]
    pieces = _filled(made.pieces, room)
    if len(pieces) > MOST:
        raise Refused(f"more than {MOST} segments", code=ErrorCode.CONTENT_UNSUPPORTED)
    return [
        _joined(piece, made.coding, joining, reference, len(pieces), number) for number, piece in enumerate(pieces, 1)
    ]


def _joined(piece: bytes, coding: int, joining: Joining, reference: int, total: int, number: int) -> Segment:
    match joining:
        case "udh8":
            return Segment(struct.pack(">BBBBBB", 5, 0, 3, reference & 0xFF, total, number) + piece, coding, UDHI)
        case "udh16":
            return Segment(struct.pack(">BBBHBB", 6, 8, 4, reference, total, number) + piece, coding, UDHI)
        case _:
            told = {
                pdu.SAR_REFERENCE: struct.pack(">H", reference),
                pdu.SAR_TOTAL: bytes((total,)),
                pdu.SAR_NUMBER: bytes((number,)),
            }
            return Segment(piece, coding, parameters=told)


def _filled(pieces: Sequence[bytes], room: int) -> list[bytes]:
    found = [bytearray()]
    for piece in pieces:
        if len(found[-1]) + len(piece) > room:
            found.append(bytearray())
        found[-1] += piece
    return [bytes(one) for one in found]
