"""A payload as the `submit_sm` it leaves by. What a short message cannot hold is refused rather than left out."""

import struct
from collections.abc import Sequence
from hashlib import sha256

from connectors.channels.smpp.config import CODE, NUMBER, Config
from connectors.channels.smpp.pdu import Party, Short
from connectors.channels.smpp.segmenting import segments
from connectors.kit.base import Outbound
from connectors.kit.errors import Refused, Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address

ALWAYS = 0x01
"""In `registered_delivery`: a receipt of whatever becomes of it."""
ON_FAILURE = 0x02


def submits(outbound: Outbound, config: Config) -> list[Short]:
    """One for each segment, in order. Raises Refused, Unreachable.

    Of a message of several only the last one's delivery is asked for, and the failure of any: the first that arrives
    says nothing of the whole.
    """
    payload = outbound.payload
    if not payload.text or payload.media or payload.location or payload.contact_card or payload.cards:
        raise Refused("a short message carries text only", code=ErrorCode.CONTENT_UNSUPPORTED)
    destination = _destination(outbound.address, config)
    made = segments(payload.text, config.alphabet, config.long, reference(outbound.token))
    return [
        Short(
            source=config.source(),
            destination=destination,
            esm_class=segment.esm_class,
            registered_delivery=_asked(config, last=number == len(made)),
            data_coding=segment.coding,
            message=segment.octets,
            service_type=config.service_type,
            parameters=segment.parameters,
        )
        for number, segment in enumerate(made, 1)
    ]


def reference(token: str) -> int:
    """Of the segments of one message: the same whenever it is tried, so that a repeated segment joins its first."""
    (number,) = struct.unpack(">H", sha256(token.encode()).digest()[:2])
    return int(number)


def shown(messages: Sequence[Short]) -> bytes:
    """For the exchange log."""
    one = messages[0]
    head = f"to={one.destination.number} from={one.source.number} coding={one.data_coding} segments={len(messages)}\n"
    return head.encode() + b"".join(message.content for message in messages)


def _asked(config: Config, *, last: bool) -> int:
    return 0 if not config.receipts else ALWAYS if last else ON_FAILURE


def _destination(address: Address, config: Config) -> Party:
    if NUMBER.fullmatch(address.value):
        return Party(config.destination_ton, config.destination_npi, config.written(address.value))
    if CODE.fullmatch(address.value):
        return Party(3, 0, address.value)
    raise Unreachable("neither E.164 nor a short code", code=ErrorCode.INVALID_ADDRESS)
