"""One process at a time sends to a subscriber: leases lapse, whoever takes over raises the fence, operators too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.hub import Hub
from gateway.relay.changing import (
    Cancelled,
    Change,
    InTheWay,
    Made,
    Moved,
    NoSuch,
    Placed,
    Redefined,
    Removed,
    Retried,
    Skipped,
    Stated,
    Unchanged,
    change,
)
from gateway.relay.held import Changes, HeldEvent
from gateway.relay.standing import Attendance, Standing, attend, held_of
from gateway.relay.standing import Made as Progressed
from gateway.relay.subscription import Origin, State
from gateway.settings.sealing import Seal
from gateway.settings.subscribing import SubscriptionEntry
from gateway.store.engine import writing
from tests.relay.hubs import Said, eventually, hub_in, info, operate, run, running, tell, webhook
from tests.relay.receiver import Receiver


@asynccontextmanager
async def hub_with_a_place(folder: Path, position: int = 0) -> AsyncIterator[Hub]:
    """A subscription that nobody here runs."""
    async with running(hub_in(folder)) as hub:
        await operate(hub, Placed("crm", Origin.FILE, oldest=True))
        await tell(hub, *[Said("a") for _ in range(10)])
        yield hub


async def ask(hub: Hub, owner: str, **more: object) -> Standing:
    standing = await hub.writer.write(attend, Attendance("crm", owner, **{"lease": 60.0, **more}))
    assert standing
    return standing


def made(position: int, *added: HeldEvent, gone: tuple[int, ...] = ()) -> Progressed:
    return Progressed(position, [], position, None, None, Changes(added=added, gone=gone))


async def refused(hub: Hub, wanted: Change) -> Unchanged:
    result = await hub.writer.write(change, wanted)
    assert isinstance(result, Unchanged)
    return result


def test_who_holds_the_lease_keeps_others_out_until_it_is_handed_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with hub_with_a_place(tmp_path) as hub:
            mine = await ask(hub, "one")
            assert (mine.mine, mine.fence, mine.position) == (True, 1, 0)
            other = await ask(hub, "two")
            assert not other.mine
            assert other.wait
            assert 59 < other.wait <= 60
            await ask(hub, "one", fence=1, made=made(4), lease=0.0)
            following = await ask(hub, "two")
            assert (following.mine, following.fence, following.position) == (True, 2, 4)

    run(story)


def test_a_former_owner_can_write_nothing_any_more(tmp_path: Path) -> None:
    async def story() -> None:
        async with hub_with_a_place(tmp_path) as hub:
            await ask(hub, "one", lease=0.0)
            await ask(hub, "two")
            held = HeldEvent(3, "a", "message.received", 1, None, "no", 0)
            late = await ask(hub, "one", fence=1, made=made(9, held), ends=(State.PARKED, "late"))
            assert not late.mine
            assert held_of(hub.engine, "crm") == []
            assert (info(hub, "crm").position, info(hub, "crm").state) == ("0", "active")

    run(story)


def test_progress_and_what_is_held_are_written_together(tmp_path: Path) -> None:
    async def story() -> None:
        async with hub_with_a_place(tmp_path) as hub:
            await ask(hub, "one")
            first = HeldEvent(3, "a", "message.received", 1, None, "answered 500", 5)
            second = HeldEvent(4, "a", "message.received", 0, None, None, 6)
            await ask(hub, "one", fence=1, made=made(9, first, second))
            assert held_of(hub.engine, "crm") == [first, second]
            assert (info(hub, "crm").position, info(hub, "crm").waiting.events) == ("2", 2)
            await ask(hub, "one", fence=1, made=made(10, gone=(3,)))
            assert held_of(hub.engine, "crm") == [second]

    run(story)


def test_what_is_added_and_gone_within_one_batch_is_gone(tmp_path: Path) -> None:
    async def story() -> None:
        async with hub_with_a_place(tmp_path) as hub:
            await operate(hub, Placed("bi", Origin.FILE, oldest=True))
            for name in ("crm", "bi"):
                await hub.writer.write(attend, Attendance(name, "one", 60.0))
            row = HeldEvent(3, "a", "message.received", 1, None, "no", 0)
            wanted = [
                Attendance("bi", "one", 60.0, 1, made(9, gone=(7,))),
                Attendance("crm", "one", 60.0, 1, made(9, row, gone=(3,))),
            ]
            await hub.writer.write(lambda transaction, bulks: [attend(transaction, bulk) for bulk in bulks], wanted)
            assert held_of(hub.engine, "crm") == []

    run(story)


def test_moving_a_subscription_takes_it_from_its_relay(tmp_path: Path) -> None:
    async def story() -> None:
        async with hub_with_a_place(tmp_path) as hub:
            await ask(hub, "one")
            await operate(hub, Moved("crm", 7))
            assert not (await ask(hub, "one", fence=1, made=made(3))).mine
            again = await ask(hub, "one")
            assert (again.fence, again.position) == (3, 7)

    run(story)


def test_a_subscription_that_does_not_run_is_leased_to_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        async with hub_with_a_place(tmp_path) as hub:
            await operate(hub, Stated("crm", State.PAUSED))
            standing = await ask(hub, "one")
            assert (standing.mine, standing.state, standing.wait) == (False, State.PAUSED, None)

    run(story)


def test_a_relay_waits_for_anothers_lease_to_lapse_and_then_goes_on(tmp_path: Path) -> None:
    """As after a crash of the other process, which handed nothing back."""

    async def story() -> None:
        async with Receiver() as crm:
            async with hub_with_a_place(tmp_path) as hub:
                await ask(hub, "another process", lease=1.0, made=made(4))
                await hub.writer.write(attend, Attendance("crm", "another process", 1.0, fence=1, made=made(4)))
            async with running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
                await eventually(lambda: info(hub, "crm").position == "10")
                assert [post.position for post in crm.posts] == [5, 6, 7, 8, 9, 10]

    run(story)


@pytest.mark.engine("sqlite")
def test_a_position_that_is_not_kept_parks_the_subscription_and_says_what_is(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm:
            async with hub_with_a_place(tmp_path) as hub:
                with writing(hub.engine) as connection:
                    connection.exec_driver_sql("DELETE FROM events WHERE position <= 5")
            async with running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
                await eventually(lambda: info(hub, "crm").state == "parked")
                assert info(hub, "crm").reason == (
                    "events after position 0 are not kept, or from another store; the oldest is 6:"
                    " set the position to go on from, then resume"
                )
                await operate(hub, Moved("crm", 5))
                await operate(hub, Stated("crm", State.ACTIVE))
                assert [post.position for post in await crm.until_taken(5)] == [6, 7, 8, 9, 10]

    run(story)


def test_what_is_not_there_or_in_the_way_is_said_in_a_sentence(tmp_path: Path) -> None:
    async def story() -> None:
        async with hub_with_a_place(tmp_path) as hub:
            entry = SubscriptionEntry(queue=True)
            sentences = {
                Stated("cmr", State.PAUSED): (NoSuch, "there is no subscription cmr"),
                Removed("cmr"): (NoSuch, "there is no subscription cmr"),
                Retried("crm", "a"): (NoSuch, "nothing waits under a"),
                Skipped("crm", "a", 3): (NoSuch, "the event at position 3 is not the first that waits under a"),
                Cancelled("crm", "x"): (NoSuch, "there is no such replay"),
                Redefined("crm", entry, 1, Seal()): (InTheWay, "the configuration file provides crm: change it there"),
                Made("crm", entry, True, Seal()): (
                    InTheWay,
                    "there is a subscription crm, or the place of one that the file had; delete it first",
                ),
            }
            for wanted, (kind, sentence) in sentences.items():
                refusal = await refused(hub, wanted)
                assert (type(refusal), str(refusal)) == (kind, sentence)

    run(story)
