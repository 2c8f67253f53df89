"""Subscribers of a restored hub go on where the backup had them: they skip nothing, and hear of the restore."""

import asyncio
from pathlib import Path

from gateway.hub import Hub
from tests.backup.conftest import Target, taken
from tests.relay.hubs import conversations, eventually, hub_in, info, run, running, tell, webhook
from tests.relay.receiver import Receiver, says


def recorded(hub: Hub) -> int:
    """How far it is, as a backup has it."""
    with hub.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT position FROM subscriptions").scalar_one())


def test_a_webhook_gets_everything_after_its_place_in_the_backup_and_what_comes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()

    async def story() -> None:
        async with Receiver() as crm:
            entry = webhook(crm.url, start="oldest", retries=[0.05] * 50)
            async with running(hub_in(first, crm=entry)) as hub:
                await tell(hub, *conversations(4, 5))
                await eventually(lambda: recorded(hub) == 20)
                crm.answers = says(503)
                await tell(hub, *conversations(4, 5))
                await eventually(lambda: info(hub, "crm").waiting.events or info(hub, "crm").lag.events)
                archive = await asyncio.to_thread(taken, hub.engine, hub.files)
                crm.answers = says(200)
                await tell(hub, *conversations(4, 5))  # taken, and lost for the hub
                await eventually(lambda: info(hub, "crm").position == "60")
            target = Target(second)
            restored = target.restore(archive)
            target.engine.dispose()
            assert restored.kept == "40"
            crm.taken.clear()
            async with running(hub_in(second, crm=entry)) as hub:
                await tell(hub, *conversations(4, 5))
                newest = int(restored.epoch) + 20
                await eventually(lambda: info(hub, "crm").position == str(newest))
                assert info(hub, "crm").lag.events == 0
            wanted = [*range(21, 41), *range(int(restored.epoch), newest + 1)]
            assert sorted(post.position for post in crm.first()) == wanted
            for partition, line in crm.lines().items():
                assert line == sorted(line), partition

    run(story)
