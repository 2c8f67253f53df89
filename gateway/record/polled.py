"""What a poll brought, recorded like what a webhook brings: one batch is one arrival, with its cursor.

Where the store refuses a batch whole, its items are recorded one by one, so that only the one at fault is quarantined.
Its bytes are then the JSON of the item as the plugin read it (`ITEM`), because the answer of a poll is no request that
a plugin could parse again.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from connectors.kit.base import Outcome, Polled
from gateway.arrival import Arrival, Place, Raw, Recorded
from gateway.ids import new_id
from gateway.record.arrivals import record
from gateway.store.session import beside_others
from gateway.store.transaction import Transaction
from normalizer.codec import encode
from normalizer.inbound import Inbound

POLL = "POLL"
"""Stands as the method of raw bytes that no request brought: a whole poll's answer …"""
ITEM = "POLL-ITEM"
"""… or one item of it, as JSON of `normalizer.inbound.Inbound`."""
_TAKE_BACK = "DELETE FROM quarantine WHERE connector_id = ? AND key = ?"


def polled_arrival(place: Place, polled: Polled, came: datetime) -> Arrival:
    raw = Raw(id=new_id(), received_at=came, method=POLL, url="", headers=b"{}", body=polled.raw)
    return Arrival(place, raw, polled.inbound, cursor=polled.cursor)


@beside_others
def record_polled(transaction: Transaction, arrivals: Sequence[Arrival]) -> list[Recorded]:
    """Records batches and moves their cursors; a key seen before is a duplicate."""
    return [_record(transaction, arrival) for arrival in arrivals]


def _record(transaction: Transaction, arrival: Arrival) -> Recorded:
    (recorded,) = record(transaction, [arrival])
    if not is_refused(recorded):
        return recorded
    transaction.change(_TAKE_BACK, arrival.place.connector_id, refusal_key(arrival))
    transaction.flush()
    alone = [record(transaction, [_alone(arrival, item)])[0] for item in arrival.inbound]
    taken = tuple(item for one in alone for item in one.inbound)
    return Recorded(Outcome.RECORDED if taken else Outcome.QUARANTINED, taken)


def is_refused(recorded: Recorded) -> bool:
    """Whether the store refused an arrival whole, rather than that its items could not be read."""
    return recorded.outcome is Outcome.QUARANTINED and not recorded.inbound


def refusal_key(arrival: Arrival) -> str:
    """The quarantine's key of an arrival that was refused whole."""
    return f"refused:{arrival.raw.id}"


def _alone(arrival: Arrival, item: Inbound) -> Arrival:
    return Arrival(arrival.place, replace(arrival.raw, id=new_id(), method=ITEM, body=encode(item)), [item])
