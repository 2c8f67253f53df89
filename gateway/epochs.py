"""Epochs of the feed: a new one begins with each restore.

What was committed after a backup was taken is gone with the store it was in, and its positions must never be given to
other events: a reader who has seen them would skip what it never saw. A restored feed therefore goes on at a position
no reader can have come to: the microseconds since 1970 UTC at the restore. No feed reaches that which began at 1, or at
an earlier such moment, and writes less than a million events a second. `feed.restored` stands there. Positions up to
the newest of the backup stay what they were; those between belong to nobody
(docs/adr/0014-a-restore-begins-an-epoch.md).
"""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from gateway.ids import new_id
from gateway.store import schema
from gateway.store.times import from_us
from normalizer.codec import encode
from normalizer.events import Envelope, RestoredData, wire_type
from normalizer.model import Priority

RESTORED = "feed.restored"
FEED = "/feed"
LEAP = 1_000_000_000
"""At the least, should the clock be wrong: more events than a hub writes between a backup and its restore."""


def epoch_of(connection: Connection) -> str:
    """The position the epoch began with; 0 for a feed that was never restored."""
    events = schema.events.c
    began = connection.execute(select(func.max(events.position)).where(events.type == RESTORED)).scalar()
    return str(began or 0)


def begin_epoch(connection: Connection, taken_at: datetime, at: int) -> tuple[str, int]:
    """The epoch that begins now, `at` in microseconds, and the newest position that still stands."""
    kept = connection.execute(select(func.max(schema.events.c.position))).scalar() or 0
    began = max(at, kept + LEAP)
    id_, epoch = new_id(), str(began)
    envelope = Envelope(
        id=id_,
        type=wire_type(RESTORED),
        source=FEED,
        subject=epoch,
        time=from_us(at),
        partitionkey=FEED,
        priority=Priority.NORMAL,
        data=RestoredData(epoch=epoch, kept=str(kept), taken_at=taken_at),
    )
    event = {
        "position": began,
        "id": id_,
        "type": RESTORED,
        "sequence": None,
        "subject": epoch,
        "recorded_at": at,
        "body": encode(envelope),
    }
    connection.execute(insert(schema.events), event)
    return epoch, kept
