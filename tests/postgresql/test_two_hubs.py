"""Two processes serve one database, and customers, providers and helpdesks cannot tell."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from connectors.channels.telegram.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from tests.end_to_end.hub_process import SECRET, TOKEN, HubProcess
from tests.postgresql.conftest import check_feed, rows
from tests.stores import url_of

pytestmark = [pytest.mark.engine("postgresql"), pytest.mark.kill]
LEASE = 1.0
"""Seconds, as HubProcess sets it."""


class Two:
    """Two hubs, as two machines behind one address would run them."""

    def __init__(self, folder: Path, telegram: Simulator) -> None:
        self.first = HubProcess(folder, telegram.url)
        other = folder / "other"
        other.mkdir()
        self.second = HubProcess(other, telegram.url)
        settings = json.loads(self.first.config.read_text()) | {"files": str(folder / "files")}
        for hub in (self.first, self.second):
            hub.config.write_text(json.dumps(settings | {"public_url": hub.url}))


@pytest.fixture
def telegram() -> Iterator[Simulator]:
    with Simulator({"token": TOKEN, "secret_token": SECRET}) as simulator:
        yield simulator


@pytest.fixture
def url(tmp_path: Path) -> str:
    return url_of(tmp_path / "onethread.db")


@pytest.fixture
def two(tmp_path: Path, telegram: Simulator) -> Iterator[Two]:
    two = Two(tmp_path, telegram)
    try:
        with two.first as first:
            two.second.start()
            two.second.session.headers.update(first.session.headers)
            yield two
    finally:
        for hub in (two.first, two.second):
            if hub.process and hub.process.poll() is None:  # also one that was too slow to begin
                hub.kill()


def test_one_webhook_sixty_four_times_to_both_is_one_message(two: Two) -> None:
    for n in range(3):
        update = two.first.update(text=f"once {n}", chat=700 + n)
        with ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(lambda n, u=update: (two.first, two.second)[n % 2].tell(u).status_code, range(64)))
        assert set(answers) == {200}
    texts = [event["data"]["message"]["text"] for event in two.second.events("message.received")]
    assert texts == ["once 0", "once 1", "once 2"]


def test_what_one_takes_the_other_tells_at_once(two: Two) -> None:
    two.first.tell(two.first.update(text="before"))
    after = two.second.get("/v1/events", limit=1000)["next"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(two.second.get, "/v1/events", after=after, wait=20)
        time.sleep(0.3)
        begun = time.monotonic()
        two.first.tell(two.first.update(text="news"))
        heard = waiting.result(30)["events"]
        took = time.monotonic() - begun
    assert "onethread.message.received.v1" in [event["type"] for event in heard]
    assert took < 0.9, "by a notification, and not by looking once a second"


def test_a_lane_is_taken_over_within_seconds_and_what_was_leaving_is_not_sent_twice(
    two: Two, telegram: Simulator
) -> None:
    two.second.stop()
    two.first.tell(two.first.update(text="hello"))
    [received] = two.first.until("message.received")
    conversation = received["data"]["message"]["conversation_id"]
    telegram.next(Failure.HANG)
    two.first.post("/v1/messages", {"conversation_id": conversation, "text": "one"})
    _until(lambda: _sent(telegram) == ["one"])
    two.second.start()
    two.first.kill()
    begun = time.monotonic()
    two.second.post("/v1/messages", {"conversation_id": conversation, "text": "two"})
    _until(lambda: _sent(telegram) == ["one", "two"])
    assert time.monotonic() - begun < 10 * LEASE
    two.second.until("delivery.updated", 2)
    states = [event["data"]["delivery"]["status"] for event in two.second.events("delivery.updated")]
    assert sorted(states) == ["accepted", "uncertain"]
    two.first.start()


def test_the_feed_of_both_is_one(two: Two, engine: Engine) -> None:
    hubs = (two.first, two.second)
    told = [(hub, two.first.update(text=f"{n} {k}", chat=100 + n)) for n in range(20) for k, hub in enumerate(hubs)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: one[0].tell(one[1]).status_code, told))
    assert set(answers) == {200}
    _until(lambda: rows(engine, "SELECT count(*) FROM batches") == [(0,)])
    assert len(check_feed(engine)) == len(told)


def _sent(telegram: Simulator) -> list[str]:
    sends = [request for request in telegram.requests if request.path.endswith("/sendMessage")]
    return [json.loads(request.body)["text"] for request in sends]


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
