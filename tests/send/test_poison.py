"""A delivery that cannot be carried out, or recorded, ends visibly and holds up nobody."""

import asyncio
import time

import pytest

from connectors.kit.base import Sent
from connectors.kit.errors import BadPayload, BadSignature, Refused, Temporary
from gateway.send.pausing import LONGEST_PAUSE
from gateway.store.engine import writing
from gateway.store.times import SECOND, now, to_us
from tests.record.conftest import said
from tests.send.conftest import Desk, run


class Declined(Refused):
    """A plugin's own name for a refusal."""


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (BadPayload("an answer that does not read"), "uncertain"),
        (BadSignature("an answer that is not theirs"), "uncertain"),
        (Declined("no"), "failed"),
        (Sent((object(),)), "uncertain"),  # type: ignore[arg-type]  # what a careless plugin may return
        (Sent((b"\xff", 2**70)), "uncertain"),  # type: ignore[arg-type]
        (Sent((5,)), "uncertain"),  # type: ignore[arg-type]
    ],
    ids=["unreadable answer", "unproven answer", "own error", "no id", "odd ids", "a number"],
)
def test_whatever_a_plugin_ends_in_the_delivery_ends_and_its_successor_leaves(
    desk: Desk, line: Exception | Sent, status: str
) -> None:
    desk.say("first")
    desk.say("second")
    desk.plugin.script = [line]
    run(desk, **{status: 1, "accepted": 1})
    assert [outbound.payload.text for outbound in desk.plugin.sent] == ["first", "second"]


def test_a_cancellation_from_within_a_plugin_is_uncertain(desk: Desk) -> None:
    desk.say("first")
    desk.say("second")
    desk.plugin.script = [asyncio.CancelledError()]  # type: ignore[list-item]  # as a library's own task may end in
    run(desk, uncertain=1, accepted=1)


def test_a_delivery_that_cannot_be_prepared_fails_and_harms_no_other(desk: Desk) -> None:
    desk.record(said("hello", 1, sender="8"))
    poison = desk.say("poison")
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE message_heads SET body = x'00' WHERE id = ?", (poison.message.id,))
    desk.say("sound")
    run(desk, failed=1, accepted=1)
    assert [outbound.payload.text for outbound in desk.plugin.sent] == ["sound"]
    assert [update["status"] for update in desk.updates()] == ["failed", "accepted"]


def test_a_delivery_whose_plan_cannot_be_read_fails_and_harms_no_other(desk: Desk) -> None:
    desk.say("poison")
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE deliveries SET body = x'00'")
    desk.say("sound")
    run(desk, failed=1, accepted=1)


@pytest.mark.parametrize("told", [1e30, 10.0**9, float("inf")])
def test_nobody_makes_a_lane_wait_for_ever(desk: Desk, told: float) -> None:
    desk.say("hi")
    desk.plugin.script = [Temporary("slow down", retry_after=told)]
    run(desk, queued=1, sending=0)
    _until_paused(desk)
    [(paused_until,)] = desk.rows("SELECT paused_until FROM lanes")
    assert paused_until <= to_us(now()) + LONGEST_PAUSE * SECOND


def _until_paused(desk: Desk) -> None:
    async def work() -> None:
        lane = desk.lane()
        lane.start()
        async with asyncio.timeout(10):
            while not desk.rows("SELECT 1 FROM lanes WHERE paused_until IS NOT NULL"):  # noqa: ASYNC110 - as a reader
                await asyncio.sleep(0.01)
        await lane.stop()

    asyncio.run(work())


def test_of_two_pauses_the_longer_holds(desk: Desk) -> None:
    desk.record(said("hello", 1, sender="8"))
    [(other,)] = desk.rows("SELECT id FROM conversations WHERE id <> ?", desk.conversation_id)
    desk.say("first")
    desk.conversation_id = other
    desk.say("second")
    desk.plugin.script = [Temporary("slow down", retry_after=0.8), Temporary("slow down", retry_after=0.01)]
    begun = time.monotonic()
    run(desk, accepted=2)
    assert time.monotonic() - begun >= 0.8
