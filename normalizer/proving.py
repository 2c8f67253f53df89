"""What is proof that two addresses are one person's: a signed-in user's claims, and a code that came back.

An address that is merely asserted proves nothing, and nothing is proved to it.
"""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from normalizer.identity import proven, scope_of
from normalizer.inbound import Claim, Peer
from normalizer.model import PROOF_RANK, Identity, Proof, Time, Value

MOST_CLAIMS = 8
"""Of one message; what is more is not looked at."""
DIGITS = 6
ATTEMPTS = 5
"""Wrong codes until a verification has failed: one guess in 200,000 succeeds."""
LASTS = 15 * 60
"""Seconds for which a code is awaited."""
MOST_SPOKEN = 24
"""Characters of a message that may be nothing but a code."""
BETWEEN = " -\u00a0\u202f\u2009\u2013"


class Raise(Value, frozen=True, kw_only=True):
    """An identity of the contact is better proven than it was."""

    identity: Identity


class Make(Value, frozen=True, kw_only=True):
    """The contact has an identity that nobody had."""

    scheme: str
    scope: str
    value: str
    proof: Proof


class Join(Value, frozen=True, kw_only=True):
    """The contact is one person with another."""

    contact_id: str
    why: str


class LinkState(StrEnum):
    PENDING = "pending"
    """A code is awaited."""
    PASSED = "passed"
    FAILED = "failed"
    EXPIRED = "expired"


class Link(Value, frozen=True, kw_only=True):
    """A contact's wish to be known by another address too, and how far its proof is."""

    id: str
    contact_id: str
    connector: str
    """Where the code was sent …"""
    scheme: str
    address: str
    """… and to whom."""
    state: LinkState
    attempts_left: int
    message_id: str
    """The message that carries the code; it shows dots."""
    created_at: Time
    expires_at: Time


class Verdict(StrEnum):
    PASSED = "passed"
    WRONG = "wrong"
    SPENT = "spent"
    """Wrong once too often."""
    EXPIRED = "expired"


def counted(peer: Peer) -> tuple[Claim, ...]:
    """The claims of a peer that prove something: none of somebody whose own address is only asserted."""
    if not proven(peer.proof):
        return ()
    return tuple(dict.fromkeys(claim for claim in peer.claims if proven(claim.proof)))[:MOST_CLAIMS]


def scope_claimed(claim: Claim, connector_id: str) -> str:
    """Where a claimed address counts."""
    return claim.scope or scope_of(claim.scheme, claim.proof, connector_id)


def consequence(contact_id: str, claim: Claim, scope: str, found: Identity | None) -> Raise | Make | Join | None:
    """What a claim that counts makes of the identity found at its address; None where it says nothing new.

    An identity below `channel` proof is never joined: whoever wrote under it may be anybody.
    """
    if found is None:
        return Make(scheme=claim.scheme, scope=scope, value=claim.value, proof=claim.proof)
    if not proven(found.proof):
        return None
    if found.contact_id != contact_id:
        return Join(contact_id=found.contact_id, why=f"the signed-in user's {claim.scheme} is theirs")
    if PROOF_RANK[claim.proof] > PROOF_RANK[found.proof]:
        return Raise(identity=msgspec.structs.replace(found, proof=claim.proof))
    return None


def spoken_code(text: str) -> str | None:
    """The code a message consists of, in ASCII digits; None for one that is anything else."""
    if not DIGITS <= len(text) <= MOST_SPOKEN or unicodedata.digit(text.lstrip()[:1] or "-", None) is None:
        return None
    digits = [unicodedata.digit(letter, None) for letter in text.strip() if letter not in BETWEEN]
    if len(digits) != DIGITS or None in digits:
        return None
    return "".join(map(str, digits))


def masked(text: str, codes: Iterable[str]) -> str:
    """The text with dots in the place of each code."""
    for code in codes:
        text = text.replace(code, "•" * len(code))
    return text


def judged(attempts: int, expires_at: datetime, at: datetime, *, right: bool) -> Verdict:
    """What a code that came back at `at` makes of a verification with so many wrong ones before."""
    if at >= expires_at:
        return Verdict.EXPIRED
    if attempts >= ATTEMPTS:
        return Verdict.SPENT
    if right:
        return Verdict.PASSED
    return Verdict.SPENT if attempts + 1 >= ATTEMPTS else Verdict.WRONG
