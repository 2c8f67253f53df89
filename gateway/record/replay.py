"""Quarantined items once more, after a fix. What was recorded meanwhile is not recorded again.

What is read again depends on what the raw bytes are: a webhook's request is parsed whole, because only the plugin knows
where an item stands in it; of a poll, `Unreadable.slice` is parsed as if it had come by webhook, for a provider's
updates read the same both ways; an item that was read but refused by the store (`ITEM`) is taken as it was read.
Nothing is verified again: it was authentic when it came, and the kept headers have lost their secrets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import structlog
from msgspec.structs import replace

from connectors.kit.errors import BadPayload
from connectors.kit.request import Request
from gateway.arrival import Arrival, Raw
from gateway.ids import new_id
from gateway.live import LiveConnector
from gateway.record.arrivals import record
from gateway.record.polled import ITEM, POLL, is_refused, refusal_key
from gateway.store import schema
from gateway.store.times import from_us
from gateway.store.transaction import Transaction
from gateway.store.writer import Overloaded
from normalizer.codec import decoder
from normalizer.inbound import Inbound, Unreadable

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
OPEN = "open"
REPLAYED = "replayed"
_item = decoder(Inbound)
_headers = msgspec.json.Decoder(dict[str, str])
_FIND = (
    "SELECT q.id, q.connector_id, q.key, q.slice, q.state, q.raw_id, r.received_at, r.method, r.url, r.headers, r.body,"
    " r.sha256"
    " FROM quarantine q LEFT JOIN raws r ON r.id = q.raw_id WHERE q.id = ?"
)
_REASON = "UPDATE quarantine SET reason = ? WHERE id = ?"
_DONE = "UPDATE quarantine SET state = 'replayed', replayed_at = ? WHERE id = ?"
_FORGET_KEY = "DELETE FROM arrivals WHERE connector_id = ? AND key = ?"
_FORGET_REFUSAL = "DELETE FROM quarantine WHERE connector_id = ? AND key = ?"
_FORGET_RAW = "DELETE FROM raws WHERE id = ?"


@dataclass(frozen=True)
class Replayed:
    state: str
    """`open` or `replayed`, of the quarantined item."""
    recorded: int = 0
    """Items that were new."""
    still: str | None = None
    """Why it stays open."""


@dataclass(frozen=True)
class Kept:
    """A quarantined item with its raw request."""

    id: str
    connector_id: str
    key: str
    slice: bytes
    state: str
    raw_id: str
    raw: Raw | None
    """None where it is no longer kept."""


@dataclass(frozen=True)
class _Again:
    kept: Kept
    arrival: Arrival


def replay(hub: "Hub", quarantine_id: str) -> Replayed | None:
    """Reads and records an item of the quarantine again; None where there is no such item. Blocks.

    One that cannot be read still, or that the store still refuses, stays open with the new reason. Raises Overloaded,
    Closed.
    """
    kept = _find(hub, quarantine_id)
    if kept is None:
        return None
    if kept.state != OPEN:
        return Replayed(kept.state)
    connector = hub.connectors.get(kept.connector_id)
    if connector is None:
        return Replayed(OPEN, still=f"connector {kept.connector_id!r} is not configured")
    if kept.raw is None or (kept.raw.sha256 is not None and not hub.files.exists(kept.raw.sha256)):
        return Replayed(OPEN, still="its raw request is no longer kept")
    # the raw is kept a second time, under an id of its own, with what is recorded now
    raw = replace(kept.raw, id=new_id())
    arrival = Arrival(connector.place, raw, read_again(hub, connector, kept, raw))
    result = hub.writer.submit(record_again, _Again(kept, arrival)).result()
    log.info("replayed", connector=connector.id, item=kept.id, state=result.state, recorded=result.recorded)
    return result


def read_again(hub: "Hub", connector: LiveConnector, kept: Kept, raw: Raw) -> Sequence[Inbound]:
    """What the plugin makes of it now; one Unreadable where it makes nothing of it. Raises Overloaded."""
    try:
        if raw.method == ITEM:
            return [_item.decode(raw.body)]
        request = _request(connector, kept, raw)
        if raw.sha256 is None:
            return connector.plugin.parse(request)
        items = hub.apart.read(connector, request, hub.files.path(raw.sha256), verify=False).result()
        return [_as_kept(item, kept, raw) for item in items]
    except Overloaded:
        raise
    except BadPayload as error:
        return [Unreadable(key=kept.key, slice=kept.slice, reason=error.detail)]
    except Exception as error:
        log.exception("a plugin failed to read", connector=connector.id, item=kept.id)
        return [Unreadable(key=kept.key, slice=kept.slice, reason=f"plugin fault: {error!r}")]


def _request(connector: LiveConnector, kept: Kept, raw: Raw) -> Request:
    polled = raw.method == POLL
    return Request(
        method="POST" if polled else raw.method,
        url=connector.webhook_url if polled else raw.url,
        headers=_headers.decode(raw.headers),
        body=kept.slice if polled else raw.body,
        received_at=raw.received_at,
        raw=raw.id,
    )


def _as_kept(item: Inbound, kept: Kept, raw: Raw) -> Inbound:
    """An item that could not be read at all goes by the key it has in quarantine."""
    if isinstance(item, Unreadable) and item.key == f"raw:{raw.id}":
        return replace(item, key=kept.key)
    return item


def record_again(transaction: Transaction, agains: Sequence[_Again]) -> list[Replayed]:
    """Records what is new. Of two replays of one item the second finds nothing to do."""
    return [_record(transaction, again.kept, again.arrival) for again in agains]


def _record(transaction: Transaction, kept: Kept, arrival: Arrival) -> Replayed:
    transaction.flush()
    row = transaction.row("SELECT state FROM quarantine WHERE id = ?", kept.id)
    if row is None or row[0] != OPEN:
        return Replayed(REPLAYED)
    unread = [item for item in arrival.inbound if isinstance(item, Unreadable)]
    readable = any(not isinstance(item, Unreadable) for item in arrival.inbound)
    same = next((item for item in unread if item.key == kept.key), None)
    if not readable and unread:
        return _stay(transaction, kept, (same or unread[0]).reason)
    rest = [item for item in arrival.inbound if item is not same]
    held = transaction.rows("SELECT raw_id, recorded_at FROM arrivals WHERE connector_id = ? AND key = ?", *_name(kept))
    if same is None:
        transaction.change(_FORGET_KEY, *_name(kept))
        transaction.flush()
    (recorded,) = record(transaction, [replace(arrival, inbound=rest)])
    if is_refused(recorded):
        reason = _undo(transaction, kept, arrival)
        if same is None:
            for raw_id, recorded_at in held:
                transaction.insert(schema.arrivals, *_name(kept), raw_id, None, recorded_at)
        return _stay(transaction, kept, reason)
    count = sum(not isinstance(item, Unreadable) for item in recorded.inbound)
    if same is not None:
        return _stay(transaction, kept, same.reason, count)
    transaction.change(_DONE, transaction.now_us, kept.id)
    return Replayed(REPLAYED, count)


def _stay(transaction: Transaction, kept: Kept, reason: str, count: int = 0) -> Replayed:
    transaction.change(_REASON, reason, kept.id)
    return Replayed(OPEN, count, reason)


def _undo(transaction: Transaction, kept: Kept, arrival: Arrival) -> str:
    """Takes back that the store's refusal was quarantined by itself: the item is in quarantine already. Its reason."""
    transaction.flush()
    name = (kept.connector_id, refusal_key(arrival))
    row = transaction.row("SELECT reason FROM quarantine WHERE connector_id = ? AND key = ?", *name)
    assert row is not None
    transaction.change(_FORGET_REFUSAL, *name)
    transaction.change(_FORGET_RAW, arrival.raw.id)
    return str(row[0])


def _name(kept: Kept) -> tuple[str, str]:
    return kept.connector_id, kept.key


def _find(hub: "Hub", quarantine_id: str) -> Kept | None:
    with hub.engine.connect() as connection:
        row = connection.exec_driver_sql(_FIND, (quarantine_id,)).fetchone()
    if row is None:
        return None
    id_, connector_id, key, slice_, state, raw_id, came, method, url, headers, body, sha256 = row
    raw = None if method is None else Raw(raw_id, from_us(came), method, url, headers, body, sha256=sha256)
    return Kept(id_, connector_id, key, slice_, state, raw_id, raw)
