"""A restored feed goes on where no reader of the former one can have come to, and tells who comes from there."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.epochs import LEAP, begin_epoch
from gateway.feed import BEGINNING, Feed, PositionGone
from gateway.files import Files
from gateway.record.arrivals import record
from gateway.relay.catalogue import reading
from gateway.store.engine import open_store, writing
from gateway.store.times import now_us
from gateway.store.writer import Writer
from tests.backup.conftest import Target, read, taken
from tests.record.conftest import AT, said
from tests.send.conftest import Desk
from tests.stores import url_of

JUST_BELOW = 1 << 53
"""Consumers in JavaScript read positions as numbers, exactly up to here."""


class Again(Target):
    def begin(self, archive: bytes) -> Feed:
        self.restored = self.restore(archive)
        self.epoch, self.kept = int(self.restored.epoch), int(self.restored.kept)
        self.feed = Feed(self.engine)
        self.feed.committed(self.rows("SELECT max(position) FROM events")[0][0])
        return self.feed


@pytest.fixture
def again(tmp_path: Path) -> Iterator[Again]:
    again = Again(tmp_path / "new")
    yield again
    again.engine.dispose()


def gone(feed: Feed, position: int) -> tuple[int, int | None]:
    with pytest.raises(PositionGone) as error:
        feed.vouch(position)
    return error.value.oldest, error.value.kept


def test_a_new_epoch_begins_beyond_every_position_and_below_what_a_double_holds(desk: Desk, again: Again) -> None:
    before = now_us()
    again.begin(taken(desk.engine, desk.files))
    assert before <= again.epoch <= now_us() < JUST_BELOW
    assert again.kept == desk.events()[-1]["position"]


def test_with_a_wrong_clock_the_feed_leaps_all_the_same(desk: Desk) -> None:
    [(newest,)] = desk.rows("SELECT max(position) FROM events")
    with writing(desk.engine) as connection:
        assert begin_epoch(connection, AT, at=1) == (str(newest + LEAP), newest)
        assert begin_epoch(connection, AT, at=2) == (str(newest + 2 * LEAP), newest + LEAP)


def test_readers_of_what_still_stands_read_on_and_the_others_are_told(desk: Desk, again: Again) -> None:
    archive = taken(desk.engine, desk.files)
    desk.record(said("lost", 2))
    desk.record(said("lost too", 3))
    seen_last = desk.events()[-1]["position"]
    feed = again.begin(archive)
    for position in (0, 1, again.kept - 1, again.kept, again.epoch):
        feed.vouch(position)
    events = feed.read(again.kept, 10)
    assert events[0][0] == again.epoch
    assert seen_last > again.kept
    for position in (again.kept + 1, seen_last, again.epoch - 1):
        assert gone(feed, position) == (1, again.kept)
    assert gone(feed, feed.newest() + 1) == (1, None)


def test_the_restore_is_told_in_the_feed(desk: Desk, again: Again) -> None:
    archive = taken(desk.engine, desk.files)
    feed = again.begin(archive)
    [(_, event), *_] = feed.read(again.kept, 10)
    told = msgspec.json.decode(event)
    assert told["type"] == "onethread.feed.restored.v1"
    assert told["position"] == told["subject"] == str(again.epoch)
    manifest, _ = read(archive)
    assert told["data"] == {
        "epoch": str(again.epoch),
        "kept": str(again.kept),
        "taken_at": manifest.taken_at.isoformat().replace("+00:00", "Z"),
    }


def test_whoever_writes_next_goes_on_from_there(desk: Desk, again: Again) -> None:
    again.begin(taken(desk.engine, desk.files))
    [(newest,)] = again.rows("SELECT max(position) FROM events")
    writer = Writer(again.engine)
    writer.start()
    writer.submit(record, desk.arrival(said("hello again", 9))).result(10)
    writer.stop()
    positions = [position for (position,) in again.rows("SELECT position FROM events WHERE position > ?", newest)]
    assert positions == list(range(newest + 1, newest + 1 + len(positions)))
    assert positions


def test_two_restores_of_one_backup_share_no_position(desk: Desk, again: Again, tmp_path: Path) -> None:
    archive = taken(desk.engine, desk.files)
    again.begin(archive)
    time.sleep(0.001)
    other = Again(tmp_path / "other")
    other.begin(archive)
    own, others = ({p for (p,) in one.rows("SELECT position FROM events")} for one in (again, other))
    assert own & others == set(range(1, again.kept + 1))
    other.engine.dispose()


def test_a_restored_hub_is_backed_up_and_restored_in_turn(desk: Desk, again: Again, tmp_path: Path) -> None:
    again.begin(taken(desk.engine, desk.files))
    archive = taken(again.engine, again.files)
    assert read(archive)[0].epoch == str(again.epoch)
    third = Again(tmp_path / "third")
    feed = third.begin(archive)
    assert third.epoch > third.kept >= again.epoch > again.kept
    assert gone(feed, again.kept + 1) == (1, again.kept)
    assert gone(feed, third.kept + 1) == (1, third.kept)
    feed.vouch(again.epoch)
    third.engine.dispose()


def test_an_empty_feed_begins_an_epoch_too(tmp_path: Path, again: Again) -> None:
    engine = open_store(url_of(tmp_path / "empty.db"))
    feed = again.begin(taken(engine, Files(tmp_path / "files")))
    assert again.kept == 0
    feed.vouch(0)
    assert [position for position, _ in feed.read(BEGINNING, 10)] == [again.epoch]
    assert gone(feed, 1) == (again.epoch, 0)
    engine.dispose()


def test_nobody_is_behind_by_positions_that_no_event_has(desk: Desk, again: Again) -> None:
    again.begin(taken(desk.engine, desk.files))
    [(count,)] = again.rows("SELECT count(*) FROM events")
    with reading(again.engine) as found:
        assert found.lag(0, now_us()).events == count
        assert found.lag(again.kept, now_us()).events == count - again.kept
        assert found.lag(again.epoch, now_us()).events == count - again.kept - 1


def test_the_newest_events_are_found_across_epochs(desk: Desk, again: Again) -> None:
    feed = again.begin(taken(desk.engine, desk.files))
    [(count,)] = again.rows("SELECT count(*) FROM events")
    assert len(feed.read(feed.back(3), 10)) == 3
    assert feed.back(count) == 0
