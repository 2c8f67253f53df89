"""Who is at the other end, by what they are written from.

A number is proof of the channel. A short code means another service in each country, and an alphanumeric name is
whatever its user says, so neither counts beyond its connector.
"""

import re
from typing import Final

from connectors.families.twilio.access import NUMBER
from connectors.kit.errors import BadPayload, Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import Proof

SCHEME: Final = "tel"
CODE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
NAME: Final = re.compile(r"[^\x00-\x1f\x7f:+][^\x00-\x1f\x7f:]{0,10}")
"""Whatever the eleven characters of an alphanumeric sender spell; a colon is in names of other channels."""


def peer(sender: str) -> Peer:
    """Whoever wrote from `sender`, which stays as it is. Raises BadPayload."""
    if not _writes_here(sender):
        channel = sender.partition(":")[0][:32] if ":" in sender else ""
        raise BadPayload(f"a message by {channel}, not by SMS or MMS" if channel else "no sender of an SMS")
    proof = Proof.CHANNEL if NUMBER.fullmatch(sender) else Proof.ASSERTED
    return Peer(person=Person(address=Address(scheme=SCHEME, value=sender)), proof=proof)


def recipient(address: Address) -> str:
    """Raises Unreachable."""
    if not _writes_here(address.value):
        raise Unreachable("neither E.164, a short code nor a name", code=ErrorCode.INVALID_ADDRESS)
    return address.value


def _writes_here(value: str) -> bool:
    return any(kind.fullmatch(value) for kind in (NUMBER, CODE, NAME))
