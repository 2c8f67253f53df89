"""What became of a provider request, recorded; a table says which error leads where."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.kit.base import Sent
from connectors.kit.errors import (
    KitError,
    Misconfigured,
    Moved,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from gateway.live import LiveConnector
from gateway.record.changes import anything_waits, catch_up, change_consent_of, move_identity
from gateway.record.desk import Desk, Known
from gateway.send.fallback import settle
from gateway.send.pausing import hold, pause, recovered
from gateway.send.standing import SELECT, Parcel, Plan, save, tell
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction, listed
from normalizer.model import Consent, ConsentState, DeliveryError, DeliveryKind
from normalizer.status import OPEN, RANK, Standing, Status, merge

LONGEST_WAIT = 300.0
"""Seconds between two attempts at the most."""


@dataclass(frozen=True)
class Done:
    """The nth payload (from 0) was accepted."""

    connector: LiveConnector
    parcel: Parcel
    n: int
    sent: Sent


@dataclass(frozen=True)
class Failed:
    """The provider request ended in an error of the kit's."""

    connector: LiveConnector
    parcel: Parcel
    error: KitError
    attempts: int
    """How many are allowed."""


def record_outcomes(transaction: Transaction, outcomes: Sequence[Done | Failed]) -> list[bool]:
    """Writes each outcome; whether the delivery is still its lane's to go on with.

    What a former owner of the lane learns late settles the doubt about its delivery, and nothing else.
    """
    desk = Desk(transaction)
    sql = f"{SELECT} WHERE id IN (SELECT value FROM json_each(?))"
    desk.reports_wait = anything_waits(transaction)
    ids = listed({outcome.parcel.id for outcome in outcomes})
    parcels = {row[0]: Parcel(*row) for row in transaction.rows(sql, ids)}
    ours = []
    for outcome in outcomes:
        parcel = parcels[outcome.parcel.id]
        ours.append(parcel.status == Status.SENDING)
        if isinstance(outcome, Done):
            _done(desk, outcome, parcel)
        elif parcel.status in (Status.SENDING, Status.UNCERTAIN) and parcel.attempt == outcome.parcel.attempt:
            _failed(desk, outcome, parcel)
    for place in {outcome.connector.place for outcome in outcomes if isinstance(outcome, Done)}:
        recovered(transaction, place)
    desk.save()
    return ours


def _done(desk: Desk, done: Done, parcel: Parcel) -> None:
    plan, complete = parcel.plan, True
    if parcel.kind != DeliveryKind.REACTION:
        accepted = msgspec.structs.replace(
            plan.payloads[done.n], status=done.sent.status, external_ids=done.sent.external_ids
        )
        plan = msgspec.structs.replace(
            plan, payloads=(*plan.payloads[: done.n], accepted, *plan.payloads[done.n + 1 :])
        )
        complete = all(payload.status not in OPEN for payload in plan.payloads)
    if complete:
        standing = Standing(parcel.attempt, Status(parcel.status))
        told = max((done.sent.status, *(payload.status for payload in plan.payloads)), key=RANK.__getitem__)
        parcel.status = merge(standing, Standing(parcel.attempt, told)).status
        plan = plan if parcel.status == Status.FAILED else msgspec.structs.replace(plan, error=None)
    save(desk.transaction, parcel, plan)
    if complete:
        settle(desk, parcel)
        tell(desk.cases, parcel, done.connector.place)
        desk.transaction.wake("lane", parcel.connector_id)
    _remember(desk, done, parcel)


def _remember(desk: Desk, done: Done, parcel: Parcel) -> None:
    """The provider's ids lead back to the message; reports that came before the answer apply now."""
    place, external_ids = done.connector.place, done.sent.external_ids
    known = Known(parcel.message_id, parcel.conversation_id, parcel.route_id, parcel.id)
    target = parcel.plan.target
    for external_id in external_ids:
        if external_id == target:
            continue  # an edit or a reaction that goes by the name of its message
        desk.transaction.change(_KNOW, parcel.connector_id, external_id, parcel.message_id, parcel.id)
        desk.learn(place, external_id, known)
    if parcel.kind == DeliveryKind.MESSAGE and external_ids:
        message = desk.message(parcel.message_id)
        names = tuple(dict.fromkeys((*message.external_ids, *external_ids)))
        desk.rewrite(msgspec.structs.replace(message, external_ids=names))
    catch_up(desk, place, external_ids)


