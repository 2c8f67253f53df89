"""Subscribers under steady load, while the hub, a consumer and the way to the broker fail in turn.

Nobody misses an event, whatever comes twice; each conversation stays in order; and what a copy says of the one before
it would show a consumer what it had lost.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from gateway.bus.contract import open_bus
from gateway.bus.names import queue_of
from gateway.hub import Hub
from tests.bus.conftest import RABBIT, drained, proxy, through
from tests.bus.conftest import running as connected
from tests.end_to_end.stage import Customers, Sighting, stage
from tests.relay.hubs import conversations, eventually, hub_in, info, run, running, tell

pytestmark = [pytest.mark.kill, pytest.mark.server("rabbitmq")]
STEP = 300
"""Events that come between two misfortunes."""
BACKLOG, MORE = 20_000, 2_000
BULK, CONVERSATIONS = 1_000, 100


def test_whatever_dies_every_subscriber_has_every_event_and_would_notice_if_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on:
            customers = Customers(on.hub)
            async with customers.writing():
                await on.both_get_on(STEP)
                await on.restart_hub()
                await on.both_get_on(STEP)
                await on.restart_archive()
                await on.both_get_on(STEP)

                on.interrupt()
                taken = len(on.crm.first())
                away = await on.until(on.archive_name, behind(STEP))
                assert away["problem"]
                await on.crm.until_taken(taken + STEP)
                await on.restart_hub()
                await on.until(on.archive_name, behind(2 * STEP))
                on.restore()
                await on.both_get_on(STEP)

            for subscription in (on.archive_name, "crm"):
                at_rest = await on.until(subscription, lambda found: found["lag"] == {"events": 0, "seconds": 0.0})
                assert (at_rest["problem"], at_rest["waiting"]) == (None, {"events": 0, "parked": 0})
            feed = await asyncio.to_thread(on.hub.events)
            await on.archive.until_seen(len(feed))
            assert said(feed) == customers.acknowledged
            for sightings in (on.archive.sightings, on.sighted_by_crm()):
                assert_whole(sightings, feed)
            assert unannounced(on.archive.sightings) == []

    asyncio.run(story())


def test_who_is_far_behind_catches_up_beside_what_comes_in(tmp_path: Path) -> None:
    name = f"test-{uuid4().hex}"
    entry = {"queue": True, "start": "oldest", "cursor_every": 0}

    async def story() -> None:
        async with running(hub_in(tmp_path)) as hub:
            await tell_all(hub, BACKLOG)
        async with proxy() as broker, connected(open_bus(RABBIT), queue_of(name)) as bus:
            broker.refuses = True
            async with running(hub_in(tmp_path, {"bus": through(broker)}, **{name: entry})) as hub:
                await tell_all(hub, MORE)
                assert info(hub, name).lag.events == BACKLOG + MORE
                broker.refuses = False
                await tell_all(hub, MORE)
                everything = BACKLOG + 2 * MORE
                assert hub.feed.newest() == everything
                await eventually(lambda: info(hub, name).position == str(everything))
            copies = await drained(bus, queue_of(name), everything)
        said = [(int(copy.headers["previous"]), int(copy.headers["position"])) for copy in copies]
        assert said == [(position - 1, position) for position in range(1, everything + 1)]

    run(story)


async def tell_all(hub: Hub, count: int) -> None:
    for _ in range(count // BULK):
        await tell(hub, *conversations(CONVERSATIONS, BULK // CONVERSATIONS))


def behind(events: int) -> Callable[[dict[str, Any]], bool]:
    """Whether a subscription is so far behind, and says why."""
    return lambda found: bool(found["problem"]) and found["lag"]["events"] >= events


def assert_whole(sightings: list[Sighting], feed: list[dict[str, Any]]) -> None:
    """Without repetitions it is the feed, each conversation in its order; and each event that could be lost without a
    trace, because no other names it, is the newest."""
    first: dict[str, Sighting] = {}
    for one in sightings:
        first.setdefault(one.id, one)
    assert {id_: str(one.position) for id_, one in first.items()} == {event["id"]: event["position"] for event in feed}
    assert lines((one.partition, one.position) for one in first.values()) == lines(
        (event["partitionkey"], int(event["position"])) for event in feed
    )
    assert {one.previous for one in sightings} == set(range(int(feed[-1]["position"])))


def unannounced(sightings: list[Sighting]) -> list[Sighting]:
    """Copies that speak of one before them that was not there: what a consumer in order takes for a hole."""
    there, found = {0}, []
    for one in sightings:
        if one.previous not in there:
            found.append(one)
        there.add(one.position)
    return found


def lines(sent: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for partition, position in sent:
        found[partition].append(position)
    return found


def said(feed: list[dict[str, Any]]) -> dict[int, list[str]]:
    """What each chat said."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for event in feed:
        if event["type"] == "onethread.message.received.v1":
            text = event["data"]["message"]["text"]
            found[int(text.partition(":")[0])].append(text)
    return found
