"""What Prometheus sees. Labels are connectors, channels and outcomes; never conversations or people."""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

RECEIVED = Counter(
    "onethread_received_total", "Requests from providers by what became of them.", ["connector", "outcome"]
)
SENT = Counter(
    "onethread_sent_total", "Provider requests: `accepted`, or the code of what went wrong.", ["connector", "outcome"]
)
SEND_SECONDS = Histogram("onethread_send_seconds", "Time a provider takes to accept a payload.", ["connector"])
FETCHED = Counter("onethread_fetched_total", "Files fetched from providers by outcome.", ["connector", "outcome"])
WRITES_WAITING = Gauge("onethread_writes_waiting", "Changes waiting for the store.")
FEED_POSITION = Gauge("onethread_feed_position", "Position of the newest event.")
LANE_PAUSED = Gauge("onethread_lane_paused", "1 while a connector's lane is paused.", ["connector"])
QUARANTINED = Gauge("onethread_quarantine_open", "Items in quarantine.")


@cache
def received(connector: str, outcome: str) -> Counter:
    """The counter of one connector and outcome, found once: its look-up by labels is dear on the hot path."""
    return RECEIVED.labels(connector, outcome)
