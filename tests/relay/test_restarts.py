"""Subscribers that fail at random, and hubs that are stopped or killed in the middle: at least once, and in order."""

import asyncio
import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

from connectors.kit.secret import Secret
from gateway.relay.bringing import Bringing
from gateway.relay.changing import Placed
from gateway.relay.relay import Lease, Relay
from gateway.relay.subscription import Origin, Subscription
from gateway.relay.webhook import WebhookTarget
from gateway.settings.subscribing import SubscriptionEntry
from gateway.store.writer import Writer
from tests.end_to_end.hub_process import HubProcess
from tests.relay.hubs import conversations, eventually, hub_in, info, operate, run, running, tell, webhook
from tests.relay.receiver import SECRET, Post, Receiver

QUICK = [0.05] * 50


class Unreliable:
    """Answers at random, from a seed: mostly success, now and then anything else."""

    def __init__(self, seed: int, failing: float = 0.15) -> None:
        self._random = random.Random(seed)
        self._failing = failing

    async def __call__(self, _: Post) -> web.StreamResponse:
        if self._random.random() >= self._failing:
            return web.Response()
        match self._random.randrange(4):
            case 0:
                return web.Response(status=500)
            case 1:
                return web.Response(status=503, headers={"retry-after": "0"})
            case 2:
                await asyncio.sleep(0.4)  # beyond the time-out
                return web.Response()
            case _:
                raise ConnectionResetError


@pytest.mark.parametrize("seed", range(3))
def test_a_subscriber_that_fails_at_random_over_restarts_has_everything_once_and_in_order(
    tmp_path: Path, seed: int
) -> None:
    async def story() -> None:
        async with Receiver() as crm:
            crm.answers = Unreliable(seed)
            entry = webhook(crm.url, retries=QUICK, timeout=0.3, start="oldest")
            for _ in range(4):
                async with running(hub_in(tmp_path, crm=entry)) as hub:
                    for _ in range(5):
                        await tell(hub, *conversations(12, 3))
                        await asyncio.sleep(0.02)
            total = 4 * 5 * 36
            crm.answers = Unreliable(seed, failing=0)
            async with running(hub_in(tmp_path, crm=entry)) as hub:
                await crm.until_taken(total)
                await eventually(lambda: info(hub, "crm").position == str(total))
                assert info(hub, "crm").waiting.events == 0
            assert crm.lines() == {f"c{n}": list(range(n + 1, total + 1, 12)) for n in range(12)}

    run(story)


def test_a_hub_that_stops_in_peace_sends_nothing_twice(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm:
            for turn in range(1, 4):
                async with running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
                    await tell(hub, *conversations(30, 10))
                    await crm.until(lambda least=turn: len(crm.taken) > 300 * (least - 1) + 50)
            async with running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
                await eventually(lambda: info(hub, "crm").position == "900")
            assert len(crm.posts) == 900

    run(story)


class Counting:
    """Passes changes on, and counts them."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.count = 0

    def write(self, apply: Any, item: Any) -> Any:
        self.count += 1
        return self._writer.write(apply, item)


def test_how_far_a_subscriber_is_costs_few_writes(tmp_path: Path) -> None:
    """Not one per event: they are recorded together, a few times a second."""

    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path)) as hub:
            entry = SubscriptionEntry(webhook=crm.url, secret=Secret(SECRET))
            subscription, counting = Subscription("crm", Origin.FILE, entry), Counting(hub.writer)
            await operate(hub, Placed("crm", Origin.FILE, oldest=True))
            with ThreadPoolExecutor(1) as threads:
                bringing = Bringing(hub.engine, hub.feed, subscription.filter, threads)
                target = WebhookTarget("crm", entry, trusted=True)
                relay = Relay(subscription, target, bringing, cast(Writer, counting), Lease("me", 5.0))
                await tell(hub, *conversations(50, 20))
                began = asyncio.get_running_loop().time()
                relay.start()
                await crm.until_taken(1000)
                seconds = asyncio.get_running_loop().time() - began
                await relay.stop()
            assert counting.count <= 3 + 6 * seconds
            assert info(hub, "crm").position == "1000"

    run(story)


class Killed(HubProcess):
    """A hub with a subscription, as a process of its own."""

    def __init__(self, folder: Path, subscriptions: dict[str, Any], **more: Any) -> None:
        super().__init__(folder)
        values = json.loads(self.config.read_text()) | {"subscriptions": subscriptions} | more
        self.config.write_text(json.dumps(values))


@pytest.mark.kill
def test_a_hub_that_is_killed_while_it_relays_loses_no_event_and_no_order(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm:
            crm.answers = Unreliable(7, failing=0.05)
            subscriptions = {"crm": webhook(crm.url, retries=QUICK, timeout=0.3, start="oldest")}
            hub = await asyncio.to_thread(Killed(tmp_path, subscriptions).__enter__)
            try:
                for turn in range(6):
                    await asyncio.to_thread(_hear, hub, turn)
                    await crm.until(lambda least=turn: len(crm.taken) > 20 * least)
                    await asyncio.to_thread(hub.kill)
                    await asyncio.to_thread(hub.start)
                events = await asyncio.to_thread(hub.events)
                await crm.until_taken(len(events))
                crm.answers = Unreliable(7, failing=0)
                await eventually(lambda: _info(hub)["lag"]["events"] == 0)
                assert _info(hub)["waiting"] == {"events": 0, "parked": 0}
            finally:
                await asyncio.to_thread(hub.__exit__)
            expected: dict[str, list[int]] = {}
            for event in events:
                expected.setdefault(event["partitionkey"], []).append(int(event["position"]))
            assert crm.lines() == expected
            again = Counter(post.headers["webhook-id"] for post in crm.posts)
            assert max(again.values()) < 12  # the kills and the failures, and not everything every time

    run(story)


def _hear(hub: HubProcess, turn: int) -> None:
    """Eight customers write three messages each."""
    for n in range(24):
        assert hub.tell(hub.update(chat=5000 + n % 8, text=f"{turn}:{n}")).status_code == 200


def _info(hub: HubProcess) -> Any:
    return hub.get("/v1/subscriptions/crm")["subscription"]
