"""Three brokers in a cluster, and a hub that knows them all: one is killed under load, and the hub goes on."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from gateway.bus.addresses import brokers
from gateway.bus.names import commands_of, queue_of
from gateway.bus.rabbit import RabbitBus
from normalizer.events import wire_type
from tests.attack.test_cluster import entered
from tests.end_to_end.hub_process import HubProcess
from tests.end_to_end.own_broker import OwnBroker
from tests.end_to_end.stage import Archive, Customers
from tests.end_to_end.test_subscribers import assert_whole, said

pytestmark = [pytest.mark.kill, pytest.mark.server("rabbitmq"), pytest.mark.timeout(400)]
STEP = 100
"""Events that come between two misfortunes."""
PAUSE = 0.1
"""Seconds between a chat's messages."""
SECONDS = 10.0
"""In which the hub goes on through another node; it was one or two on two busy cores."""
PATIENCE = 60.0
NAME = "archive"


class Scene(NamedTuple):
    nodes: Sequence[OwnBroker]
    hub: HubProcess
    archive: Archive
    customers: Customers
    desk: RabbitBus
    """Who asks by commands; it knows all nodes too."""

    async def lose(self, node: OwnBroker) -> None:
        """kill -9; the others go on, and it comes back to them."""
        await asyncio.to_thread(node.kill)
        began, seen = time.monotonic(), len(self.archive.seen)
        await self.archive.until_seen(seen + STEP)
        await self.asks_and_is_answered()
        assert time.monotonic() - began < SECONDS + STEP * PAUSE
        await asyncio.to_thread(node.start)
        await self.until_online(node)
        await self.archive.until_seen(len(self.archive.seen) + STEP)

    async def asks_and_is_answered(self) -> None:
        """A note into a conversation, by a command."""
        feed = await asyncio.to_thread(self.hub.get, "/v1/events", types="message.received", limit=1)
        conversation = feed["events"][0]["data"]["message"]["conversation_id"]
        id_ = uuid4().hex
        wanted = {"conversation_id": conversation, "text": id_, "direction": "note"}
        command = {
            "specversion": "1.0",
            "id": id_,
            "source": "/desk",
            "type": wire_type("message.send"),
            "data": wanted,
        }
        inlet, body = commands_of(NAME), json.dumps(command).encode()
        async with asyncio.timeout(SECONDS):
            await self.desk.ready()
            await self.desk.publish("", inlet, body, {}, mandatory=True, message_id=id_)
        async with asyncio.timeout(SECONDS):
            while id_ not in [event["data"]["command_id"] for event in await asyncio.to_thread(self.answers)]:
                await asyncio.sleep(0.1)

    def answers(self) -> list[dict[str, Any]]:
        return self.hub.events("command.accepted")

    async def until_online(self, node: OwnBroker) -> None:
        """The queue of the subscription has it among its nodes again."""
        async with asyncio.timeout(PATIENCE):
            while node.node not in (await self.queue(node))["online"]:
                await asyncio.sleep(0.2)

    async def queue(self, asked: OwnBroker) -> Mapping[str, Any]:
        """Of the subscription: `leader`, and which nodes are `online`."""
        listing = ("list_queues", "name", "leader", "online", "--formatter=json", "--silent")
        queues = json.loads(await asyncio.to_thread(asked.control, *listing))
        [found] = [queue for queue in queues if queue["name"] == queue_of(NAME)]
        return dict(found)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        first = OwnBroker(folder / "one")
        nodes = (first, OwnBroker(folder / "two", first), OwnBroker(folder / "three", first))
        await stack.enter_async_context(entered(*nodes))
        url = ";".join(node.url for node in nodes)
        hub = HubProcess(folder)
        settings = json.loads(hub.config.read_text())
        subscriber = {"queue": True, "commands": True, "cursor_every": 0}
        hub.config.write_text(json.dumps({**settings, "bus": url, "subscriptions": {NAME: subscriber}}))
        await asyncio.to_thread(hub.__enter__)
        stack.push_async_callback(asyncio.to_thread, hub.__exit__)
        archive = Archive(url, queue_of(NAME))
        await archive.start()
        stack.push_async_callback(archive.kill)
        desk = RabbitBus(brokers(url))
        desk.start()
        stack.push_async_callback(desk.stop)
        yield Scene(nodes, hub, archive, Customers(hub, PAUSE), desk)


def test_whichever_node_is_lost_the_hub_goes_on_through_the_others_within_seconds(tmp_path: Path) -> None:
    async def story() -> None:
        async with scene(tmp_path) as on:
            async with on.customers.writing():
                await on.archive.until_seen(STEP)
                await on.lose(on.nodes[0])  # which the hub is connected to: it is the first of its addresses
                standing = await on.queue(on.nodes[0])
                [leader] = [node for node in on.nodes if node.node == standing["leader"]]
                assert leader is not on.nodes[0]
                await on.lose(leader)
            feed = await asyncio.to_thread(on.hub.events)
            await on.archive.until_seen(len(feed))
            assert said(feed) == on.customers.acknowledged
            assert_whole(on.archive.sightings, feed)

    asyncio.run(story())
