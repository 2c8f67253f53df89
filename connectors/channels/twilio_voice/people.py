"""Who calls, by what Twilio shows of them.

A number is proof of the channel, though caller ids can be forged: where the carrier's attestation failed it is no more
than asserted. A caller without a number is somebody of their own with each call. An app's user is who the app's server
asked a token for.
"""

from typing import Final

from connectors.families.twilio.access import NUMBER
from connectors.kit.errors import BadPayload, Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import Proof

SCHEME: Final = "tel"
CLIENT: Final = "client"
SIP: Final = "sip"
LONGEST: Final = 300
FAILED: Final = "TN-Validation-Failed"
"""How the words of an attestation begin that did not hold (STIR/SHAKEN)."""
SPELT: Final = frozenset({"+266696687", "+7378742833", "+86282452253", "+8656696", "+2562533"})
"""ANONYMOUS, RESTRICTED, UNAVAILABLE, UNKNOWN and BLOCKED on a keypad, which is how some carriers write no number."""


def peer(address: str, call: str, attestation: str = "") -> Peer:
    """Whoever is at an address. Raises BadPayload."""
    if not address or len(address) > LONGEST or not address.isprintable():
        raise BadPayload("no caller")
    scheme, colon, rest = address.partition(":")
    if colon and scheme == CLIENT and rest:
        person = Person(address=Address(scheme=CLIENT, value=address))
        return Peer(person=person, proof=Proof.VERIFIED, contact_ref=rest)
    if NUMBER.fullmatch(address) and address not in SPELT:
        proof = Proof.ASSERTED if attestation.startswith(FAILED) else Proof.CHANNEL
        return Peer(person=Person(address=Address(scheme=SCHEME, value=address)), proof=proof)
    if colon and scheme in (SIP, "sips") and rest:
        return Peer(person=Person(address=Address(scheme=SIP, value=address)), proof=Proof.ASSERTED)
    return Peer(person=Person(address=Address(scheme=SCHEME, value=f"anonymous:{call}")), proof=Proof.ASSERTED)


def recipient(address: Address) -> str:
    """Whom a call of ours goes to. Raises Unreachable."""
    scheme, _, rest = address.value.partition(":")
    if NUMBER.fullmatch(address.value) or (scheme == CLIENT and rest):
        return address.value
    raise Unreachable("neither E.164 nor an app's user", code=ErrorCode.INVALID_ADDRESS)
