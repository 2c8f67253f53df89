"""The look-out for work survives a store in trouble, and does not look where nothing could be taken."""

import asyncio
from pathlib import Path

from gateway.board import woken_by
from gateway.send.accept import accept
from gateway.send.asks import Ask
from gateway.send.work import Lane
from gateway.store.engine import open_store
from gateway.store.writer import Writer
from normalizer.commands import SendMessage
from tests.background.heronry import Heron, Note, change, deliver, eventually, live, rows, run, running, settings_in
from tests.send.conftest import AGENT, Desk


def test_what_another_process_queues_after_a_trouble_is_found(tmp_path: Path) -> None:
    async def test() -> None:
        settings = settings_in(tmp_path)
        async with running(settings, live(Heron)) as hub:
            await deliver(hub, Note(id="1", text="one"))
            await change(hub, "ALTER TABLE deliveries RENAME TO elsewhere")
            await asyncio.sleep(1.3)
            await change(hub, "ALTER TABLE elsewhere RENAME TO deliveries")
            [(conversation_id,)] = rows(hub, "SELECT id FROM conversations")
            command = SendMessage(conversation_id=conversation_id, text="hi")
            engine = open_store(settings.store)
            other = Writer(engine)
            other.start()
            other.submit(accept, Ask("principal", AGENT, command, hub.connectors)).result(10)
            other.stop()
            engine.dispose()
            await eventually(lambda: rows(hub, "SELECT status FROM deliveries") == [("accepted",)], seconds=4)

    run(test)


async def full(desk: Desk, lease: float) -> tuple[Lane, asyncio.Event]:
    """A lane at work whose only place is taken, until the provider answers."""
    answered = asyncio.Event()
    desk.plugin.script = [answered]
    desk.say("hi")
    lane = desk.lane(lease=lease, concurrency=1)
    lane.start()
    await desk.until_sent()
    return lane, answered


def test_a_lane_whose_places_are_all_taken_asks_the_store_for_nothing(desk: Desk) -> None:
    lease = "SELECT lease_until FROM lanes"

    async def test() -> None:
        lane, answered = await full(desk, lease=60.0)
        taken = desk.rows(lease)
        for _ in range(20):
            lane.wake()
            await asyncio.sleep(0)
        await desk.writer.write(woken_by, ("nobody", ""))  # whatever was asked before it is answered
        assert desk.rows(lease) == taken
        answered.set()
        await desk.until(accepted=1)
        await lane.stop()

    asyncio.run(test())


def test_a_full_lane_renews_its_lease(desk: Desk) -> None:
    async def test() -> None:
        lane, answered = await full(desk, lease=0.6)
        taken = desk.rows("SELECT lease_until FROM lanes")
        async with asyncio.timeout(10):
            while desk.rows("SELECT lease_until FROM lanes") == taken:  # noqa: ASYNC110 - as another process would see
                await asyncio.sleep(0.01)
        answered.set()
        await desk.until(accepted=1)
        await lane.stop()

    asyncio.run(test())
