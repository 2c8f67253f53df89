"""Names that providers give: what is longer than an index takes is set aside alone, and not with its whole request."""

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from gateway.arrival import Arrival
from normalizer.inbound import IdentityMoved, Inbound, Unreadable

LONGEST = 2000
"""Octets. PostgreSQL's index takes 2704 a row (https://www.postgresql.org/docs/current/btree.html); a Message-ID, the
longest of all real ones, has at most 998 (RFC 5322, section 2.1.1)."""


def bearable(arrival: Arrival) -> Arrival:
    """The arrival, each of its items with names that can be looked up by."""
    if not any(map(_endless, arrival.inbound)):
        return arrival
    inbound = [_aside(item, arrival.raw.body) if _endless(item) else item for item in arrival.inbound]
    return msgspec.structs.replace(arrival, inbound=inbound)


def _endless(item: Inbound) -> bool:
    return any(len(name) * 4 > LONGEST and len(name.encode()) > LONGEST for name in _names(item))


def _names(item: Inbound) -> Iterator[str]:
    yield item.key
    external_id, peer = getattr(item, "external_id", None), getattr(item, "peer", None)
    if external_id is not None:
        yield external_id
    if peer is not None:
        yield peer.person.address.value
        yield peer.thread or ""
    if isinstance(item, IdentityMoved):
        yield item.before.value
        yield item.after.value


def _aside(item: Inbound, body: bytes) -> Unreadable:
    named = sha256(item.key.encode()).hexdigest()
    return Unreadable(key=f"endless:{named}", slice=body, reason=f"a name in it has more than {LONGEST} octets")
