"""The machine's clock was an hour fast and is set right. Messages flow, retries and timers come when they should.

Until then the subscriber takes nothing: to it every signature is from the future.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.channels.telegram.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.store.engine import connect
from tests.attack.channels import Channels, Crowd
from tests.attack.set_back import SystemClock
from tests.attack.watching import assert_once_and_in_order
from tests.end_to_end.hub_process import SECRET, TOKEN, HubProcess
from tests.relay.hubs import webhook
from tests.relay.receiver import Receiver, says

pytestmark = pytest.mark.server("faketime")
HOUR = 3600
SOON = 40.0
"""Seconds: what stalls, stalls for an hour."""
TARGET = "3s"


class Scene(NamedTuple):
    channels: Channels
    hub: HubProcess
    clock: SystemClock
    telegram: Simulator
    crm: Receiver

    async def conversation(self, chat: int) -> str:
        """Of a customer who writes now."""
        await asyncio.to_thread(self.hub.tell, self.hub.update(chat, text=f"telegram {chat} 0"))
        events = await asyncio.to_thread(self.hub.events, "message.received")
        [found] = [event for event in events if event["data"]["message"]["text"] == f"telegram {chat} 0"]
        return str(found["data"]["message"]["conversation_id"])

    async def send(self, conversation: str, text: str) -> None:
        body = {"conversation_id": conversation, "text": text}
        answer = await asyncio.to_thread(self.hub.post, "/v1/messages", body)
        assert answer.status_code == 202, answer.text

    def sent(self, text: str) -> int:
        return sum(text.encode() in request.body for request in self.telegram.performed)

    async def until(self, holds: Callable[[], Any]) -> None:
        end = time.monotonic() + SOON
        while not await asyncio.to_thread(holds):
            assert time.monotonic() < end
            await asyncio.sleep(0.05)

    def paused(self) -> bool:
        """What the provider said is recorded."""
        states = {one["name"]: one["state"] for one in self.hub.get("/v1/connectors")["connectors"]}
        return bool(states["support-telegram"] == "paused")

    def overdue(self, conversation: str) -> bool:
        events = self.hub.events("reply.overdue")
        return any(event["partitionkey"] == conversation for event in events)


@asynccontextmanager
async def scene(channels: Channels, clock: SystemClock) -> AsyncIterator[Scene]:
    hub = channels.hub
    with Simulator({"token": TOKEN, "secret_token": SECRET}) as telegram:
        async with Receiver() as crm:
            hub.config.write_text(hub.config.read_text().replace("http://127.0.0.1:9", telegram.url, 1))
            retried = webhook(crm.url, retries=[2] * 9)
            channels.configure(subscriptions={"crm": retried}, inboxes={"main": {"targets": {"telegram": TARGET}}})
            await asyncio.to_thread(hub.__enter__)
            try:
                yield Scene(channels, hub, clock, telegram, crm)
            finally:
                await asyncio.to_thread(hub.__exit__)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SystemClock:
    made = SystemClock(tmp_path)
    made.set(HOUR)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    return made


def test_set_back_an_hour_under_load_nothing_waits_for_it_to_catch_up(channels: Channels, clock: SystemClock) -> None:
    async def story() -> None:
        async with scene(channels, clock) as on:
            crowd = Crowd(channels, 10_000, of=2, pause=0.05)
            writing = asyncio.create_task(crowd.write())
            before, asked = await on.conversation(7001), await on.conversation(7002)
            on.telegram.next(Failure.RATE_LIMITED)
            await on.send(before, "queued before")
            await on.until(on.paused)
            clock.set(0)
            await on.until(lambda: on.sent("queued before"))
            after = await on.conversation(7003)
            await on.until(lambda: on.overdue(asked) and on.overdue(after))
            on.telegram.next(Failure.RATE_LIMITED)
            on.crm.next(*[says(503)] * 4)
            await on.send(after, "queued after")
            await on.until(lambda: on.sent("queued after"))
            taken = len(crowd.acknowledged)
            await on.until(lambda: len(crowd.acknowledged) > taken + 50)
            ahead = [line for line in _metrics(on.hub) if line.startswith("onethread_clock_ahead_seconds ")]
            assert HOUR * 0.98 < float(ahead[0].split()[1]) <= HOUR

            crowd.enough.set()
            await writing
            events = await asyncio.to_thread(on.hub.events)
            await on.crm.until_taken(len(events))
            assert [on.sent("queued before"), on.sent("queued after")] == [1, 1]
            said = [customer.acknowledged for customer in crowd.customers]
            assert_once_and_in_order(events, [*said, *([f"telegram {n} 0"] for n in (7001, 7002, 7003))])
            assert_times_rise(on.channels)

    asyncio.run(story())


def test_set_back_while_the_hub_was_down_it_goes_on_where_it_was(channels: Channels, clock: SystemClock) -> None:
    async def story() -> None:
        async with scene(channels, clock) as on:
            conversation, asked = await on.conversation(7001), await on.conversation(7002)
            on.telegram.next(Failure.RATE_LIMITED)
            await on.send(conversation, "queued before")
            await on.until(on.paused)
            await asyncio.to_thread(on.hub.kill)
            clock.set(0)
            await asyncio.to_thread(on.hub.start)
            other = await on.conversation(7003)
            await on.until(lambda: on.sent("queued before"))
            await on.until(lambda: on.overdue(asked) and on.overdue(other))
            await on.send(other, "queued after")
            await on.until(lambda: on.sent("queued after"))
            events = await asyncio.to_thread(on.hub.events)
            await on.crm.until_taken(len(events))
            assert [on.sent("queued before"), on.sent("queued after")] == [1, 1]
            assert_times_rise(on.channels)

    asyncio.run(story())


def assert_times_rise(channels: Channels) -> None:
    """In the feed's order neither the time nor the id of an event is below the one before."""
    engine = connect(channels.store_url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT recorded_at, id FROM events ORDER BY position").all()
    engine.dispose()
    for column in (0, 1):
        found = [row[column] for row in rows]
        assert found == sorted(found)


def _metrics(hub: HubProcess) -> list[str]:
    answer = hub.session.get(f"{hub.url}/metrics", timeout=30)
    assert answer.status_code == 200
    return answer.text.splitlines()
