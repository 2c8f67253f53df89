"""What waited in vain: reports about messages nobody knows, and pieces that cannot be put together.

They go into quarantine, which shows them and can replay them. Most reports wait for the answer to a send, which comes
within seconds; what is left is about messages that other applications of the account's owner sent, or that were sent
before the hub was set up; or it is a sign of something wrong.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog
from sqlalchemy import Engine

from gateway.arrival import Place
from gateway.metrics import UNCLAIMED
from gateway.record.changes import catch_up
from gateway.record.desk import KEY, Desk
from gateway.record.fragments import TIMER
from gateway.record.set_aside import set_aside
from gateway.record.timers import end_timer, subject_of
from gateway.store.transaction import Transaction

log = structlog.get_logger()
MOST = 200
"""Reports shown in one transaction; the rest in the next."""
_OLD = "SELECT 1 FROM waiting_reports WHERE created_at <= ? LIMIT 1"
_SELECT = (
    "SELECT connector_id, key, external_id, body FROM waiting_reports WHERE created_at <= ?"
    f" ORDER BY created_at LIMIT {MOST}"
)
_CROSSED = (
    "SELECT DISTINCT w.connector_id, w.external_id FROM waiting_reports w WHERE w.created_at <= ?"
    " AND w.external_id <> '' AND (EXISTS (SELECT 1 FROM external_ids e WHERE e.connector_id = w.connector_id"
    " AND e.external_id = w.external_id) OR EXISTS (SELECT 1 FROM arrivals a WHERE a.connector_id = w.connector_id"
    f" AND a.key = '{KEY}' || w.external_id AND a.message_id IS NOT NULL)) LIMIT {MOST}"
)
_DROP = "DELETE FROM waiting_reports WHERE connector_id = ? AND key = ?"
_PIECES = "SELECT key, body FROM fragments WHERE connector_id = ? AND grouping = ? ORDER BY received_at, key"
_DROP_PIECES = "DELETE FROM fragments WHERE connector_id = ? AND grouping = ?"


class _Kind(msgspec.Struct):
    type: str = "report"


_kind = msgspec.json.Decoder(_Kind)


@dataclass(frozen=True)
class Scattered:
    """Pieces of a message that could not be put together, however often it was tried."""

    connector_id: str
    group: str
    reason: str


@dataclass(frozen=True)
class Crossed:
    """What a report waits for though it is here: another process recorded it at the same moment."""

    place: Place
    external_id: str


def crossed(engine: Engine, before: int) -> list[tuple[str, str]]:
    """Connectors and external ids of reports that came before then (microseconds) and whose message is here."""
    with engine.connect() as connection:
        return [(connector, name) for connector, name in connection.exec_driver_sql(_CROSSED, (before,))]


def match(transaction: Transaction, found: Sequence[Crossed]) -> list[None]:
    """Applies the reports that waited for these."""
    desk = Desk(transaction)
    desk.reports_wait = True
    for one in found:
        desk.find(one.place, [one.external_id])
        catch_up(desk, one.place, [one.external_id])
    desk.save()
    return [None] * len(found)


def any_unclaimed(engine: Engine, before: int) -> bool:
    """Whether a report has waited since `before` (microseconds); reads only."""
    with engine.connect() as connection:
        return connection.exec_driver_sql(_OLD, (before,)).first() is not None


def surface(transaction: Transaction, befores: Sequence[int]) -> list[int]:
    """Puts reports that have waited since before then into quarantine; how many."""
    return [_surface(transaction, before) for before in befores]


def _surface(transaction: Transaction, before: int) -> int:
    shown: Counter[str] = Counter()
    for connector_id, key, external_id, body in transaction.rows(_SELECT, before):
        kind = _kind.decode(body).type
        reason = f"nobody claimed it: this {kind} is about {external_id!r}, and no message here goes by that id"
        set_aside(transaction, connector_id, key, body, reason)
        transaction.change(_DROP, connector_id, key)
        shown[connector_id] += 1
    transaction.flush()
    for connector_id, count in shown.items():
        UNCLAIMED.labels(connector_id).inc(count)
        log.warning("reports nobody claimed went into quarantine", connector=connector_id, reports=count)
    return shown.total()


def give_up(transaction: Transaction, messages: Sequence[Scattered]) -> list[None]:
    """Puts the pieces into quarantine; replayed one by one, each is recorded as if it came for the first time."""
    for one in messages:
        for key, body in transaction.rows(_PIECES, one.connector_id, one.group):
            set_aside(transaction, one.connector_id, key, body, one.reason)
        transaction.change(_DROP_PIECES, one.connector_id, one.group)
        end_timer(transaction, TIMER, subject_of(one.connector_id, one.group))
        transaction.flush()
    return [None] * len(messages)
