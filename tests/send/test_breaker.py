"""The breaker: a provider in trouble is tried with one message at a time, and a restart does not hammer it."""

from typing import Any

import pytest

from connectors.kit.base import Sent
from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Refused, Temporary
from gateway.send.claim import Claimed, Wanted, claim, release
from gateway.send.pausing import FAILURES, FIRST_OPEN, LONGEST_OPEN, TRIALS, unpause
from gateway.store.engine import writing
from gateway.store.times import SECOND, now, to_us
from tests.record.conftest import said
from tests.send.conftest import Desk
from tests.send.test_reports import answer

DOWN = Temporary("no connection: ConnectionRefusedError")


def crowd(desk: Desk, count: int) -> None:
    """One message each to so many people, on routes of their own."""
    for n in range(count):
        desk.record(said("hello", 1, sender=f"{100 + n}"))
        [(desk.conversation_id,)] = desk.rows("SELECT id FROM conversations ORDER BY number DESC LIMIT 1")
        desk.say(f"{n}")


def take(desk: Desk, *, owner: str = "one", under_way: int = 0, lease: float = 60.0) -> list[Claimed]:
    wanted = Wanted(
        connector=desk.connector, owner=owner, lease=lease, most=32 - under_way, idle=not under_way, link=str
    )
    return list(desk.writer.submit(claim, wanted).result(10).parcels)


def change(desk: Desk, sql: str, *parameters: Any) -> None:
    with writing(desk.engine) as connection:
        connection.exec_driver_sql(sql, parameters)


def let_time_pass(desk: Desk) -> None:
    """As if every pause were over, and everything due."""
    change(desk, "UPDATE lanes SET paused_until = 1")
    change(desk, "UPDATE deliveries SET due_at = 1 WHERE attempt > 1")


def told(desk: Desk) -> list[tuple[str, str | None]]:
    return [
        (event["data"]["state"], event["data"]["reason"])
        for event in desk.events()
        if event["type"].startswith("onethread.connector.")
    ]


def lane(desk: Desk) -> tuple[str, int, float]:
    """State, failures in a row, and for how many seconds it is paused."""
    [(state, failures, until)] = desk.rows("SELECT state, failures, paused_until FROM lanes")
    return state, failures, max(0.0, ((until or 0) - to_us(now())) / SECOND)


def broken(desk: Desk, error: KitError = DOWN, count: int = FAILURES) -> list[Claimed]:
    """A lane whose requests under way all fail."""
    sending = take(desk)
    for one in sending[:count]:
        answer(desk, one, error)
    return sending


@pytest.mark.parametrize("error", [DOWN, OutcomeUnknown("no answer in time")], ids=["down", "no answer"])
def test_failures_in_a_row_open_the_breaker_and_say_so_once(desk: Desk, error: KitError) -> None:
    crowd(desk, 10)
    broken(desk, error, 10)
    state, failures, seconds = lane(desk)
    assert (state, failures) == ("degraded", FAILURES)
    assert FIRST_OPEN - 1 < seconds <= FIRST_OPEN
    assert told(desk) == [("degraded", f"{FAILURES} requests in a row did not get through: {error.detail}")]
    assert take(desk) == []


@pytest.mark.parametrize("ends", [Sent(("out",)), Refused("no")], ids=["accepted", "refused"])
def test_an_answer_between_them_starts_the_count_anew(desk: Desk, ends: Sent | KitError) -> None:
    crowd(desk, 10)
    sending = broken(desk, count=FAILURES - 1)
    answer(desk, sending[FAILURES - 1], ends)
    for one in sending[FAILURES : 2 * FAILURES - 1]:
        answer(desk, one, DOWN)
    assert (lane(desk)[0], told(desk)) == ("up", [])


def test_being_told_to_wait_is_an_answer(desk: Desk) -> None:
    crowd(desk, 10)
    sending = broken(desk, count=FAILURES - 1)
    for one in sending[FAILURES - 1 :]:
        answer(desk, one, Temporary("slow down", retry_after=30))
    state, failures, seconds = lane(desk)
    assert (state, failures, told(desk)) == ("up", 0, [])
    assert 29 < seconds <= 30


def test_after_the_pause_one_message_is_tried_and_an_answer_closes_the_breaker(desk: Desk) -> None:
    crowd(desk, 10)
    broken(desk)
    let_time_pass(desk)
    assert take(desk, under_way=5) == []  # what is still under way first
    [trial] = take(desk)
    assert take(desk, under_way=1) == []
    answer(desk, trial, Sent(("out",)))
    assert told(desk)[-1] == ("up", None)
    assert lane(desk) == ("up", 0, 0)
    assert len(take(desk)) == 4


def test_each_trial_that_fails_doubles_the_pause_and_in_the_end_the_connector_is_down(desk: Desk) -> None:
    crowd(desk, 40)
    broken(desk)
    pauses = []
    for _ in range(10):
        let_time_pass(desk)
        [trial] = take(desk)
        answer(desk, trial, OutcomeUnknown("no answer in time"))
        pauses.append(lane(desk)[2])
    wanted = [min(LONGEST_OPEN, FIRST_OPEN * 2**n) for n in range(1, 11)]
    assert [round(pause) for pause in pauses] == wanted
    assert [state for state, _ in told(desk)] == ["degraded", "down"]
    assert f"{FAILURES + TRIALS} requests" in (told(desk)[-1][1] or "")


def test_what_had_left_before_the_breaker_opened_does_not_lengthen_the_pause(desk: Desk) -> None:
    crowd(desk, 20)
    broken(desk, count=20)
    assert lane(desk)[1] == FAILURES


def test_a_restart_does_not_hammer(desk: Desk) -> None:
    crowd(desk, 10)
    broken(desk)
    desk.writer.submit(release, ("support", "one")).result(10)
    assert take(desk, owner="two") == []
    let_time_pass(desk)
    assert len(take(desk, owner="two")) == 1


def test_a_wrong_set_up_is_tried_with_one_message_too_and_a_refusal_does_not_mend_it(desk: Desk) -> None:
    crowd(desk, 10)
    for one in take(desk):
        answer(desk, one, Misconfigured("the token is wrong"))
    assert told(desk) == [("down", "the token is wrong")]
    desk.writer.submit(unpause, "support").result(10)
    [trial] = take(desk)
    answer(desk, trial, Refused("no"))
    assert lane(desk)[0] == "down"
    [trial] = take(desk)
    answer(desk, trial, Sent(("out",)))
    assert told(desk)[-1] == ("up", None)


def test_what_is_urgent_is_tried_first(desk: Desk) -> None:
    crowd(desk, 10)
    broken(desk)
    change(desk, "UPDATE conversations SET priority = 'emergency' WHERE number = 3")
    [(desk.conversation_id,)] = desk.rows("SELECT id FROM conversations WHERE number = 3")
    urgent = desk.say("urgent")
    let_time_pass(desk)
    [trial] = take(desk)
    assert trial.parcel.message_id == urgent.message.id
