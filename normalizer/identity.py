"""Who is writing: which identity a message belongs to, and where that identity counts.

Two things are kept apart: `Identity.proof` says how well an address is linked to a contact, the proof of a message says
how well the message is linked to the address. A message that proves nothing never joins a proven history.
"""

from normalizer.inbound import Person
from normalizer.model import PROOF_RANK, Identity, Proof, Value

EVERYWHERE = "*"
SHARED_SCHEMES = frozenset({"tel", "mailto"})
"""Addresses that mean the same person on every connector, once proven."""


class Known(Value, frozen=True, kw_only=True):
    """The sender is somebody we have."""

    identity_id: str
    contact_id: str


class Stranger(Value, frozen=True, kw_only=True):
    """Somebody to be found or made by (scheme, scope, value), with a contact of their own."""

    scheme: str
    scope: str
    value: str
    proof: Proof


def proven(proof: Proof) -> bool:
    """Whether a proof is at least the channel's own word."""
    return PROOF_RANK[proof] >= PROOF_RANK[Proof.CHANNEL]


def scope_of(scheme: str, proof: Proof, connector_id: str) -> str:
    """Where an address counts: `*` for a proven telephone number or e-mail address, else its connector alone."""
    return EVERYWHERE if scheme in SHARED_SCHEMES and proven(proof) else connector_id


def scopes_at(connector_id: str) -> tuple[str, ...]:
    """Every scope an address of a connector may stand in, the proven ones first."""
    return (EVERYWHERE, connector_id, _beside(connector_id))


def resolve(sender: Person, proof: Proof, known: Identity | None, connector_id: str) -> Known | Stranger:
    """Whose message this is, given the identity found under (scheme, `scope_of(…)`, value), if any.

    A message below `channel` proof resolves to an unproven identity only. Where the connector's own scope already holds
    a proven one, the stranger gets a scope beside it (`<connector>:asserted`), so that the two never meet.
    """
    scope = scope_of(sender.address.scheme, proof, connector_id)
    if known is not None and (proven(proof) or not proven(known.proof)):
        return Known(identity_id=known.id, contact_id=known.contact_id)
    if known is not None and known.scope == scope:
        scope = _beside(connector_id)
    return Stranger(scheme=sender.address.scheme, scope=scope, value=sender.address.value, proof=proof)


def _beside(connector_id: str) -> str:
    """Where somebody is who says to be one that is proven, and does not prove it."""
    return f"{connector_id}:{Proof.ASSERTED}"
