"""Eight processes record at once, for the same customers: two are slow, and one is killed."""

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.feed import BEGINNING, Feed
from tests.postgresql.conftest import Scribe, check_feed

WRITERS = 8
EVENTS = int(os.environ.get("TEST_EVENTS", "12000"))
pytestmark = [pytest.mark.engine("postgresql"), pytest.mark.timeout(900 if EVENTS <= 40_000 else 7_200)]


def test_every_event_is_in_the_feed_once_in_order_and_no_reader_skips_one(
    tmp_path: Path, url: str, engine: Engine
) -> None:
    each = EVENTS // WRITERS
    slow = {1: 0.002, 2: 0.004}
    scribes = [Scribe(url, n * each, each, slow=slow.get(n, 0.0)) for n in range(WRITERS)]
    reading = Reading(engine)
    reading.start()
    killed = scribes[0].kill(each // 3)
    acknowledged = [*killed, *(n for scribe in scribes[1:] for n in scribe.end())]
    again = Scribe(url, 0, each)  # the provider sends again what the killed one did not acknowledge
    acknowledged += again.end()
    texts = check_feed(engine)
    assert set(acknowledged) == set(range(WRITERS * each))
    assert sorted(texts) == sorted(f"message {n}" for n in range(WRITERS * each))
    reading.end()
    assert reading.seen == list(range(1, len(reading.seen) + 1))
    assert len(reading.seen) > EVENTS


class Reading:
    """Somebody who reads the feed while it is written."""

    def __init__(self, engine: Engine) -> None:
        self.seen: list[int] = []
        self._feed = Feed(engine)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        after = BEGINNING
        while True:
            ended = self._ended.is_set()
            page = self._feed.page(after, 500)
            self.seen += [item.position for item in page.items]
            after = max(page.seen, after)
            if page.complete and not page.items:
                if ended:
                    return
                self._ended.wait(0.02)