_KNOW = (
    "INSERT INTO external_ids (connector_id, external_id, message_id, delivery_id) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (connector_id, external_id) DO UPDATE"
    " SET message_id = excluded.message_id, delivery_id = excluded.delivery_id WHERE delivery_id IS NULL"
)


def _failed(desk: Desk, failed: Failed, parcel: Parcel) -> None:
    error = failed.error
    plan = msgspec.structs.replace(
        parcel.plan,
        error=DeliveryError(code=error.code, detail=error.detail, provider_code=error.provider_code),
    )
    act = next(NEXT[kind] for kind in type(error).__mro__ if kind in NEXT)  # a plugin may have its own kinds
    save(desk.transaction, parcel, act(desk, failed, parcel, plan))
    settle(desk, parcel)
    if parcel.status != Status.QUEUED:
        tell(desk.cases, parcel, failed.connector.place)
    desk.transaction.wake("lane", parcel.connector_id)


def _later(desk: Desk, failed: Failed, parcel: Parcel, plan: Plan) -> Plan:
    """Provably not accepted: told to wait, the whole lane waits and no attempt is spent; else back off."""
    assert isinstance(failed.error, Temporary)
    if failed.error.retry_after is not None:
        pause(desk.transaction, parcel.connector_id, failed.error.retry_after, failed.error.detail)
        parcel.status, parcel.due_at = Status.QUEUED, desk.transaction.now_us
        return msgspec.structs.replace(plan, traffic=plan.traffic + 1)
    if parcel.attempt >= failed.attempts:
        parcel.status = Status.FAILED
        return plan
    parcel.status = Status.QUEUED
    parcel.due_at = desk.transaction.now_us + int(_backoff(parcel.attempt) * SECOND)
    parcel.attempt += 1
    return plan


def _doubt(_: Desk, __: Failed, parcel: Parcel, plan: Plan) -> Plan:
    parcel.status = Status.UNCERTAIN
    return plan


def _fail(_: Desk, __: Failed, parcel: Parcel, plan: Plan) -> Plan:
    parcel.status = Status.FAILED
    return plan


def _shut_out(desk: Desk, failed: Failed, parcel: Parcel, plan: Plan) -> Plan:
    """The person blocked us: the route is blocked, and the consent on record says so."""
    transaction, place = desk.transaction, failed.connector.place
    parcel.status = Status.FAILED
    transaction.change("UPDATE routes SET blocked = ? WHERE id = ?", True, parcel.route_id)
    row = transaction.row(
        "SELECT i.contact_id FROM routes r JOIN identities i ON i.id = r.identity_id WHERE r.id = ?", parcel.route_id
    )
    assert row is not None
    consent = Consent(
        channel=place.channel,
        purpose=None,
        state=ConsentState.OPTED_OUT,
        source=failed.error.detail,
        at=transaction.now,
    )
    change_consent_of(transaction, place, row[0], parcel.route_id, consent)
    return plan


def _follow(desk: Desk, failed: Failed, parcel: Parcel, plan: Plan) -> Plan:
    """The address moved: the identity moves with it, and the delivery goes there at once."""
    assert isinstance(failed.error, Moved)
    place = failed.connector.place
    row = desk.transaction.row("SELECT address FROM routes WHERE id = ?", parcel.route_id)
    assert row is not None
    move_identity(desk.transaction, place, place.scheme, row[0], failed.error.value)
    if parcel.attempt >= failed.attempts:
        parcel.status = Status.FAILED
        return plan
    parcel.status, parcel.due_at = Status.QUEUED, desk.transaction.now_us
    parcel.attempt += 1
    return plan


def _hold(desk: Desk, failed: Failed, parcel: Parcel, plan: Plan) -> Plan:
    """Nothing can leave until an operator mends the connector: the lane pauses, the delivery waits."""
    hold(desk.transaction, failed.connector.place, failed.error.detail)
    parcel.status, parcel.due_at = Status.QUEUED, desk.transaction.now_us
    return plan


NEXT: dict[type[Any], Callable[[Desk, Failed, Parcel, Plan], Plan]] = {
    Temporary: _later,
    OutcomeUnknown: _doubt,
    Refused: _fail,
    Unreachable: _fail,
    OptedOut: _shut_out,
    Moved: _follow,
    Misconfigured: _hold,
}


def _backoff(attempt: int) -> float:
    """Seconds before the next attempt: doubling from one, with jitter so that a crowd does not come back at once."""
    longest = min(LONGEST_WAIT, 2.0 ** (attempt - 1))
    return longest / 2 + longest / 2 * secrets.randbelow(1000) / 1000
