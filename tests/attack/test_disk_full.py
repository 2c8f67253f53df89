"""The disk of store and files is full: what comes is refused, to come again, and all is well when there is room.

Whoever runs it must be able to mount: without, it is skipped and says so.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.channels.telegram.simulator import Simulator
from tests.attack.channels import Channels, Crowd, Refused
from tests.attack.conftest import LONG
from tests.attack.small_disk import CannotMount, SmallDisk, small_disk
from tests.attack.watching import assert_once_and_in_order
from tests.end_to_end.hub_process import SECRET, TOKEN, HubProcess
from tests.end_to_end.mailing import letter
from tests.relay.hubs import webhook
from tests.relay.receiver import Receiver

MEGABYTES = 64
ROUNDS = 20 if LONG else 1
PATIENCE = 60
LARGE = 200_000
COME_AGAIN = Refused(503, "5")
NO_ROOM = Refused(452, None)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        with small_disk(tmp_path / "disk", MEGABYTES) as disk:
            yield disk
    except CannotMount as error:
        pytest.skip(f"cannot mount a small disk: {error}")


@pytest.fixture
def store(disk: SmallDisk) -> str:
    return f"sqlite:///{disk.folder}/onethread.db"


def test_what_finds_no_room_is_refused_honestly_and_comes_again(channels: Channels, disk: SmallDisk) -> None:
    async def story() -> None:
        crowd = Crowd(channels, 100_000, of=2, pause=0.01)
        async with Receiver() as crm:
            channels.configure(files=f"{disk.folder}/files", subscriptions={"crm": webhook(crm.url)})
            hub = channels.hub
            await asyncio.to_thread(hub.__enter__)
            try:
                writing = asyncio.create_task(crowd.write())
                for _ in range(ROUNDS):
                    await get_on(crowd)
                    await asyncio.to_thread(disk.fill)
                    await all_are_refused(crowd)
                    assert await asyncio.to_thread(large_mail, channels) == NO_ROOM
                    await until_ready_is(hub, 503)
                    disk.empty()
                crowd.enough.set()
                await writing
                events = await asyncio.to_thread(hub.events)
                await crm.until_taken(len(events))
                await until_ready_is(hub, 200)
            finally:
                disk.empty()
                await asyncio.to_thread(hub.__exit__)
        assert_once_and_in_order(events, [customer.acknowledged for customer in crowd.customers])
        assert {one for found in crowd.by_channel().values() for one in found} <= {
            COME_AGAIN,
            Refused(503, "1"),
            NO_ROOM,
        }

    asyncio.run(story())


def test_an_answer_of_a_provider_that_finds_no_room_is_not_forgotten_and_nothing_is_sent_twice(
    channels: Channels, disk: SmallDisk
) -> None:
    with Simulator({"token": TOKEN, "secret_token": SECRET}) as telegram:
        hub = channels.hub
        hub.config.write_text(hub.config.read_text().replace("http://127.0.0.1:9", telegram.url, 1))
        channels.configure(files=f"{disk.folder}/files")
        with hub:
            hub.tell(hub.update(text="hello"))
            [received] = hub.until("message.received")
            conversation = received["data"]["message"]["conversation_id"]
            answers = []
            for n in range(30):
                if n == 10:
                    disk.fill()
                answers.append(
                    hub.post("/v1/messages", {"conversation_id": conversation, "text": f"<{n}>"}).status_code
                )
            assert set(answers) == {202, 503}
            disk.empty()
            accepted = answers.count(202)
            hub.until("delivery.updated", accepted)
            texts = [text for n in range(30) for text in [f"<{n}>"] if sends(telegram, text)]
            assert texts == [f"<{n}>" for n, status in enumerate(answers) if status == 202]
            assert {sends(telegram, text) for text in texts} == {1}


def sends(telegram: Simulator, text: str) -> int:
    return sum(text.encode() in request.body for request in telegram.performed)


async def get_on(crowd: Crowd) -> None:
    """Every customer is heard again."""
    before = {id(one): len(one.acknowledged) for one in crowd.customers}
    async with asyncio.timeout(PATIENCE):
        while not all(len(one.acknowledged) > before[id(one)] for one in crowd.customers):
            await asyncio.sleep(0.05)


async def all_are_refused(crowd: Crowd) -> None:
    before = {id(one): len(one.refusals) for one in crowd.customers}
    async with asyncio.timeout(PATIENCE):
        while not all(len(one.refusals) > before[id(one)] for one in crowd.customers):
            await asyncio.sleep(0.05)


async def until_ready_is(hub: HubProcess, status: int) -> None:
    """The store may have a little room left in what it had before."""
    async with asyncio.timeout(PATIENCE):
        while (await asyncio.to_thread(requests.get, f"{hub.url}/readyz", timeout=30)).status_code != status:
            await asyncio.sleep(0.1)


def large_mail(channels: Channels) -> Refused | None:
    return channels.hand_over(letter("large", "large", LARGE))
