"""What operators look at: connectors, quarantine, health and metrics; and the descriptions of the API itself."""

import ipaddress

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from connectors.kit.capability import in_order
from gateway.api import queries
from gateway.api.admission import admit
from gateway.api.connector_shapes import ConnectorInfo, ConnectorList, PollingInfo
from gateway.api.cursors import cursor, id_at
from gateway.api.problems import Code, Problem, Wrong, not_found
from gateway.api.route import Answer, Call
from gateway.api.shapes import (
    MOST_ON_PAGE,
    EventSchemas,
    Health,
    QuarantineAnswer,
    Quarantined,
    QuarantinePage,
    RawRequest,
    Readiness,
    ReplayAnswer,
)
from gateway.health import ailment, hindrances
from gateway.keys import Scope
from gateway.live import LiveConnector
from gateway.measuring import measure
from gateway.polling import Polling
from gateway.record.replay import replay as replay_item
from gateway.roles import named
from gateway.send.pausing import Condition, State
from gateway.store.times import from_us, now_us
from normalizer.events import EVENTS
from normalizer.schema import event_schema

LAST_ID = "~"
"""Sorts after every id."""
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def connectors(call: Call) -> ConnectorList:
    with queries.snapshot(call.hub.engine) as rows:
        lanes = queries.lanes(rows)
    live = sorted(call.hub.connectors.values(), key=lambda connector: connector.id)
    polling = call.hub.polling
    return ConnectorList(
        connectors=tuple(_info(one, lanes.get(one.id, Condition()), _polling(polling, one.id)) for one in live)
    )


def _polling(polling: Polling, connector_id: str) -> PollingInfo | None:
    if not polling.polls(connector_id):
        return None
    trouble = polling.trouble(connector_id)
    if trouble is None:
        return PollingInfo(well=True)
    return PollingInfo(well=False, reason=trouble.reason, remedy=trouble.remedy, failing_since=trouble.since)


def _info(connector: LiveConnector, condition: Condition, polling: PollingInfo | None) -> ConnectorInfo:
    until = condition.paused_until
    paused_until = from_us(until) if until is not None and until > now_us() else None
    well = condition.state == State.UP
    return ConnectorInfo(
        name=connector.id,
        plugin=connector.settings.plugin,
        channel=connector.place.channel,
        inbox=connector.place.inbox.id,
        state="paused" if well and paused_until else condition.state,
        reason=condition.paused_why if paused_until or not well else None,
        remedy=condition.remedy(connector.id, paused_until is not None),
        paused_until=paused_until,
        polling=polling,
        webhook_url=connector.webhook_url,
        capability=in_order(connector.plugin.info.capability),
    )


def quarantine(call: Call) -> QuarantinePage:
    asked = call.query
    before = id_at("quarantine", asked.cursor) if asked.cursor else LAST_ID
    limit = min(asked.limit, MOST_ON_PAGE)
    with queries.snapshot(call.hub.engine) as rows:
        found = queries.quarantine(rows, asked.connector, asked.state, before, limit + 1)
    page = found[:limit]
    return QuarantinePage(
        quarantine=tuple(_quarantined(*row) for row in page),
        next=cursor("quarantine", page[-1][0]) if len(found) > limit else None,
    )


def quarantined(call: Call) -> QuarantineAnswer:
    with queries.snapshot(call.hub.engine) as rows:
        row = queries.quarantined(rows, call.id)
        if row is None:
            raise not_found("quarantined item")
        *columns, slice_ = row
        item = _quarantined(*columns)
        kept = queries.raw(rows, item.raw_id)
    return QuarantineAnswer(quarantined=item, slice=slice_, raw=_raw(*kept) if kept else None)


def replay(call: Call) -> ReplayAnswer:
    replayed = replay_item(call.hub, call.id)
    if replayed is None:
        raise not_found("quarantined item")
    return ReplayAnswer(state=replayed.state, recorded=replayed.recorded, still=replayed.still)


def _quarantined(
    id_: str,
    connector: str,
    raw_id: str,
    key: str,
    reason: str,
    state: str,
    created: int,
    replayed: int | None,
    size: int,
) -> Quarantined:
    return Quarantined(
        id=id_,
        connector=connector,
        raw_id=raw_id,
        key=key,
        reason=reason,
        state=state,
        created_at=from_us(created),
        replayed_at=None if replayed is None else from_us(replayed),
        size=size,
    )


def _raw(id_: str, received: int, method: str, url: str, headers: bytes, body: bytes, sha256: str | None) -> RawRequest:
    return RawRequest(
        id=id_,
        received_at=from_us(received),
        method=method,
        url=url,
        headers=msgspec.json.decode(headers or b"{}"),
        body=body,
        sha256=sha256,
    )


def health(call: Call) -> Health:
    """Raises Problem: 503."""
    if reason := ailment(call.hub):
        raise Problem(503, Code.NOT_READY, reason)
    return Health(status="ok")


def ready(call: Call) -> Readiness:
    """Raises Problem: 503, with every reason."""
    if reasons := [Wrong(*found) for found in hindrances(call.hub)]:
        detail = "; ".join(one.message for one in reasons)
        raise Problem(503, Code.NOT_READY, detail, errors=reasons, headers={"retry-after": "5"})
    return Readiness(status="ok", roles=named(call.hub.roles))


def metrics(call: Call) -> Answer:
    """For a scraper on this machine, or with a key."""
    if not _from_here(call):
        admit(call.hub.engine, call.headers.get("Authorization"), Scope.READ)
    measure(call.hub)
    return Answer(content=generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


def _from_here(call: Call) -> bool:
    """The peer is this machine and speaks for nobody else."""
    if any(name in call.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(call.peer).is_loopback
    except ValueError:
        return False


def event_schemas(_: Call) -> EventSchemas:
    return EventSchemas(events={name: event_schema(name) for name in EVENTS})
