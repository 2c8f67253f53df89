"""An operator settles what is uncertain, and everybody hears by whom and how."""

import pytest

from connectors.kit.base import Sent
from connectors.kit.errors import OutcomeUnknown
from gateway.send.asks import Rejected
from gateway.send.claim import Claimed
from gateway.send.verdict import Outcome, Verdict, judge
from normalizer.commands import Fallback
from normalizer.model import Delivery
from normalizer.status import Status
from tests.send.conftest import Desk
from tests.send.test_late import say
from tests.send.test_pieces import LONG
from tests.send.test_reports import answer, claimed, ended, report, told


def uncertain(desk: Desk, text: str = "hi") -> Claimed:
    desk.say(text)
    one = claimed(desk)
    answer(desk, one, OutcomeUnknown("reset"))
    return one


def settle(desk: Desk, delivery_id: str, outcome: Outcome) -> Delivery | Rejected:
    verdict = Verdict(delivery_id, outcome, "ada", {"support": desk.place})
    return desk.writer.submit(judge, verdict).result(10)


@pytest.mark.parametrize("outcome", [Outcome.DELIVERED, Outcome.ACCEPTED, Outcome.FAILED])
def test_it_stands_as_the_operator_says(desk: Desk, outcome: Outcome) -> None:
    one = uncertain(desk)
    delivery = settle(desk, one.parcel.id, outcome)
    assert isinstance(delivery, Delivery)
    assert delivery.status == outcome
    assert delivery.why == f"last inbound route; settled as {outcome} by ada"
    update = desk.updates()[-1]
    assert (update["status"], update["why"]) == (outcome, delivery.why)
    assert (update["error"] is None) == (outcome != Outcome.FAILED)
    assert desk.events()[-1]["connector"] == "support"


def test_a_retry_is_another_attempt_under_the_same_token(desk: Desk) -> None:
    one = uncertain(desk)
    delivery = settle(desk, one.parcel.id, Outcome.RETRY)
    assert isinstance(delivery, Delivery)
    assert (delivery.status, delivery.attempt, delivery.error) == ("queued", 2, None)
    again = claimed(desk)
    assert (again.parcel.id, again.plan.payloads[0].body) == (one.parcel.id, one.plan.payloads[0].body)
    answer(desk, again, Sent(("out:1",)))
    assert desk.deliveries() == [("accepted", 2)]
    assert told(desk, one) == sorted(told(desk, one))


def test_a_report_still_outdoes_the_operator(desk: Desk) -> None:
    one = uncertain(desk)
    settle(desk, one.parcel.id, Outcome.FAILED)
    report(desk, one, "read", status=Status.READ)
    assert ended(desk, one)["status"] == "read"
    assert ended(desk, one)["error"] is None


def test_a_retry_leaves_no_more_when_a_report_comes_first(desk: Desk) -> None:
    one = uncertain(desk)
    settle(desk, one.parcel.id, Outcome.RETRY)
    report(desk, one, "delivered", status=Status.DELIVERED)
    assert desk.deliveries() == [("delivered", 2)]


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.RETRY])
def test_the_rest_of_a_long_message_goes_on(desk: Desk, outcome: Outcome) -> None:
    one = uncertain(desk, LONG)
    settle(desk, one.parcel.id, outcome)
    again = claimed(desk)
    assert [frozen.status for frozen in again.plan.payloads] == [
        "accepted" if outcome == Outcome.ACCEPTED else "queued",
        "queued",
        "queued",
    ]


def test_a_long_message_that_failed_has_failed_as_a_whole(desk: Desk) -> None:
    one = uncertain(desk, LONG)
    settle(desk, one.parcel.id, Outcome.FAILED)
    assert desk.deliveries() == [("failed", 1)]


def test_a_failure_goes_on_by_the_next_channel(desk: Desk) -> None:
    one = say(desk, Fallback(channel="smoke"))
    answer(desk, one, OutcomeUnknown("reset"))
    settle(desk, one.parcel.id, Outcome.FAILED)
    assert desk.deliveries() == [("rerouted", 1), ("queued", 1)]
    assert desk.updates()[-1]["status"] == "rerouted"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_is_uncertain_can_be_settled(desk: Desk, outcome: Outcome) -> None:
    one = uncertain(desk)
    settle(desk, one.parcel.id, Outcome.ACCEPTED)
    before = desk.events()
    refused = settle(desk, one.parcel.id, outcome)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (409, "not_uncertain")
    unknown = settle(desk, "nobody's", outcome)
    assert isinstance(unknown, Rejected)
    assert unknown.status == 404
    assert desk.events() == before


def test_reasons_do_not_pile_up(desk: Desk) -> None:
    one = uncertain(desk)
    for _ in range(3):
        settle(desk, one.parcel.id, Outcome.RETRY)
        answer(desk, claimed(desk), OutcomeUnknown("reset"))
    assert desk.updates()[-1]["why"] == "last inbound route; settled as retry by ada"
