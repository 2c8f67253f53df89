"""How a provider calls what we sent: its ids lead back to the message and the delivery."""

from collections.abc import Sequence

from gateway.arrival import Place
from gateway.record.desk import Desk, Known
from gateway.send.standing import Parcel
from normalizer.model import DeliveryKind

_KNOW = (
    "INSERT INTO external_ids (connector_id, external_id, message_id, delivery_id) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (connector_id, external_id) DO UPDATE"
    " SET message_id = excluded.message_id, delivery_id = excluded.delivery_id WHERE external_ids.delivery_id IS NULL"
)


def learn(desk: Desk, place: Place, parcel: Parcel, external_ids: Sequence[str], *, late: bool = False) -> None:
    """Keeps the ids a request of the delivery goes by. Who calls this lets the reports that waited for them apply.

    A message takes them from its deliveries when it is read (the view `messages`), and is not written for them; but
    `late` where it may have others already, which stay before these.
    """
    target = parcel.plan.target  # an edit or a reaction may go by the name of its message
    names = [name for name in external_ids if name != target]
    known = Known(parcel.message_id, parcel.conversation_id, parcel.route_id, parcel.id)
    for name in names:
        desk.transaction.change(_KNOW, parcel.connector_id, name, parcel.message_id, parcel.id)
        desk.learn(place, name, known)
    if parcel.kind == DeliveryKind.MESSAGE and names:
        kept = {name for frozen in parcel.plan.payloads for name in frozen.external_ids}
        desk.name(parcel.message_id, names, write=late or not kept.issuperset(names))
