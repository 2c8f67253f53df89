"""What a restored hub must not send: whatever may have left after the backup was taken, or while it was.

Nobody can tell from a backup what became of a delivery later. What was `sending` is `uncertain`, as after any crash;
what was `queued` is `uncertain` too, unless the operator says that nothing was sent since. No fallback follows by
itself. Reports of the provider and operators settle it (docs/adr/0014-a-restore-begins-an-epoch.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from gateway.arrival import Place
from gateway.record.cases import Cases
from gateway.record.timers import end_timer, split_subject
from gateway.send.fallback import TIMER
from gateway.send.pieces import first_unsettled, marked
from gateway.send.standing import SELECT, Parcel, save, tell
from gateway.store.session import Row
from gateway.store.transaction import Transaction
from normalizer.errors import ErrorCode
from normalizer.model import DeliveryError
from normalizer.status import Status

AT_ONCE = 200
_OPEN = {
    True: f"{SELECT} WHERE status = 'sending' AND id > ? ORDER BY id LIMIT {AT_ONCE}",
    False: f"{SELECT} WHERE status IN ('queued', 'sending') AND id > ? ORDER BY id LIMIT {AT_ONCE}",
}
"""By whether what was queued is to be sent."""
_TIMERS = "SELECT subject FROM timers WHERE subject > ? AND kind = ? ORDER BY subject LIMIT ?"
_ONE = f"{SELECT} WHERE id = ?"


def doubt(transaction: Transaction, taken_at: datetime, places: Mapping[str, Place], *, send: bool) -> int:
    """Makes uncertain what may have left; how many deliveries. `places` by connector, `send` what was queued."""
    detail = f"the hub was restored from a backup of {taken_at:%Y-%m-%d %H:%M:%S} UTC; it may have been sent since"
    error = DeliveryError(code=ErrorCode.UNKNOWN, detail=detail)
    doubted = 0
    for rows in _batches(transaction, _OPEN[send]):
        cases = Cases(transaction)
        for parcel in [Parcel(*row) for row in rows]:
            plan = msgspec.structs.replace(parcel.plan, error=error, fallback=parcel.plan.fallback if send else ())
            parcel.status = Status.UNCERTAIN
            save(transaction, parcel, marked(plan, first_unsettled(plan), Status.UNCERTAIN))
            tell(cases, parcel, places.get(parcel.connector_id))
        cases.save()
        transaction.flush()
        transaction.written.clear()  # nobody follows this feed yet
        doubted += len(rows)
    if not send:
        _end_fallbacks(transaction)
    return doubted


def _end_fallbacks(transaction: Transaction) -> None:
    """Of deliveries that were not in time yet: what became of them is not known either."""
    for rows in _batches(transaction, _TIMERS, TIMER, AT_ONCE):
        for (subject,) in rows:
            end_timer(transaction, TIMER, subject)
            row = transaction.row(_ONE, split_subject(subject)[1])
            if row:
                parcel = Parcel(*row)
                save(transaction, parcel, msgspec.structs.replace(parcel.plan, fallback=()))
        transaction.flush()


def _batches(transaction: Transaction, sql: str, *parameters: object) -> Iterator[Sequence[Row]]:
    """By rising keys, which stand in the first column and are the first parameter."""
    last = ""
    while rows := transaction.rows(sql, last, *parameters):
        yield rows
        last = rows[-1][0]
