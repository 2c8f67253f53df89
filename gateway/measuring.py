"""What is measured when somebody looks: queues, lanes, quarantine and bus as they are; what is no more is dropped."""

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from gateway.api import queries
from gateway.api.queries import Rows
from gateway.metrics import (
    BUS_BLOCKED,
    BUS_UP,
    CONNECTOR_QUARANTINED,
    CONNECTOR_STATE,
    DELIVERIES,
    DELIVERY_OVERDUE,
    EMERGENCIES_OVERDUE,
    FEED_POSITION,
    LANE_BREAKER_OPEN,
    LANE_PAUSED,
    POLLING_FAILS,
    QUARANTINED,
    REPLIES_OVERDUE,
    REPLIES_WAITING,
    WRITES_WAIT,
    WRITES_WAITING,
    keep,
)
from gateway.relay.catalogue import joined, reading
from gateway.roles import Role
from gateway.send.claim import RANKS
from gateway.send.pausing import FAILURES, Condition, State
from gateway.store.times import SECOND, now_us
from normalizer.status import Status

if TYPE_CHECKING:
    from gateway.hub import Hub

UNSETTLED = (Status.QUEUED, Status.SENDING, Status.UNCERTAIN)
_COUNT = "SELECT connector_id, count(*) FROM deliveries WHERE status = '{0}' GROUP BY connector_id"
_DUE = "SELECT min(due_at) FROM deliveries WHERE connector_id = ? AND rank = ? AND status = 'queued'"
_QUARANTINED = "SELECT connector_id, count(*) FROM quarantine WHERE state = 'open' GROUP BY connector_id"

_WAITING = (
    "SELECT inbox_id, count(*), count(CASE WHEN reply_due_at <= ?1 THEN 1 END),"
    " count(CASE WHEN reply_due_at <= ?1 AND emergency_at IS NOT NULL THEN 1 END)"
    " FROM conversations WHERE reply_due_at IS NOT NULL GROUP BY inbox_id"
)


def measure(hub: "Hub") -> None:
    """Sets every gauge that nobody sets by the way. Blocks."""
    WRITES_WAITING.set(hub.writer.waiting)
    WRITES_WAIT.set(hub.writer.wait)
    FEED_POSITION.set(hub.feed.newest())
    BUS_UP.set(hub.bus.up if Role.RELAY in hub.roles else math.nan)
    BUS_BLOCKED.set(hub.bus.blocked)
    with reading(hub.engine) as found:
        keep("subscription", joined(hub.settings, found.all()))
    keep("connector", hub.connectors)
    keep("inbox", hub.settings.inboxes)
    with queries.snapshot(hub.engine) as rows:
        quarantined = dict(rows.all(_QUARANTINED))
        _measure_connectors(rows, hub.connectors)
        _measure_inboxes(rows, hub.settings.inboxes)
    for connector in filter(hub.polling.polls, hub.connectors):
        POLLING_FAILS.labels(connector).set(hub.polling.trouble(connector) is not None)
    QUARANTINED.set(sum(quarantined.values()))
    for connector in {*hub.connectors, *quarantined}:  # what is open outlives its connector
        CONNECTOR_QUARANTINED.labels(connector).set(quarantined.get(connector, 0))


def _measure_inboxes(rows: Rows, inboxes: Collection[str]) -> None:
    counted = {inbox: counts for inbox, *counts in rows.all(_WAITING, now_us())}
    for inbox in inboxes:
        waiting, overdue, emergencies = counted.get(inbox, (0, 0, 0))
        REPLIES_WAITING.labels(inbox).set(waiting)
        REPLIES_OVERDUE.labels(inbox).set(overdue)
        EMERGENCIES_OVERDUE.labels(inbox).set(emergencies)


def _measure_connectors(rows: Rows, connectors: Mapping[str, Any]) -> None:
    at, lanes = now_us(), queries.lanes(rows)
    for status in UNSETTLED:
        counted = dict(rows.all(_COUNT.format(status)))
        for connector in connectors:
            DELIVERIES.labels(connector, status).set(counted.get(connector, 0))
    for connector in connectors:
        condition = lanes.get(connector, Condition())
        LANE_PAUSED.labels(connector).set((condition.paused_until or 0) > at)
        LANE_BREAKER_OPEN.labels(connector).set(condition.failures >= FAILURES)
        for state in State:
            CONNECTOR_STATE.labels(connector, state).set(condition.state == state)
        due = [rows.all(_DUE, connector, rank)[0][0] for rank in RANKS]
        DELIVERY_OVERDUE.labels(connector).set(max(0.0, *((at - one) / SECOND for one in due if one is not None), 0.0))
