"""A fallback with a time: what was not delivered, or not read, in time goes on by the next channel."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.kit.base import Sent
from connectors.kit.errors import OutcomeUnknown, Temporary
from gateway.send.asks import Accepted
from gateway.send.claim import Claimed
from gateway.send.fallback import TIMER, Late, overdue
from gateway.send.standing import NEVER
from gateway.store.engine import writing
from normalizer.commands import Fallback, SendMessage
from normalizer.status import Status
from tests.background.heronry import Heron, Note, deliver, eventually, live, rows, running, settings_in
from tests.background.heronry import run as run_hub
from tests.send.conftest import Desk
from tests.send.test_fallback import on_two_channels
from tests.send.test_pieces import LONG
from tests.send.test_reports import answer, claimed, report

MINUTES = 120


def say(desk: Desk, *steps: Fallback, text: str = "hi") -> Claimed:
    """A message by pigeon, under way."""
    conversation_id = on_two_channels(desk)
    accepted = desk.ask(SendMessage(conversation_id=conversation_id, text=text, channel="pigeon", fallback=steps))
    assert isinstance(accepted, Accepted), accepted
    return claimed(desk)


def smoke(unless: str | None = None, after: int = MINUTES, **more: Any) -> Fallback:
    return Fallback(channel="smoke", after=after, unless=unless, **more)


def let_time_pass(desk: Desk) -> None:
    """As if the delivery had been queued long ago, and its timer were due."""
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE deliveries SET created_at = created_at - ?", (MINUTES * 1_000_000,))
    for (subject,) in desk.rows("SELECT subject FROM timers WHERE kind = ?", TIMER):
        connector, _, delivery = subject.partition("\n")
        desk.writer.submit(overdue, Late(desk.place, connector, delivery)).result(10)


def stand(desk: Desk) -> list[tuple[str, str, str]]:
    """Connector, status and reason of each delivery."""
    found = desk.rows("SELECT connector_id, status, body FROM deliveries ORDER BY id")
    return [(connector, status, msgspec.json.decode(body)["why"]) for connector, status, body in found]


PIGEON = "named channel, last inbound route"


@pytest.mark.parametrize(
    ("unless", "came", "goes_on"),
    [
        (None, "accepted", True),
        (None, "delivered", False),
        ("accepted", "accepted", False),
        ("delivered", "accepted", True),
        ("delivered", "read", False),
        ("read", "read", False),
    ],
)
def test_what_did_not_come_far_enough_in_time_goes_on(desk: Desk, unless: str | None, came: str, goes_on: bool) -> None:
    one = say(desk, smoke(unless))
    answer(desk, one, Sent(("out:1",), Status(came)))
    assert len(stand(desk)) == 1
    let_time_pass(desk)
    why = f"fallback to smoke because it was not {unless or 'delivered'} within {MINUTES} s"
    rerouted = [("support", "rerouted", PIGEON), ("hill", "queued", why)]
    assert stand(desk) == (rerouted if goes_on else [("support", came, PIGEON)])
    told = ["accepted", "rerouted"] if goes_on else [came]
    assert [update["status"] for update in desk.updates()] == told
    assert desk.rows("SELECT count(*) FROM timers") == [(0,)]


def test_what_was_delivered_and_not_read_stands_and_goes_on(desk: Desk) -> None:
    one = say(desk, smoke("read"))
    answer(desk, one, Sent(("out:1",), Status.DELIVERED))
    let_time_pass(desk)
    assert [(connector, status) for connector, status, _ in stand(desk)] == [
        ("support", "delivered"),
        ("hill", "queued"),
    ]
    report(desk, one, "read", status=Status.READ)
    assert [update["status"] for update in desk.updates()] == ["delivered", "read"]


def test_what_still_waits_goes_on_instead(desk: Desk) -> None:
    one = say(desk, smoke("accepted"))
    answer(desk, one, Temporary("slow down", retry_after=3600))
    next_one = SendMessage(conversation_id=one.parcel.conversation_id, text="next", channel="pigeon")
    assert isinstance(desk.ask(next_one), Accepted)
    let_time_pass(desk)
    assert [(connector, status) for connector, status, _ in stand(desk)] == [
        ("support", "rerouted"),
        ("support", "queued"),
        ("hill", "queued"),
    ]
    assert desk.rows("SELECT count(*) FROM deliveries WHERE due_at = ?", NEVER) == [(0,)]  # each has its route's turn


def test_what_is_under_way_or_in_doubt_does_not_until_that_ends(desk: Desk) -> None:
    one = say(desk, smoke())
    let_time_pass(desk)
    assert [status for _, status, _ in stand(desk)] == ["sending"]
    answer(desk, one, OutcomeUnknown("reset"))
    assert [status for _, status, _ in stand(desk)] == ["uncertain"]
    report(desk, one, "accepted", status=Status.ACCEPTED)
    assert [status for _, status, _ in stand(desk)] == ["rerouted", "queued"]


def test_what_is_in_doubt_goes_on_where_the_command_says_so(desk: Desk) -> None:
    one = say(desk, smoke(uncertain=True))
    answer(desk, one, OutcomeUnknown("reset"))
    let_time_pass(desk)
    assert [status for _, status, _ in stand(desk)] == ["rerouted", "queued"]


def test_what_left_in_part_does_not(desk: Desk) -> None:
    one = say(desk, smoke(), text=LONG)
    answer(desk, one, Sent(("out:1",)))
    answer(desk, one, Temporary("no connection"), 1)
    let_time_pass(desk)
    assert [status for _, status, _ in stand(desk)] == ["queued"]


def test_a_failure_does_not_wait_for_the_time(desk: Desk) -> None:
    one = say(desk, smoke())
    report(desk, one, "failed", status=Status.FAILED)
    assert stand(desk)[1][1:] == ("queued", "fallback to smoke after unknown")
    let_time_pass(desk)
    assert len(stand(desk)) == 2


def test_each_step_of_a_chain_has_its_time(desk: Desk) -> None:
    one = say(desk, smoke(), Fallback(channel="pigeon", after=600))
    answer(desk, one, Sent(("out:1",)))
    let_time_pass(desk)
    [(second,)] = desk.rows("SELECT id FROM deliveries WHERE connector_id = 'hill'")
    [(subject, due)] = desk.rows("SELECT subject, due_at FROM timers")
    [(created,)] = desk.rows("SELECT created_at FROM deliveries WHERE id = ?", second)
    assert (subject, due - created) == (f"hill\n{second}", 600_000_000)


def test_a_late_delivery_without_another_way_stays(desk: Desk) -> None:
    accepted = desk.say("hi", fallback=(smoke(),))
    one = claimed(desk)
    answer(desk, one, Sent(("out:1",)))
    let_time_pass(desk)
    assert [status for _, status, _ in stand(desk)] == ["accepted"]
    assert accepted.delivery is not None


def test_the_clock_runs_it_also_after_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        from gateway.send.accept import accept
        from gateway.send.asks import Ask
        from tests.send.conftest import AGENT

        settings = settings_in(tmp_path)
        async with running(settings, live(Heron)) as hub:
            await deliver(hub, Note(id="1", text="one"))
            [(conversation_id,)] = rows(hub, "SELECT id FROM conversations")
            command = SendMessage(
                conversation_id=conversation_id, text="hi", fallback=(Fallback(channel="smoke", after=1),)
            )
            await hub.writer.write(accept, Ask("principal", AGENT, command, hub.connectors))
        async with running(settings) as hub:  # its connector is gone, the timer runs all the same
            await eventually(lambda: rows(hub, "SELECT count(*) FROM timers") == [(0,)])
            assert rows(hub, "SELECT count(*) FROM deliveries") == [(1,)]

    run_hub(test)
