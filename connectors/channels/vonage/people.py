"""Who is at the other end. Vonage writes numbers without `+`; a name or a code is whatever its user says."""

import re
from typing import Final

from connectors.kit.errors import Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import Proof

NUMBER: Final = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
WHATSAPP_ID: Final = re.compile(r"[A-Z]{2}\.[0-9A-Za-z]{1,128}", re.ASCII)
"""Somebody on WhatsApp who does not show their number (a BSUID)."""
OTHER: Final = re.compile(r"[\x21-\x7e]{1,50}", re.ASCII)
"""An id of Messenger."""


def peer(sender: str, scheme: str, name: str | None) -> Peer:
    number = NUMBER.fullmatch(sender) if scheme == "tel" else None
    address = Address(scheme=scheme, value=f"+{number[1]}" if number else sender)
    proof = Proof.CHANNEL if number or scheme != "tel" else Proof.ASSERTED
    return Peer(person=Person(address=address, name=name or None), proof=proof)


def recipient(address: Address, channel: str) -> str:
    """As Vonage writes it. Raises Unreachable."""
    value = address.value
    number = NUMBER.fullmatch(value)
    if channel == "messenger" and OTHER.fullmatch(value):
        return value
    if channel != "messenger" and number:
        return number[1]
    if channel == "whatsapp" and WHATSAPP_ID.fullmatch(value):
        return value
    raise Unreachable("not an address of this channel", code=ErrorCode.INVALID_ADDRESS)
