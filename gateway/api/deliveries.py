"""Deliveries: settling what is uncertain."""

from gateway.api.problems import Problem
from gateway.api.route import Call, Route
from gateway.api.shapes import Given, Strict
from gateway.keys import Scope
from gateway.send.asks import Rejected
from gateway.send.verdict import Outcome, Verdict, judge
from normalizer.model import Delivery


class Settling(Strict, frozen=True, kw_only=True):
    outcome: Outcome
    """What became of it, or `retry`: it is sent once more, and may arrive twice."""


class DeliveryAnswer(Given, frozen=True, kw_only=True):
    delivery: Delivery


def settle(call: Call) -> DeliveryAnswer:
    asked: Settling = call.body
    places = {name: connector.place for name, connector in call.hub.connectors.items()}
    who = call.principal.name
    settled = call.hub.writer.submit(judge, Verdict(call.id, asked.outcome, who, places)).result()
    if isinstance(settled, Rejected):
        raise Problem(settled.status, settled.code, settled.detail)
    return DeliveryAnswer(delivery=settled)


DELIVERIES = (
    Route(
        method="POST",
        path="/v1/deliveries/{id}/settle",
        do=settle,
        scope=Scope.ADMIN,
        summary="Settle an uncertain delivery",
        about="By what was found at the provider; `retry` sends it once more, as another attempt under the same token."
        " `delivery.updated` says so, with who settled it in `why`. Of a message that goes in several requests the one"
        " in doubt is settled, and the others go on; `failed` ends them all. 409: it is not uncertain.",
        body=Settling,
        answer=DeliveryAnswer,
        errors=(409, 503),
    ),
)
