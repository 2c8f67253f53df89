"""A hub, customers who write to it, two subscribers, and a broker that can be out of reach: all over real sockets."""

import asyncio
import itertools
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp

from gateway.bus.contract import open_bus
from gateway.bus.names import queue_of
from tests.bus.conftest import RABBIT, proxy, running, through
from tests.bus.proxy import Proxy
from tests.end_to_end.hub_process import SECRET, HubProcess
from tests.project.tree import ROOT
from tests.relay.hubs import webhook
from tests.relay.receiver import Receiver

CHATS = 16
PAUSE = 0.03
"""Seconds between a chat's messages."""
PATIENCE = 30


class Sighting(NamedTuple):
    """A copy as a subscriber had it before it, once or again."""

    id: str
    position: int
    previous: int
    partition: str


class Archive:
    """A queue's subscriber, its program in a process of its own; it says what it sees, and can be killed."""

    def __init__(self, url: str, queue: str) -> None:
        self._command = [sys.executable, "-m", "tests.end_to_end.queue_consumer", url, queue]
        self._changed = asyncio.Condition()
        self.sightings: list[Sighting] = []
        self.seen: set[str] = set()

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        self._reading = asyncio.create_task(self._read())

    async def kill(self) -> None:
        """kill -9. What it had said is still heard."""
        self._process.kill()
        await self._process.wait()
        await self._reading

    async def until_seen(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.seen) >= count)

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            id_, position, previous, partition = json.loads(line)
            self.sightings.append(Sighting(id_, int(position), int(previous), partition))
            self.seen.add(id_)
            async with self._changed:
                self._changed.notify_all()


class Customers:
    """Chats that write at a steady pace. As Telegram does: again and again until it hears success, each in order."""

    def __init__(self, hub: HubProcess, pause: float = PAUSE) -> None:
        self._hub = hub
        self._pause = pause
        self._enough = False
        self.acknowledged: defaultdict[int, list[str]] = defaultdict(list)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
            for chat in range(5000, 5000 + CHATS):
                group.create_task(self._write(session, chat))
            try:
                yield
            finally:
                self._enough = True

    async def _write(self, session: aiohttp.ClientSession, chat: int) -> None:
        person = {"id": chat, "is_bot": False, "first_name": f"c{chat}"}
        for n in itertools.count(1):
            if self._enough:
                return
            text = f"{chat}:{n}"
            said = {"message_id": n, "from": person, "chat": {"id": chat, "type": "private"}, "date": 1790000000}
            await self._tell(session, {"update_id": chat * 1_000_000 + n, "message": {**said, "text": text}})
            self.acknowledged[chat].append(text)
            await asyncio.sleep(self._pause)

    async def _tell(self, session: aiohttp.ClientSession, update: dict[str, Any]) -> None:
        while True:
            try:
                async with session.post(f"{self._hub.url}/in/support-telegram", json=update) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:  # it is dead, or died in the middle
                pass
            await asyncio.sleep(0.02)


class Stage(NamedTuple):
    hub: HubProcess
    broker: Proxy
    """What hub and archive know as the broker."""
    archive: Archive
    archive_name: str
    crm: Receiver

    def sighted_by_crm(self) -> list[Sighting]:
        return [
            Sighting(post.event["id"], post.position, int(post.event["previous"]), post.partition)
            for post in self.crm.posts
        ]

    async def until(self, subscription: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """How a subscription stands, once it stands so."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await asyncio.to_thread(self.hub.get, f"/v1/subscriptions/{subscription}")
                if holds(found["subscription"]):
                    return dict(found["subscription"])
                await asyncio.sleep(0.05)

    async def both_get_on(self, by: int) -> None:
        """Both subscribers get so many events more."""
        seen, taken = len(self.archive.seen), len(self.crm.first())
        await self.archive.until_seen(seen + by)
        await self.crm.until_taken(taken + by)

    async def restart_hub(self) -> None:
        """After kill -9."""
        await asyncio.to_thread(self.hub.kill)
        await asyncio.to_thread(self.hub.start)

    async def restart_archive(self) -> None:
        """After kill -9."""
        await self.archive.kill()
        await self.archive.start()

    def interrupt(self) -> None:
        """The broker is gone, for hub and archive alike."""
        self.broker.refuses = True
        self.broker.cut()

    def restore(self) -> None:
        self.broker.refuses = False


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    name = f"test-{uuid4().hex}"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(open_bus(RABBIT), queue_of(name)))
        broker = await stack.enter_async_context(proxy())
        crm = await stack.enter_async_context(Receiver())
        hub = HubProcess(folder)
        settings = json.loads(hub.config.read_text())
        subscribers = {name: {"queue": True, "cursor_every": 0}, "crm": webhook(crm.url)}
        hub.config.write_text(json.dumps({**settings, "bus": through(broker), "subscriptions": subscribers}))
        await asyncio.to_thread(hub.__enter__)
        stack.push_async_callback(asyncio.to_thread, hub.__exit__)
        archive = Archive(through(broker), queue_of(name))
        await archive.start()
        stack.push_async_callback(archive.kill)
        yield Stage(hub, broker, archive, name, crm)
