"""Where a message goes next when its delivery failed, or was not in time: the next channel that may be used.

Never after `uncertain`, unless the command says so: what may have arrived is not sent a second time another way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from gateway.arrival import Place
from gateway.record.desk import Desk
from gateway.record.timers import end_timer, set_timer, subject_of
from gateway.send.pieces import ARRIVED
from gateway.send.standing import SELECT, Parcel, Plan, queue, save, tell
from gateway.send.target import choose_among, ways_of
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction
from normalizer.commands import Fallback
from normalizer.model import Message, Visibility
from normalizer.parts import TemplatePart
from normalizer.reply_channel import Chosen, Wish
from normalizer.status import Status

TIMER = "fallback"
IN_TIME: Mapping[str, frozenset[Status]] = {
    "accepted": ARRIVED,
    "delivered": frozenset({Status.DELIVERED, Status.READ}),
    "read": frozenset({Status.READ}),
}
"""What a delivery must have come to."""


@dataclass(frozen=True)
class Late:
    """A delivery whose time is over. `place` where its connector is still configured."""

    place: Place | None
    connector_id: str
    delivery_id: str


def watch(transaction: Transaction, parcel: Parcel) -> None:
    """Sets the timer of a delivery whose next channel does not wait for its failure."""
    fallback = parcel.plan.fallback
    if fallback and fallback[0].after:
        set_timer(transaction, TIMER, subject_of(parcel.connector_id, parcel.id), _deadline(parcel, fallback[0]))


def overdue(transaction: Transaction, lates: Sequence[Late]) -> list[None]:
    """Hands on the deliveries that were not in time. One that is under way, or in doubt, is when that ends."""
    desk = Desk(transaction)
    for late in lates:
        end_timer(transaction, TIMER, subject_of(late.connector_id, late.delivery_id))
        transaction.flush()
        row = transaction.row(f"{SELECT} WHERE id = ?", late.delivery_id)
        if row:
            parcel = Parcel(*row)
            before = parcel.status
            settle(desk, parcel)
            if parcel.status != before:
                tell(desk.cases, parcel, late.place)
    desk.save()
    return [None] * len(lates)


def follow_up(desk: Desk, parcel: Parcel, place: Place | None) -> None:
    """After its status changed: hands a delivery on where that is due, and says how it stands."""
    settle(desk, parcel)
    if parcel.status != Status.QUEUED:
        tell(desk.cases, parcel, place)


def settle(desk: Desk, parcel: Parcel) -> None:
    """Hands a delivery on to the next channel, once, where it failed or is late, and there is such a channel."""
    plan = parcel.plan
    reason = _reason(desk.transaction, parcel, plan) if plan.fallback else None
    if reason and _fall_back(desk, parcel, plan, reason):
        if parcel.status != Status.DELIVERED:  # not read, but it stands
            parcel.status = Status.REROUTED
        save(desk.transaction, parcel, msgspec.structs.replace(plan, fallback=()))


def _reason(transaction: Transaction, parcel: Parcel, plan: Plan) -> str | None:
    """Why the next channel is due, if it is."""
    arrived = any(frozen.status in ARRIVED for frozen in plan.payloads)
    if parcel.status == Status.FAILED:
        return None if arrived else f"after {plan.error.code if plan.error else 'failure'}"
    step = plan.fallback[0]
    wanted = step.unless or "delivered"
    if not step.after or transaction.now_us < _deadline(parcel, step) or parcel.status in IN_TIME[wanted]:
        return None
    waits = parcel.status == Status.QUEUED and not arrived
    known = parcel.status in ARRIVED or (parcel.status == Status.UNCERTAIN and step.uncertain)
    return f"because it was not {wanted} within {step.after} s" if waits or known else None


def _deadline(parcel: Parcel, step: Fallback) -> int:
    return parcel.created_at + step.after * SECOND


def _fall_back(desk: Desk, failed: Parcel, plan: Plan, reason: str) -> Parcel | None:
    """The delivery that takes over, queued; None where no channel of the fallback leads anywhere."""
    transaction, message = desk.transaction, desk.message(failed.message_id)
    for n, step in enumerate(plan.fallback):
        if chosen := _route(desk, failed, plan, message, step.channel):
            way_id, connector_id = chosen
            why, steps = f"fallback to {step.channel} {reason}", plan.fallback[n + 1 :]
            rest = Plan(why=why, fallback=steps, reach=plan.reach, trace=plan.trace)
            parcel = queue(
                transaction, message, way_id, connector_id, rest, rank=failed.rank, expires_at=failed.expires_at
            )
            watch(transaction, parcel)
            return parcel
    return None


def _route(desk: Desk, failed: Parcel, plan: Plan, message: Message, channel: str) -> tuple[str, str] | None:
    """Route and connector to use, by the same rules as any other reply."""
    case = desk.cases.get(failed.conversation_id)
    all_ways = ways_of(desk.transaction, case)
    private = any(way.visibility == Visibility.PRIVATE for way in all_ways)
    ways = [way for way in all_ways if way.id != failed.route_id and way.connector_id in plan.reach]
    has_template = any(isinstance(part, TemplatePart) for part in message.parts)
    wish = Wish(channel=channel, purpose=message.purpose, private=private, has_template=has_template)
    chosen = choose_among(desk.transaction, wish, ways, plan.reach)
    if not isinstance(chosen, Chosen):
        return None
    return next((way.id, way.connector_id) for way in ways if way.id == chosen.route_id)
