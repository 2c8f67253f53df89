"""What was read but came to nothing, put into quarantine, where it is seen and can be replayed.

Unlike what could not be read it was recorded once already: as a report that waits, as a piece of a message. It takes
its place in the quarantine by the key it came under, also where it stood there before.
"""

from gateway.ids import new_id
from gateway.record.polled import ITEM, POLL
from gateway.store import schema
from gateway.store.transaction import Transaction

_RAW = "SELECT r.id, r.method FROM arrivals a JOIN raws r ON r.id = a.raw_id WHERE a.connector_id = ? AND a.key = ?"
_SET_ASIDE = (
    "INSERT INTO quarantine (id, connector_id, raw_id, key, reason, slice, state, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, 'open', ?) ON CONFLICT (connector_id, key) DO UPDATE SET raw_id = excluded.raw_id,"
    " reason = excluded.reason, slice = excluded.slice, state = 'open', replayed_at = NULL"
)


def set_aside(transaction: Transaction, connector_id: str, key: str, body: bytes, reason: str) -> None:
    """Keeps an item by its dedupe key, `body` being its JSON as it was read, with the request it came in."""
    raw_id, method = transaction.row(_RAW, connector_id, key) or ("", POLL)
    now = transaction.now_us
    if method == POLL:  # no request that a plugin could parse again: what is replayed is the item
        raw_id = new_id()
        transaction.insert(schema.raws, raw_id, connector_id, now, ITEM, "", b"{}", body, None)
    transaction.change(_SET_ASIDE, new_id(), connector_id, raw_id, key, reason, body, now)
