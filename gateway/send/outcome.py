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
from gateway.record.changes import anything_waits, catch_up, move_identity
from gateway.record.consent import change_consent_of
from gateway.record.desk import Desk
from gateway.send.fallback import follow_up
from gateway.send.names import learn
from gateway.send.pausing import Doctor
from gateway.send.pieces import first_unsettled, hear, is_settled, marked
from gateway.send.rate import PutBack
from gateway.send.standing import SELECT, Parcel, Plan, hold_deliveries, save
from gateway.store.session import beside_others
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction, listed
from normalizer.model import Consent, ConsentState, DeliveryError
from normalizer.status import Status

_BLOCK = "UPDATE routes SET blocked = ? WHERE id = ?"


class Done(msgspec.Struct, frozen=True, eq=False):
    """The nth payload (from 0) was accepted."""

    connector: LiveConnector
    parcel: Parcel
    n: int
    sent: Sent

    @property
    def last(self) -> bool:
        """Nothing of the delivery is left to send."""
        return self.n + 1 >= len(self.parcel.plan.payloads)


@dataclass(frozen=True)
class Failed:
    """The provider request ended in an error of the kit's."""

    connector: LiveConnector
    parcel: Parcel
    n: int | None
    """Which payload (from 0); None where the hub itself failed: the first one not settled."""
    error: KitError
    attempts: int
    """How many are allowed, where the channel has no time of its own."""

    @property
    def last(self) -> bool:
        """There is no further attempt: the channel's patience, or the operator's, is at its end."""
        allowed = self.connector.settings.give_up_after
        return self.connector.plugin.info.patience.ends(self.parcel.attempt, self.attempts, allowed)

    @property
    def wait(self) -> float:
        """Seconds until the next attempt."""
        return self.connector.plugin.info.patience.wait(self.parcel.attempt, secrets.randbelow(1000) / 1000)


@beside_others
def record_outcomes(transaction: Transaction, outcomes: Sequence[Done | Failed]) -> list[bool]:
    """Writes each outcome; whether the delivery is still its lane's to go on with.

    What a former owner of the lane learns late settles the doubt about its delivery, and nothing else.
    """
    desk, doctor = Desk(transaction), Doctor(transaction)
    sql = f"{SELECT} WHERE id IN (SELECT value FROM json_each(?))"
    desk.reports_wait = anything_waits(transaction)
    ids = listed({outcome.parcel.id for outcome in outcomes})
    hold_deliveries(transaction, {outcome.parcel.id for outcome in outcomes})
    parcels = {row[0]: Parcel(*row) for row in transaction.rows(sql, ids)}
    desk.cases.load(parcel.conversation_id for parcel in parcels.values())
    ours = []
    for outcome in outcomes:
        parcel = parcels[outcome.parcel.id]
        ours.append(parcel.status == Status.SENDING)
        if isinstance(outcome, Done):
            doctor.accepted(outcome.connector.place)
            _done(desk, outcome, parcel)
            continue
        doctor.failed(outcome.connector.place, outcome.error)
        if parcel.status in (Status.SENDING, Status.UNCERTAIN) and parcel.attempt == outcome.parcel.attempt:
            _failed(desk, outcome, parcel)
    doctor.save()
    desk.save()
    return ours


def _done(desk: Desk, done: Done, parcel: Parcel) -> None:
    names = done.sent.external_ids
    if hear(desk.transaction, parcel, done.n, done.sent.status, external_ids=names):
        follow_up(desk, parcel, done.connector.place)
    learn(desk, done.connector.place, parcel, names)
    catch_up(desk, done.connector.place, names)


def _failed(desk: Desk, failed: Failed, parcel: Parcel) -> None:
    error, plan = failed.error, parcel.plan
    n = first_unsettled(plan) if failed.n is None else failed.n
    if is_settled(plan, n):  # a report was quicker and knows better; what is left of the message goes on
        if parcel.status == Status.SENDING:
            _requeue(desk, parcel)
            save(desk.transaction, parcel)
        return
    told = DeliveryError(code=error.code, detail=error.detail, provider_code=error.provider_code)
    act = next(NEXT[kind] for kind in type(error).__mro__ if kind in NEXT)  # a plugin may have its own kinds
    with desk.transaction.tracing(plan.trace):
        plan = act(desk, failed, parcel, msgspec.structs.replace(plan, error=told))
    save(desk.transaction, parcel, marked(plan, n, Status(parcel.status)))
    follow_up(desk, parcel, failed.connector.place)


def _requeue(desk: Desk, parcel: Parcel, seconds: float = 0.0, *, spends: bool = False) -> None:
    """Another time. What was told to be uncertain comes back as another attempt, for a status never falls."""
    parcel.attempt += spends or parcel.status == Status.UNCERTAIN
    due_at = desk.transaction.now_us + int(seconds * SECOND)
    expires_at = due_at if parcel.expires_at is None else parcel.expires_at  # so that its end is told when it comes
    parcel.status, parcel.due_at = Status.QUEUED, min(due_at, expires_at)


def _later(desk: Desk, failed: Failed, parcel: Parcel, plan: Plan) -> Plan:
    """Provably not accepted: told to wait, the whole lane waits and no attempt is spent; else back off."""
    assert isinstance(failed.error, Temporary)
    if failed.error.retry_after is not None:
        _requeue(desk, parcel)
        return msgspec.structs.replace(plan, traffic=plan.traffic + 1)
    if failed.last:
        parcel.status = Status.FAILED
        return plan
    _requeue(desk, parcel, failed.wait, spends=True)
    return plan


def _doubt(_: Desk, __: Failed, parcel: Parcel, plan: Plan) -> Plan:
    parcel.status = Status.UNCERTAIN
    return plan


def _fail(_: Desk, __: Failed, parcel: Parcel, plan: Plan) -> Plan:
    parcel.status = Status.FAILED
    return plan


def _nobody(desk: Desk, failed: Failed, parcel: Parcel, plan: Plan) -> Plan:
    """Nobody is at the address; for good, no route leads there until whoever was there registers anew."""
    assert isinstance(failed.error, Unreachable)
    if failed.error.for_good:
        desk.transaction.change(_BLOCK, True, parcel.route_id)
    return _fail(desk, failed, parcel, plan)


def _shut_out(desk: Desk, failed: Failed, parcel: Parcel, plan: Plan) -> Plan:
    """The person blocked us: the route is blocked, and the consent on record says so."""
    transaction, place = desk.transaction, failed.connector.place
    parcel.status = Status.FAILED
    transaction.change(_BLOCK, True, parcel.route_id)
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
    _requeue(desk, parcel, spends=True)
    return plan


def _wait(desk: Desk, _: Failed, parcel: Parcel, plan: Plan) -> Plan:
    """Nothing is wrong with the delivery: it leaves when an operator mended the connector, or the next lane begins."""
    _requeue(desk, parcel)
    return plan


NEXT: dict[type[Any], Callable[[Desk, Failed, Parcel, Plan], Plan]] = {
    Temporary: _later,
    OutcomeUnknown: _doubt,
    Refused: _fail,
    Unreachable: _nobody,
    OptedOut: _shut_out,
    Moved: _follow,
    Misconfigured: _wait,
    PutBack: _wait,
}
