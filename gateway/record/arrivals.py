"""A batch of deliveries from providers, recorded in arrival order.

Prefetch, apply in memory, write set-based: `record` costs a handful of statements however many arrivals it is given.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog

from connectors.kit.base import Outcome
from gateway.arrival import Arrival, Place, Recorded
from gateway.ids import new_id
from gateway.record.calls import change_call
from gateway.record.changes import REPORTS, anything_waits, catch_up, move
from gateway.record.consent import change_consent
from gateway.record.desk import Desk
from gateway.record.echoes import hold_back
from gateway.record.fragments import piece
from gateway.record.names import bearable
from gateway.record.received import receive_message
from gateway.record.threads import named_ids
from gateway.send.standing import hold_deliveries
from gateway.store import schema
from gateway.store.session import UNAVAILABLE, beside_others
from gateway.store.times import to_us
from gateway.store.transaction import Transaction, listed
from gateway.tracing import trace_from
from normalizer.inbound import (
    CallChanged,
    ConsentChanged,
    IdentityMoved,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    Peer,
    ReactionChanged,
    ReadUpTo,
    StatusChanged,
    TypingChanged,
    Unreadable,
)

log = structlog.get_logger()
AHEAD = timedelta(days=1)
"""As far as a clock without a time zone can be, and some more."""


@beside_others
def record(transaction: Transaction, arrivals: Sequence[Arrival]) -> list[Recorded]:
    """Records what is new in each arrival; a key seen before, also within the batch, is a duplicate.

    An arrival the store refuses although it runs alone is quarantined whole, and the provider hears success.
    """
    if len(arrivals) > 1:
        return _record(transaction, arrivals)
    try:
        with transaction.attempt():
            return _record(transaction, arrivals)
    except UNAVAILABLE:
        raise
    except Exception as error:  # nothing authentic is dropped, whatever is wrong with it
        log.exception("quarantined", connector=arrivals[0].place.connector_id, raw=arrivals[0].raw.id)
        return [_refuse(transaction, arrivals[0], f"could not be recorded: {type(error).__name__}: {error}")]


def _record(transaction: Transaction, arrivals: Sequence[Arrival]) -> list[Recorded]:
    desk = Desk(transaction)
    arrivals = [bearable(arrival) for arrival in arrivals]
    seen = _seen(transaction, arrivals)
    _prefetch(desk, arrivals)
    results = []
    for arrival in arrivals:
        fresh = []
        for item in arrival.inbound:
            if item.key not in seen[arrival.place.connector_id]:
                seen[arrival.place.connector_id].add(item.key)
                fresh.append(_dated(item, arrival, transaction.now))
        results.append(_record_one(desk, arrival, fresh))
    transaction.trace = None
    desk.save()
    return results


def _dated(item: Inbound, arrival: Arrival, now: datetime) -> Inbound:
    """The item; if its clock is far ahead of ours, dated as it came: whoever is of the future could be neither answered
    in time nor contradicted by what comes after."""
    at: datetime | None = getattr(item, "occurred_at", None)
    if at is None or at - now <= AHEAD:
        return item
    log.warning("dated as it came", connector=arrival.place.connector_id, raw=arrival.raw.id, told=at.isoformat())
    return msgspec.structs.replace(item, occurred_at=arrival.raw.received_at)


def _refuse(transaction: Transaction, arrival: Arrival, reason: str) -> Recorded:
    if arrival.cursor is not None:
        transaction.change(_CURSOR, arrival.place.connector_id, arrival.cursor)
    _keep_raw(transaction, arrival)
    _quarantine(transaction, arrival, f"refused:{arrival.raw.id}", arrival.raw.body, reason)
    return Recorded(Outcome.QUARANTINED)


def _seen(transaction: Transaction, arrivals: Sequence[Arrival]) -> defaultdict[str, set[str]]:
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for arrival in arrivals:
        keys[arrival.place.connector_id].extend(item.key for item in arrival.inbound)
    sql = "SELECT key FROM arrivals WHERE connector_id = ? AND key IN (SELECT value FROM json_each(?))"
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for connector_id, wanted in keys.items():
        seen[connector_id].update(key for (key,) in transaction.rows(sql, connector_id, listed(wanted)))
    return seen


def _prefetch(desk: Desk, arrivals: Sequence[Arrival]) -> None:
    addresses: defaultdict[Place, list[str]] = defaultdict(list)
    external: defaultdict[Place, list[str]] = defaultdict(list)
    for arrival in arrivals:
        for item in arrival.inbound:
            match item:
                case MessageReceived(peer=peer):
                    addresses[arrival.place].append(peer.person.address.value)
                    if item.reply_to or item.references:
                        external[arrival.place].extend(named_ids(item))
                    if item.from_us:
                        external[arrival.place].append(item.external_id)
                case IdentityMoved():  # what comes after it in the batch comes by the new address, as its routes do
                    addresses[arrival.place] += [item.before.value, item.after.value]
                case ConsentChanged(peer=Peer() as peer) | CallChanged(peer=peer):
                    addresses[arrival.place].append(peer.person.address.value)
                case MessageEdited() | MessageRedacted() | ReactionChanged() | StatusChanged():
                    external[arrival.place].append(item.external_id)
                case ReadUpTo(external_id=str(external_id)):
                    external[arrival.place].append(external_id)
                case _:
                    pass
    for place, wanted in addresses.items():
        desk.crowd[place].load(wanted)
    known = [one for place, wanted in external.items() for one in desk.find(place, wanted)]
    if reported := [one.delivery_id for one in known if one.delivery_id]:
        hold_deliveries(desk.transaction, reported)
    desk.reports_wait = anything_waits(desk.transaction)
    ids = [case for people in desk.crowd.values() for case in people.conversation_ids()]
    desk.cases.load([*ids, *(one.conversation_id for one in known)])


def _record_one(desk: Desk, arrival: Arrival, fresh: Sequence[Inbound]) -> Recorded:
    transaction = desk.transaction
    if arrival.cursor is not None:
        transaction.change(_CURSOR, arrival.place.connector_id, arrival.cursor)
    if not fresh:
        return Recorded(Outcome.DUPLICATE if arrival.inbound else Outcome.RECORDED)
    lasting = [item for item in fresh if type(item) is not TypingChanged]
    if not lasting:
        return Recorded(Outcome.RECORDED, tuple(fresh))
    _keep_raw(transaction, arrival)
    transaction.trace = arrival.raw.trace or trace_from(arrival.raw.id)
    for item in lasting:
        message_id = _apply(desk, arrival, item)
        transaction.insert(
            schema.arrivals, arrival.place.connector_id, item.key, arrival.raw.id, message_id, transaction.now_us
        )
        if desk.reports_wait and message_id and isinstance(item, MessageReceived):
            catch_up(desk, arrival.place, (item.external_id,))
    unread = all(isinstance(item, Unreadable) for item in fresh)
    return Recorded(Outcome.QUARANTINED if unread else Outcome.RECORDED, tuple(fresh))


def _keep_raw(transaction: Transaction, arrival: Arrival) -> None:
    raw = arrival.raw
    transaction.insert(
        schema.raws,
        raw.id,
        arrival.place.connector_id,
        to_us(raw.received_at),
        raw.method,
        raw.url,
        raw.headers,
        raw.body,
        raw.sha256,
    )


def _apply(desk: Desk, arrival: Arrival, item: Inbound) -> str | None:
    if change := REPORTS.get(type(item)):
        return change(desk, arrival.place, item)
    return RECORD[type(item)](desk, arrival, item)


def _receive(desk: Desk, arrival: Arrival, item: MessageReceived) -> str | None:
    if item.fragment:
        return piece(desk, arrival, item)
    if item.from_us and hold_back(desk, arrival.place, item):
        return None
    return receive_message(desk, arrival, item)


def _unreadable(desk: Desk, arrival: Arrival, item: Unreadable) -> None:
    _quarantine(desk.transaction, arrival, item.key, item.slice, item.reason)


def _quarantine(transaction: Transaction, arrival: Arrival, key: str, slice_: bytes, reason: str) -> None:
    transaction.insert(
        schema.quarantine,
        new_id(),
        arrival.place.connector_id,
        arrival.raw.id,
        key,
        reason,
        slice_,
        "open",
        transaction.now_us,
        None,
    )


def _ignore(_: Desk, arrival: Arrival, item: Ignored) -> None:
    log.debug("ignored", connector=arrival.place.connector_id, reason=item.reason)


_CURSOR = (
    "INSERT INTO cursors (connector_id, cursor) VALUES (?, ?)"
    " ON CONFLICT (connector_id) DO UPDATE SET cursor = excluded.cursor"
)

RECORD: dict[type[Inbound], Callable[[Desk, Arrival, Any], str | None]] = {
    MessageReceived: _receive,
    CallChanged: change_call,
    ConsentChanged: change_consent,
    IdentityMoved: move,
    Unreadable: _unreadable,
    Ignored: _ignore,
}
