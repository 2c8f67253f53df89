"""What providers report about what we sent, in whatever order: before the answer, after it, or instead of it."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import msgspec
import pytest

from connectors.kit.base import Sent
from connectors.kit.errors import KitError, OutcomeUnknown, Temporary
from gateway.arrival import Place
from gateway.record.desk import Desk as RecordDesk
from gateway.send.claim import Claimed, Wanted, claim
from gateway.send.outcome import Done, Failed, record_outcomes
from gateway.send.pieces import read_token, token_of
from gateway.store.engine import writing
from gateway.store.transaction import Transaction
from normalizer.commands import Fallback, SendMessage
from normalizer.inbound import StatusChanged
from normalizer.model import Inbox
from normalizer.status import RANK, Status
from tests.send.conftest import Desk
from tests.send.test_fallback import on_two_channels
from tests.send.test_pieces import LONG

ANSWER = "answer"
TELLING = {"error_code": "unreachable", "provider_code": "30003"}
REPORTS = {
    "accepted": {"status": Status.ACCEPTED},
    "delivered": {"status": Status.DELIVERED},
    "read": {"status": Status.READ},
    "failed": {"status": Status.FAILED, **TELLING},
    "failed, without a word": {"status": Status.FAILED},
}


def claimed(desk: Desk) -> Claimed:
    """What a lane would carry out next, in `sending`."""
    wanted = Wanted(connector=desk.connector, owner="one", lease=5.0, most=8, idle=True, link=str)
    [one] = desk.writer.submit(claim, wanted).result(10).parcels
    return one


def answer(desk: Desk, one: Claimed, said: Sent | KitError, n: int = 0) -> bool:
    """The lane hears what the provider said."""
    if isinstance(said, Sent):
        return desk.writer.submit(record_outcomes, Done(desk.connector, one.parcel, n, said)).result(10)
    failed = Failed(desk.connector, one.parcel, n, said, 3)
    return desk.writer.submit(record_outcomes, failed).result(10)


def report(desk: Desk, one: Claimed, key: str, *, n: int = 0, name: str = "out:1", **fields: Any) -> None:
    token = fields.pop("token", token_of(one.parcel.id, n))
    desk.record(StatusChanged(key=f"{one.parcel.id} {key}", external_id=name, token=token, **fields))


def set_well(desk: Desk) -> None:
    """As if nothing had failed before."""
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE lanes SET failures = 0, state = 'up', paused_until = NULL")


def ended(desk: Desk, one: Claimed) -> dict[str, Any]:
    """Everything a delivery ended as, but for its names and times."""
    [(status, attempt, body, message)] = desk.rows(
        "SELECT d.status, d.attempt, d.body, m.body FROM deliveries d JOIN messages m ON m.id = d.message_id"
        " WHERE d.id = ?",
        one.parcel.id,
    )
    plan = msgspec.json.decode(body)
    known = desk.rows("SELECT external_id FROM external_ids WHERE delivery_id = ? ORDER BY 1", one.parcel.id)
    return {
        "status": status,
        "attempt": attempt,
        "payloads": [(each["status"], each["external_ids"]) for each in plan["payloads"]],
        "error": plan["error"],
        "names": msgspec.json.decode(message)["external_ids"],
        "known": known,
    }


def told(desk: Desk, one: Claimed) -> list[tuple[int, int]]:
    """Attempt and rank of every status the feed told of a delivery."""
    updates = [update for update in desk.updates() if update["id"] == one.parcel.id]
    return [(update["attempt"], RANK[Status(update["status"])]) for update in updates]


@pytest.mark.parametrize("token", [True, False], ids=["by token", "by name"])
@pytest.mark.parametrize(
    "reports",
    [("accepted", "delivered", "read"), ("accepted", "failed", "delivered"), ("failed", "failed, without a word")],
    ids=" ".join,
)
def test_answer_and_reports_in_every_order_end_alike_and_no_status_falls(
    desk: Desk, reports: tuple[str, ...], token: bool
) -> None:
    ends = []
    for number, order in enumerate(permutations((ANSWER, *reports))):
        desk.say("hi")
        one, name = claimed(desk), f"out:{number}"
        for key in order:
            if key == ANSWER:
                answer(desk, one, Sent((name,)))
            else:
                more = {} if token else {"token": None}
                report(desk, one, key, name=name, **REPORTS[key], **more)
        assert told(desk, one) == sorted(told(desk, one)), order
        end = ended(desk, one)
        assert (end["names"], end["known"]) == ([name], [(name,)]), order
        ends.append(msgspec.json.encode(end).replace(name.encode(), b"name"))
    assert len(set(ends)) == 1, set(ends)
    assert desk.rows("SELECT count(*) FROM waiting_reports") == [(0,)]


@pytest.mark.parametrize("reports", [("accepted", "delivered"), ("accepted", "failed")], ids=" ".join)
def test_reports_by_token_take_the_place_of_an_answer_that_never_came(desk: Desk, reports: tuple[str, ...]) -> None:
    """A time-out says nothing; whatever order it is heard in, the reports say it all."""
    ends = []
    for number, order in enumerate(permutations((ANSWER, *reports))):
        desk.say("hi")
        one, name = claimed(desk), f"out:{number}"
        for key in order:
            if key == ANSWER:
                answer(desk, one, OutcomeUnknown("reset"))
                set_well(desk)
            else:
                report(desk, one, key, name=name, **REPORTS[key])
        assert told(desk, one) == sorted(told(desk, one)), order
        end = ended(desk, one)
        assert (end["names"], end["known"]) == ([name], [(name,)]), order
        ends.append(msgspec.json.encode(end).replace(name.encode(), b"name"))
    assert len(set(ends)) == 1, set(ends)


def test_a_report_by_token_applies_before_the_answer(desk: Desk) -> None:
    desk.say("hi")
    one = claimed(desk)
    report(desk, one, "delivered", status=Status.DELIVERED)
    assert [update["status"] for update in desk.updates()] == ["delivered"]
    assert not answer(desk, one, Sent(("out:1",)))
    assert [update["status"] for update in desk.updates()] == ["delivered"]


def test_a_report_by_token_settles_what_was_uncertain_and_says_what_the_message_is_called(desk: Desk) -> None:
    accepted = desk.say("hi")
    one = claimed(desk)
    answer(desk, one, OutcomeUnknown("reset"))
    report(desk, one, "accepted", status=Status.ACCEPTED)
    assert [update["status"] for update in desk.updates()] == ["uncertain", "accepted"]
    assert ended(desk, one)["error"] is None
    names = "SELECT external_id FROM external_ids WHERE message_id = ? AND delivery_id = ?"
    assert desk.rows(names, accepted.message.id, one.parcel.id) == [("out:1",)]


@pytest.mark.parametrize("before", [True, False], ids=["before the answer", "after it"])
def test_a_long_message_whose_doubt_a_report_ends_goes_on_with_its_other_pieces(desk: Desk, before: bool) -> None:
    desk.say(LONG)
    one = claimed(desk)
    if before:
        report(desk, one, "accepted", status=Status.ACCEPTED)
    answer(desk, one, OutcomeUnknown("reset"))
    if not before:
        report(desk, one, "accepted", status=Status.ACCEPTED)
    again = claimed(desk)
    assert again.parcel.id == one.parcel.id
    assert [frozen.status for frozen in again.plan.payloads] == ["accepted", "queued", "queued"]
    for n in range(1, 3):
        answer(desk, again, Sent((f"out:{n + 1}",)), n)
    assert desk.deliveries() == [("accepted", 1 if before else 2)]
    assert told(desk, one) == sorted(told(desk, one))


def test_a_piece_that_never_left_is_not_taken_for_sent_because_the_one_in_doubt_was_read(desk: Desk) -> None:
    desk.say(LONG)
    one = claimed(desk)
    answer(desk, one, Sent(("out:1",)))
    answer(desk, one, OutcomeUnknown("reset"), 1)
    report(desk, one, "read", n=0, status=Status.READ)
    assert desk.deliveries() == [("uncertain", 1)]
    report(desk, one, "accepted", n=1, name="out:2", status=Status.ACCEPTED)
    assert desk.deliveries() == [("queued", 2)]


def test_the_failure_of_an_earlier_attempt_does_not_end_the_next(desk: Desk) -> None:
    desk.say("hi")
    one = claimed(desk)
    answer(desk, one, Temporary("no connection"))
    report(desk, one, "failed", status=Status.FAILED)
    assert desk.deliveries() == [("queued", 2)]
    report(desk, one, "delivered", status=Status.DELIVERED)
    assert desk.deliveries() == [("delivered", 2)]


def test_a_token_counts_only_on_the_connector_it_left_by(desk: Desk) -> None:
    desk.say("hi")
    one = claimed(desk)
    token = token_of(one.parcel.id, 0)
    elsewhere = Place("elsewhere", "pigeon", "pigeon", Inbox(id="main"))
    desk.record(StatusChanged(key="s", external_id="x", status=Status.READ, token=token), place=elsewhere)
    assert desk.deliveries() == [("sending", 1)]
    assert desk.rows("SELECT connector_id FROM waiting_reports") == [("elsewhere",)]


@pytest.mark.parametrize(
    "token", ["", ".", "1", "x.1", "x.0", "x.-1", "x.²", "x.99999999999999999999", "%.1", "\x00.1"]
)
def test_a_token_that_is_none_of_ours_is_nobodys(desk: Desk, token: str) -> None:
    desk.say("hi")
    one = claimed(desk)
    report(desk, one, "odd", status=Status.READ, token=token)
    report(desk, one, "odder", status=Status.READ, token=f"{one.parcel.id}.2")
    assert desk.deliveries() == [("sending", 1)]
    answer(desk, one, Sent(("out:1",)))
    assert desk.deliveries() == [("read", 1)]  # they waited for the name


def test_tokens_read_back() -> None:
    assert [read_token(token_of("a.b", n)) for n in (0, 11)] == [("a.b", 0), ("a.b", 11)]


def test_what_was_rerouted_has_failed_already_and_may_arrive_after_all(desk: Desk) -> None:
    conversation_id = on_two_channels(desk)
    command = SendMessage(
        conversation_id=conversation_id, text="hi", channel="pigeon", fallback=(Fallback(channel="smoke"),)
    )
    desk.ask(command)
    one = claimed(desk)
    for key in ("failed", "failed, without a word", "delivered"):
        report(desk, one, key, **REPORTS[key])
    assert [update["status"] for update in desk.updates()] == ["rerouted", "delivered"]
    assert desk.rows("SELECT count(*) FROM deliveries") == [(2,)]


def test_the_answer_leaves_standing_what_was_changed_while_the_request_was_under_way(desk: Desk) -> None:
    desk.say("hi")
    one = claimed(desk)

    def reword(transaction: Transaction, texts: Sequence[str]) -> list[bytes]:
        at = RecordDesk(transaction)
        message = at.message(one.parcel.message_id)
        return [at.rewrite(msgspec.structs.replace(message, text=text, revision=1)) for text in texts]

    desk.writer.submit(reword, "hello").result(10)
    answer(desk, one, Sent(("out:1",)))

    [(body,)] = desk.rows("SELECT body FROM messages WHERE id = ?", one.parcel.message_id)
    message = msgspec.json.decode(body)
    assert (message["text"], message["revision"], message["external_ids"]) == ("hello", 1, ["out:1"])
