"""A lane's rate: in the provider's unit, the most urgent first, and never more claimed than may leave."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from gateway.send.claim import Wanted, claim
from gateway.send.rate import Pace, PutBack
from gateway.settings import SettingsError, load
from gateway.settings.rate import EXPECTED, SCHEMA, Rate, rate
from gateway.store.engine import writing
from normalizer.capability import Capability, SegmentLimit, TextLimit
from tests.send.conftest import Desk, Scripted
from tests.send.test_breaker import crowd
from tests.send.test_pieces import LONG
from tests.send.test_turns import backlog


class Watch:
    """A clock that goes when it is told to."""

    time = 1000.0

    def __call__(self) -> float:
        return self.time


def pace(per_second: float, burst: int = 1) -> tuple[Pace, Watch]:
    watch = Watch()
    return Pace(Rate(per_second=per_second, burst=burst), watch), watch


def limited(desk: Desk, per_second: float, burst: int = 1) -> None:
    settings = msgspec.structs.replace(desk.connector.settings, rate=Rate(per_second=per_second, burst=burst))
    desk.connector = dataclasses.replace(desk.connector, settings=settings)


def make(desk: Desk, number: int, priority: str) -> None:
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE conversations SET priority = ? WHERE number = ?", (priority, number))


def test_without_a_rate_everything_may_leave() -> None:
    assert (Pace(None).units(), Pace(None).seconds()) == (None, 0)


def test_a_bucket_fills_with_time_and_no_further_than_its_burst() -> None:
    bucket, watch = pace(10, burst=3)
    assert bucket.units() == 3
    bucket.spend(3)
    assert (bucket.units(), bucket.seconds()) == (0, pytest.approx(0.1))
    watch.time += 0.25
    assert (bucket.units(), bucket.seconds()) == (2, 0)
    watch.time += 60
    assert bucket.units() == 3


def test_what_costs_more_than_there_is_leaves_on_credit_and_the_next_waits_for_it() -> None:
    bucket, watch = pace(1)
    bucket.spend(4)
    assert bucket.seconds() == pytest.approx(4)
    watch.time += 3.9
    assert bucket.units() == 0
    watch.time += 0.1001
    assert bucket.units() == 1


def test_of_those_that_wait_the_most_urgent_leaves_first_and_of_equals_the_first() -> None:
    async def test() -> None:
        bucket, watch = pace(1)
        bucket.spend(1)
        turns = {name: bucket.wait(rank, 1) for name, rank in (("bulk", 3), ("first", 2), ("second", 2), ("gone", 0))}
        turns["gone"].cancel()
        left = []
        for _ in range(3):
            bucket.let_go()
            watch.time += 1.001
            bucket.let_go()
            left.append([name for name, turn in turns.items() if turn.done() and not turn.cancelled()][:])
        assert [len(names) for names in left] == [1, 2, 3]
        assert left[0] == ["first"]
        assert "second" in left[1]

    asyncio.run(test())


def test_when_the_lane_stops_nothing_goes_on_waiting() -> None:
    async def test() -> None:
        bucket, _ = pace(1)
        before = bucket.wait(2, 1)
        bucket.stop()
        for turn in (before, bucket.wait(2, 1)):
            with pytest.raises(PutBack):
                await turn

    asyncio.run(test())


def take(desk: Desk, units: int | None, **more: Any) -> list[str]:
    wanted = Wanted(
        connector=desk.connector, owner="one", lease=60.0, most=32, idle=True, link=str, units=units, **more
    )
    return [one.draft.message.text for one in desk.writer.submit(claim, wanted).result(10).parcels]


def test_no_more_is_claimed_than_may_leave(desk: Desk) -> None:
    crowd(desk, 5)
    assert take(desk, 0) == []
    assert take(desk, 2) == ["0", "1"]
    assert take(desk, None) == ["2", "3", "4"]


def test_a_request_costs_what_the_provider_counts(desk: Desk) -> None:
    capability = Capability(text=TextLimit(most=1000), segments=SegmentLimit(most=6))
    desk.plugin.info = dataclasses.replace(desk.plugin.info, capability=capability)
    desk.say("x" * 300)  # two segments
    crowd(desk, 4)
    claimed = take(desk, 3)
    assert [len(text) for text in claimed] == [300, 1]


def test_what_is_urgent_is_claimed_first_and_what_is_bulk_last(desk: Desk) -> None:
    crowd(desk, 4)
    with writing(desk.engine) as connection:
        connection.exec_driver_sql(
            "UPDATE deliveries SET rank = 3 - (SELECT count(*) FROM deliveries d WHERE d.id < deliveries.id)"
        )
    assert take(desk, 1) == ["3"]
    assert take(desk, 5, above=2) == ["2"]
    assert take(desk, 5) == ["1", "0"]


def run(desk: Desk, until: int, **statuses: int) -> list[str]:
    """What left, in order, when so many deliveries stand so."""

    async def work() -> None:
        lane = desk.lane()
        lane.start()
        await desk.until(**statuses)
        await lane.stop()

    asyncio.run(work())
    return [outbound.payload.text for outbound in desk.plugin.sent][:until]


def test_an_urgent_message_passes_a_long_backlog_after_one_send_at_most(desk: Desk) -> None:
    crowd(desk, 1)
    urgent_one = desk.conversation_id
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE deliveries SET rank = 3")
    backlog(desk, 20_000)
    make(desk, 2, "emergency")
    limited(desk, 50)

    async def work() -> tuple[int, int]:
        lane = desk.lane()
        lane.start()
        async with asyncio.timeout(20):
            while len(desk.plugin.sent) < 5:  # noqa: ASYNC110 - the plugin tells nobody
                await asyncio.sleep(0.001)
            desk.conversation_id = urgent_one
            before = len(desk.plugin.sent)
            await asyncio.to_thread(desk.say, "urgent")
            lane.wake()
            while desk.plugin.sent[-1].payload.text != "urgent":  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await lane.stop()
        return before, [outbound.payload.text for outbound in desk.plugin.sent].index("urgent")

    before, place = asyncio.run(work())
    assert place - before <= 2  # one may leave while the command is being accepted, and one is under way


def test_an_urgent_message_passes_between_the_pieces_of_a_long_one(desk: Desk) -> None:
    first = desk.conversation_id
    crowd(desk, 1)
    other, desk.conversation_id = desk.conversation_id, first
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("DELETE FROM deliveries")
    make(desk, 2, "high")
    limited(desk, 4)
    desk.say(LONG)

    async def work() -> None:
        lane = desk.lane()
        lane.start()
        async with asyncio.timeout(20):
            while not desk.plugin.sent:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        desk.conversation_id = other
        await asyncio.to_thread(desk.say, "urgent")
        lane.wake()
        await desk.until(accepted=2)
        await lane.stop()

    asyncio.run(work())
    texts = [outbound.payload.text for outbound in desk.plugin.sent]
    assert texts.index("urgent") == 1
    assert " ".join(text for text in texts if text != "urgent") == LONG


def test_a_lane_that_stops_between_two_pieces_puts_the_rest_back(desk: Desk) -> None:
    limited(desk, 0.001)
    desk.say(LONG)

    async def work() -> None:
        lane = desk.lane()
        lane.start()
        async with asyncio.timeout(20):
            while "accepted" not in str(desk.rows("SELECT body FROM deliveries")):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await lane.stop()

    asyncio.run(work())
    assert (desk.deliveries(), len(desk.plugin.sent)) == ([("queued", 1)], 1)
    assert desk.rows("SELECT state, failures FROM lanes") == [("up", 0)]
    limited(desk, 1000)
    run(desk, 9, accepted=1)
    assert " ".join(outbound.payload.text for outbound in desk.plugin.sent) == LONG


@pytest.mark.parametrize(
    ("written", "per_second", "burst"),
    [
        ("10/s", 10, 1),
        (" 600 / m", 10, 1),
        ("3600/h", 1, 1),
        ("86400/d", 1, 1),
        ("0.5/s", 0.5, 1),
        ({"per_second": 10}, 10, 1),
        ({"per_second": 0.1, "burst": 20}, 0.1, 20),
    ],
)
def test_a_rate_is_written_as_people_write_it(written: Any, per_second: float, burst: int) -> None:
    assert rate(written) == Rate(per_second=per_second, burst=burst)
    assert Draft202012Validator(SCHEMA).is_valid(written)


@pytest.mark.parametrize(
    "written",
    ["", "10", "10/x", "fast", 0, 2, -1, "0/s", 1e9, float("nan"), float("inf"), True, [], {}, {"burst": 2}]
    + [{"per_second": 1, "burst": burst} for burst in (0, 1.5, True, "2", 10**9)]
    + [{"per_second": 1, "brust": 2}, {"per_second": "1/s"}, {"per_second": 0}, {"per_second": 10**6}],
)
def test_what_is_no_rate_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="expected "):
        rate(written)
    if written != "0/s":  # which no pattern tells
        assert not Draft202012Validator(SCHEMA).is_valid(written)


CONFIG = 'connectors:\n  support: {plugin: scripted, rate: "%s"}\n'


def test_every_connector_may_have_one(tmp_path: Path) -> None:
    path = tmp_path / "onethread.yaml"
    path.write_text(CONFIG % "90/m")
    settings = load(path, {}, lambda _: Scripted)
    assert settings.connectors["support"].rate == Rate(per_second=1.5)


def test_a_wrong_one_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "onethread.yaml"
    path.write_text(CONFIG % "fast")
    with pytest.raises(SettingsError) as told:
        load(path, {}, lambda _: Scripted)
    assert str(told.value) == f"{path}:2:37: connectors.support.rate: {EXPECTED}"
