"""Where a message goes next when its delivery failed: the next channel of the command's fallback that may be used.

Never after `uncertain`: what may have arrived is not sent a second time another way.
"""

import msgspec

from gateway.record.desk import Desk
from gateway.send.standing import Parcel, Plan, queue, save
from gateway.send.target import facts_of, ways_of
from normalizer.model import Message, Visibility
from normalizer.reply_channel import Chosen, Wish, choose
from normalizer.status import Status

ARRIVED = frozenset({Status.ACCEPTED, Status.DELIVERED, Status.READ})


def settle(desk: Desk, parcel: Parcel) -> None:
    """Hands a delivery that failed on to the next channel, once, where there is one and no piece of it arrived."""
    plan = parcel.plan
    if any(frozen.status in ARRIVED for frozen in plan.payloads):
        return
    if parcel.status == Status.FAILED and plan.fallback and _fall_back(desk, parcel, plan):
        parcel.status = Status.REROUTED
        save(desk.transaction, parcel, msgspec.structs.replace(plan, fallback=()))


def _fall_back(desk: Desk, failed: Parcel, plan: Plan) -> Parcel | None:
    """The delivery that takes over, queued; None where no channel of the fallback leads anywhere."""
    transaction, message = desk.transaction, desk.message(failed.message_id)
    for n, step in enumerate(plan.fallback):
        if chosen := _route(desk, failed, plan, message, step.channel):
            way_id, connector_id = chosen
            why = f"fallback to {step.channel} after {plan.error.code if plan.error else 'failure'}"
            rest = Plan(why=why, fallback=plan.fallback[n + 1 :], reach=plan.reach)
            return queue(
                transaction, message, way_id, connector_id, rest, rank=failed.rank, expires_at=failed.expires_at
            )
    return None


def _route(desk: Desk, failed: Parcel, plan: Plan, message: Message, channel: str) -> tuple[str, str] | None:
    """Route and connector to use, by the same rules as any other reply."""
    case = desk.cases.get(failed.conversation_id)
    all_ways = ways_of(desk.transaction, case)
    private = any(way.visibility == Visibility.PRIVATE for way in all_ways)
    ways = [way for way in all_ways if way.id != failed.route_id and way.connector_id in plan.reach]
    wish = Wish(channel=channel, purpose=message.purpose, private=private)
    chosen = choose(wish, facts_of(desk.transaction, ways, message.purpose, plan.reach), desk.transaction.now)
    if not isinstance(chosen, Chosen):
        return None
    return next((way.id, way.connector_id) for way in ways if way.id == chosen.route_id)
