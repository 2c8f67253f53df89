"""More than the hub can take: what it takes is written soon, the rest is told to come again, and no queue grows.

How the writer judges by time is tested in `tests/record/test_pressure.py`.
"""

import asyncio
import re
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import aiohttp
import requests
from sqlalchemy.engine import make_url

from gateway.store.writer import MOST
from tests.attack.channels import Channels, Customer, Refused
from tests.attack.conftest import LONG
from tests.attack.watching import received
from tests.end_to_end.hub_process import HubProcess
from tests.end_to_end.test_kill import assert_gap_free
from tests.relay.hubs import conversations, hub_in, running, tell, webhook

SENDERS = 3_000 if LONG else 700
"""At once, each on a connection of its own: more than one batch of the writer."""
WAITING = 100_000
ROOM = 120
"""Megabytes a hub may grow by, however much waits in its store."""


def test_while_the_store_stands_still_one_batch_waits_and_all_others_are_told_when_to_come_again(
    channels: Channels,
) -> None:
    """Somebody else holds the store; a provider comes again until it is taken, and each message is there once."""
    longest = 0
    said = [Customer("telegram", n) for n in range(SENDERS)]

    async def send(session: aiohttp.ClientSession, customer: Customer) -> None:
        wire = channels.request(customer, 1)
        while refused := await channels.post(session, wire):
            customer.refusals.append(refused)
            await asyncio.sleep(0.5)

    async def flood(hub: HubProcess, let_go: threading.Event) -> None:
        nonlocal longest
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=90)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            sending = [asyncio.create_task(send(session, one)) for one in said]
            async with asyncio.timeout(60):
                while sum(bool(one.refusals) for one in said) < SENDERS - 2 * MOST:
                    longest = max(longest, await asyncio.to_thread(writes_waiting, hub))
                    await asyncio.sleep(0.05)
            let_go.set()
            await asyncio.gather(*sending)

    channels.configure(limits={"lease": 1, "queue_wait": 0.2})
    with channels.hub as hub:
        held, let_go = threading.Event(), threading.Event()
        holding = threading.Thread(target=hold, args=(channels.store_url, held, let_go), daemon=True)
        holding.start()
        held.wait(10)
        try:
            asyncio.run(flood(hub, let_go))
        finally:
            let_go.set()
            holding.join()
        events = hub.events()
        assert Counter(received(events)) == dict.fromkeys([one.text(1) for one in said], 1)
        assert_gap_free(events)
        assert writes_waiting(hub) == 0
    assert {one for customer in said for one in customer.refusals} == {Refused(503, "5")}
    own = 50
    assert longest <= 2 * MOST + own  # a batch that is under way, and the one behind it


def hold(store: str, held: threading.Event, let_go: threading.Event) -> None:
    """Keeps the write lock, as a backup or an operator at a prompt may, for less than the hub waits for it."""
    path = make_url(store).database
    assert path
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        held.set()
        let_go.wait(8)
        connection.execute("ROLLBACK")


def writes_waiting(hub: HubProcess) -> int:
    text = requests.get(f"{hub.url}/metrics", headers=dict(hub.session.headers), timeout=60).text
    [found] = re.findall(r"^onethread_writes_waiting (\S+)$", text, re.MULTILINE)
    return int(float(found))


def test_a_hundred_thousand_events_and_deliveries_that_wait_cost_no_memory(channels: Channels) -> None:
    hub = channels.hub
    dead = webhook("http://127.0.0.1:9/nobody", start="oldest")
    with hub:
        empty = resident(hub)
        hub.tell(hub.update(text="hello"))
        [event] = hub.until("message.received")
        answer = hub.post(
            "/v1/messages", {"conversation_id": event["data"]["message"]["conversation_id"], "text": "hi"}
        )
        assert answer.status_code == 202
    asyncio.run(fill(channels, hub.folder))
    channels.configure(subscriptions={"dead": dead})
    hub.start()
    try:
        standing = hub.get("/v1/subscriptions/dead")["subscription"]
        assert standing["lag"]["events"] >= WAITING
        for n in range(200):
            assert hub.tell(hub.update(chat=6000 + n % 20, text=f"more {n}")).status_code == 200
        assert resident(hub) - empty < ROOM << 20
        assert len(hub.get("/v1/events", limit=10)["events"]) == 10
    finally:
        hub.stop()


async def fill(channels: Channels, folder: Path) -> None:
    """Events, and copies of the one delivery that waits for a provider nobody answers at."""
    store = channels.store_url
    (folder / "filling").mkdir()
    async with running(hub_in(folder / "filling", {"store": store})) as filling:
        for _ in range(WAITING // 1_000):
            await tell(filling, *conversations(100, 10))
    with closing(sqlite3.connect(str(make_url(store).database))) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(deliveries)")]
        others = ", ".join(column for column in columns if column != "id")
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {WAITING})"
            f" INSERT INTO deliveries (id, {others}) SELECT printf('0197-%08d', i), {others} FROM n,"
            " (SELECT * FROM deliveries LIMIT 1)"
        )
        connection.commit()


def resident(hub: HubProcess) -> int:
    """Octets of memory the hub has."""
    assert hub.process
    [found] = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{hub.process.pid}/status").read_text())
    return int(found) << 10
