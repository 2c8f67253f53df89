"""Delivery status: a lattice, so reports may come in any order and any number of times.

`merge` takes the maximum of (attempt, rank); it is commutative, associative and idempotent. Providers' "sent" is our
`accepted`: the provider took responsibility, no more.
"""

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    """The request may have left; settled by a callback, a key, a look-up or an operator, never by a blind repeat."""
    ACCEPTED = "accepted"
    REROUTED = "rerouted"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"


RANK = {status: rank for rank, status in enumerate(Status)}
OPEN = frozenset({Status.QUEUED, Status.SENDING})
"""What still blocks its successors on the route."""


class Standing(NamedTuple):
    """Where a delivery stands: the nth attempt, and how far it came."""

    attempt: int
    status: Status


def merge(one: Standing, other: Standing) -> Standing:
    """The later of two reports about one delivery, whichever was heard first."""
    return max(one, other, key=lambda standing: (standing.attempt, RANK[standing.status]))
