"""What a segment says of the message it is a piece of. Source: 3GPP TS 23.040, 9.2.3.24 (read 2026-11). Pure."""

from typing import NamedTuple

from connectors.channels.smpp import pdu
from connectors.channels.smpp.pdu import Short
from connectors.channels.smpp.segmenting import UDHI
from connectors.kit.errors import BadPayload

EIGHT = 0x00
SIXTEEN = 0x08


class Joined(NamedTuple):
    reference: int
    total: int
    number: int


def parted(message: Short) -> tuple[dict[int, bytes], bytes]:
    """The elements of its header, and the text behind it. Raises BadPayload."""
    content = message.content
    if not message.esm_class & UDHI:
        return {}, content
    end = content[0] + 1 if content else 1
    if end > len(content):
        raise BadPayload("a header longer than its message")
    header, elements = content[1:end], {}
    while len(header) >= 2:
        tag, size = header[0], header[1]
        elements[tag], header = header[2 : 2 + size], header[2 + size :]
    return elements, content[end:]


def joined(message: Short) -> Joined | None:
    """None for a message by itself. Raises BadPayload."""
    elements, _ = parted(message)
    if len(short := elements.get(EIGHT, b"")) == 3:
        found = Joined(short[0], short[1], short[2])
    elif len(long := elements.get(SIXTEEN, b"")) == 4:
        found = Joined(int.from_bytes(long[:2], "big"), long[2], long[3])
    else:
        told = [message.parameters.get(tag) for tag in (pdu.SAR_REFERENCE, pdu.SAR_TOTAL, pdu.SAR_NUMBER)]
        numbers = [int.from_bytes(value[:4], "big") for value in told if value]
        if len(numbers) < 3:
            return None
        found = Joined(*numbers)
    return found if 1 < found.total <= 255 and 1 <= found.number <= found.total else None
