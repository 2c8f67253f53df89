"""The tables. Migrations create them; this is what the code knows of them.

Times are integers (`gateway.store.times`). A `body` holds the JSON of a `normalizer` value: columns beside it are what
is searched or changed in place. Rows that many writers append to are ordered by UUIDv7 ids.
"""

from gateway.store.schema.access import api_keys, idempotency, own_secrets
from gateway.store.schema.columns import metadata
from gateway.store.schema.history import (
    attachments,
    contacts,
    conversations,
    events,
    external_ids,
    history,
    history_tail,
    identities,
    message_heads,
    routes,
)
from gateway.store.schema.inbound import arrivals, calls, cursors, fragments, quarantine, raws, timers, waiting_reports
from gateway.store.schema.leases import leases
from gateway.store.schema.outbound import deliveries, exchanges, lanes
from gateway.store.schema.people import joins, merges, participants, verifications
from gateway.store.schema.states import states
from gateway.store.schema.subscriptions import held_events, replays, subscriptions

__all__ = [
    "api_keys",
    "arrivals",
    "attachments",
    "calls",
    "contacts",
    "conversations",
    "cursors",
    "deliveries",
    "events",
    "exchanges",
    "external_ids",
    "fragments",
    "held_events",
    "history",
    "history_tail",
    "idempotency",
    "identities",
    "joins",
    "lanes",
    "leases",
    "merges",
    "message_heads",
    "metadata",
    "own_secrets",
    "participants",
    "quarantine",
    "raws",
    "replays",
    "routes",
    "states",
    "subscriptions",
    "timers",
    "verifications",
    "waiting_reports",
]
