"""What may have been sent after a backup was taken is never sent again by a restored hub, unless somebody says so."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.send.fallback import Late, overdue
from gateway.send.verdict import Outcome, Verdict, judge
from gateway.store.engine import writing
from gateway.store.writer import Writer
from normalizer.commands import Fallback
from normalizer.model import Delivery
from tests.backup.conftest import Target, taken
from tests.send.conftest import Desk

WAITING = (
    "SELECT (SELECT count(*) FROM deliveries WHERE status IN ('queued', 'sending')),"
    " (SELECT count(*) FROM lanes WHERE owner = 'second')"
)
WHY = "the hub was restored from a backup of "


class Second(Target):
    """The restored hub, with the same connector."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        super().__init__(folder)
        self.desk = desk
        self.writer: Writer | None = None

    def begin(self, *, send: bool = False) -> int:
        restored = self.restore(taken(self.desk.engine, self.desk.files), {"support": self.desk.place}, send=send)
        self.writer = Writer(self.engine)
        self.writer.start()
        return restored.uncertain

    def close(self) -> None:
        if self.writer:
            self.writer.stop()
        self.engine.dispose()

    def statuses(self) -> list[str]:
        return [status for (status,) in self.rows("SELECT status FROM deliveries ORDER BY id")]

    def work(self) -> list[str]:
        """What a lane of it sends until nothing is queued any more."""

        async def run() -> None:
            lane = self.desk.lane(owner="second", writer=self.writer)
            lane.start()
            while self.rows(WAITING) != [(0, 1)]:  # noqa: ASYNC110 - the store calls nobody
                await asyncio.sleep(0.01)
            await lane.stop()

        asyncio.run(run())
        return [outbound.payload.text for outbound in self.desk.plugin.sent]


@pytest.fixture
def second(desk: Desk, tmp_path: Path) -> Iterator[Second]:
    second = Second(tmp_path / "new", desk)
    yield second
    second.close()


def sending(desk: Desk, n: int = 0) -> None:
    """As a crash, or a backup, finds a delivery that is under way."""
    with writing(desk.engine) as connection:
        [(id_,)] = connection.exec_driver_sql("SELECT id FROM deliveries ORDER BY id LIMIT 1 OFFSET ?", (n,)).all()
        connection.exec_driver_sql("UPDATE deliveries SET status = 'sending', fence = 1 WHERE id = ?", (id_,))
        connection.exec_driver_sql(
            "INSERT INTO lanes (connector_id, owner, fence, lease_until) VALUES ('support', 'old', 1, ?)", (1 << 60,)
        )


def test_what_was_queued_or_under_way_is_uncertain_and_not_sent(desk: Desk, second: Second) -> None:
    desk.say("and another")
    sending(desk)
    assert second.begin() == 2
    assert second.work() == []
    assert second.statuses() == ["uncertain", "uncertain"]


def test_each_doubt_is_told_in_its_history_after_the_restore(desk: Desk, second: Second) -> None:
    second.begin()
    [event] = second.rows("SELECT position, body FROM events WHERE type = 'delivery.updated'")
    [(marker,)] = second.rows("SELECT position FROM events WHERE type = 'feed.restored'")
    told: Any = msgspec.json.decode(event[1])
    assert event[0] == marker + 1
    assert told["data"]["delivery"]["status"] == "uncertain"
    assert told["data"]["delivery"]["error"]["detail"].startswith(WHY)
    assert (told["connector"], told["channel"], told["inbox"]) == ("support", "pigeon", "main")
    sequences = second.rows("SELECT sequence FROM events WHERE sequence IS NOT NULL ORDER BY position")
    assert [sequence for (sequence,) in sequences] == list(range(1, len(sequences) + 1))


def test_who_says_that_nothing_was_sent_has_it_sent(desk: Desk, second: Second) -> None:
    desk.say("and another")
    assert second.begin(send=True) == 0
    assert second.work() == ["how can I help?", "and another"]
    assert second.statuses() == ["accepted", "accepted"]


def test_what_was_under_way_is_uncertain_even_then_and_holds_nobody_up(desk: Desk, second: Second) -> None:
    desk.say("and another")
    sending(desk)
    assert second.begin(send=True) == 1
    assert second.work() == ["and another"]
    assert second.statuses() == ["uncertain", "accepted"]


def test_an_operator_has_what_is_uncertain_sent_again(desk: Desk, second: Second) -> None:
    second.begin()
    [(id_,)] = second.rows("SELECT id FROM deliveries")
    verdict = Verdict(id_, Outcome.RETRY, "operator", {"support": desk.place})
    assert second.writer is not None
    assert isinstance(second.writer.submit(judge, verdict).result(10), Delivery)
    assert second.work() == ["how can I help?"]


def test_no_fallback_follows_what_nobody_knows(desk: Desk, second: Second) -> None:
    steps = (Fallback(channel="pigeon", after=1, unless="delivered"),)
    desk.say("by another way, if it is late", fallback=steps)
    second.begin()
    assert second.rows("SELECT kind FROM timers WHERE kind = 'fallback'") == []
    assert second.writer is not None
    [_, (id_,)] = second.rows("SELECT id FROM deliveries ORDER BY id")
    second.writer.submit(overdue, Late(desk.place, "support", id_)).result(10)
    assert second.statuses() == ["uncertain", "uncertain"]
    bodies = [body for (body,) in second.rows("SELECT body FROM deliveries ORDER BY id")]
    assert [b'"after":1' in body for body in bodies] == [False, False]


def test_leases_of_the_hub_that_was_are_free(desk: Desk, second: Second) -> None:
    sending(desk)
    second.begin()
    assert second.rows("SELECT owner, lease_until FROM lanes") == [("", 0)]
    assert second.work() == []


def test_more_than_one_batch_is_doubted(desk: Desk, second: Second, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(450):
        desk.say(f"message {n}")
    assert second.begin() == 451
    assert set(second.statuses()) == {"uncertain"}
