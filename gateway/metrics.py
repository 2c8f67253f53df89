"""What Prometheus sees. Labels are connectors, subscriptions, inboxes, states and outcomes; never conversations or
people."""

from collections.abc import Collection
from functools import cache
from typing import Literal

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

RECEIVED = Counter(
    "onethread_received_total", "Requests from providers by what became of them.", ["connector", "outcome"]
)
SENT = Counter(
    "onethread_sent_total", "Provider requests: `accepted`, or the code of what went wrong.", ["connector", "outcome"]
)
SEND_SECONDS = Histogram("onethread_send_seconds", "Time a provider takes to accept a payload.", ["connector"])
MAIL = Counter(
    "onethread_mail_total",
    "Messages at a listener by what became of them: `taken`, `refused`, `later` and `full`, once for each"
    " connector; `too_large`, `misshapen` and `slow`, which no connector saw.",
    ["listener", "outcome"],
)
MAIL_SESSIONS = Gauge("onethread_mail_sessions", "Sessions open at a listener.", ["listener"])
CHAT_CLIENTS = Gauge("onethread_chat_clients", "Sockets and streams of customers that are connected.", ["connector"])
FETCHED = Counter("onethread_fetched_total", "Files fetched from providers by outcome.", ["connector", "outcome"])
RELAYED = Counter(
    "onethread_relayed_total",
    "Copies to subscribers: `taken`, or `refused`, also by no answer.",
    ["subscription", "outcome"],
)
SUBSCRIPTION_LAG = Gauge(
    "onethread_subscription_lag_events",
    "Events of the feed after the first that a subscriber has not taken, wanted or not.",
    ["subscription"],
)
SUBSCRIPTION_LAG_SECONDS = Gauge(
    "onethread_subscription_lag_seconds", "Age of the first event that a subscriber has not taken.", ["subscription"]
)
SUBSCRIPTION_HELD = Gauge(
    "onethread_subscription_held_events", "Events that wait behind one that was not taken.", ["subscription"]
)
SUBSCRIPTION_PARKED = Gauge(
    "onethread_subscription_parked_conversations", "Conversations that wait for an operator.", ["subscription"]
)
SUBSCRIPTION_ACTIVE = Gauge(
    "onethread_subscription_active", "1 while a subscription runs; 0 paused, parked or disabled.", ["subscription"]
)
REPLIES_WAITING = Gauge(
    "onethread_replies_waiting", "Conversations in which a customer waits for an answer that was promised.", ["inbox"]
)
REPLIES_OVERDUE = Gauge("onethread_replies_overdue", "Those of them that wait beyond the target.", ["inbox"])
EMERGENCIES_OVERDUE = Gauge(
    "onethread_emergencies_overdue", "Emergencies that nobody took within their target.", ["inbox"]
)
WRITES_WAITING = Gauge("onethread_writes_waiting", "Changes waiting for the store.")
WRITES_WAIT = Gauge("onethread_writes_wait_seconds", "How long what comes now would wait for the store.")
CLOCK_AHEAD = Gauge(
    "onethread_clock_ahead_seconds",
    "By how much the hub's own clock is ahead of the system's, because that was set back.",
)
ROLE = Gauge("onethread_role", "1 for each role of this process, 0 for the others.", ["role"])
FEED_POSITION = Gauge("onethread_feed_position", "Position of the newest event.")
BUS_UP = Gauge("onethread_bus_up", "1 while what is published would reach the bus; NaN without the role `relay`.")
BUS_BLOCKED = Gauge("onethread_bus_blocked", "1 while the broker, though reached, is short of memory or disk.")
CONNECTOR_STATE = Gauge(
    "onethread_connector_state",
    "1 for the state a connector is in, 0 for the others: `up`, `degraded`, `down`.",
    ["connector", "state"],
)
POLLING_FAILS = Gauge(
    "onethread_polling_fails", "1 while a provider that is asked for news is asked in vain.", ["connector"]
)
LANE_PAUSED = Gauge("onethread_lane_paused", "1 while a connector's lane is paused.", ["connector"])
LANE_BREAKER_OPEN = Gauge(
    "onethread_lane_breaker_open",
    "1 while a connector's requests do not get through, and one at a time is tried.",
    ["connector"],
)
DELIVERIES = Gauge(
    "onethread_deliveries",
    "Deliveries that are not settled, by status: `queued`, `sending`, `uncertain`.",
    ["connector", "status"],
)
DELIVERY_OVERDUE = Gauge(
    "onethread_delivery_overdue_seconds", "How long the delivery has been due that has been longest.", ["connector"]
)
UNCLAIMED = Counter(
    "onethread_reports_unclaimed_total", "Reports about messages nobody knows, put into quarantine.", ["connector"]
)
QUARANTINED = Gauge("onethread_quarantine_open", "Items in quarantine.")
CONNECTOR_QUARANTINED = Gauge(
    "onethread_connector_quarantine_open", "Items of a connector in quarantine.", ["connector"]
)


@cache
def received(connector: str, outcome: str) -> Counter:
    """The counter of one connector and outcome, found once: its look-up by labels is dear on the hot path."""
    return RECEIVED.labels(connector, outcome)


def keep(label: Literal["connector", "subscription", "inbox"], names: Collection[str]) -> None:
    """Drops all values of connectors, subscriptions or inboxes but these: of those that are no more."""
    for metric in [value for value in globals().values() if isinstance(value, MetricWrapperBase)]:
        told = {sample.labels[label] for one in metric.collect() for sample in one.samples if label in sample.labels}
        for name in told.difference(names):
            metric.remove_by_labels({label: name})
            received.cache_clear()  # it may hold one of them
