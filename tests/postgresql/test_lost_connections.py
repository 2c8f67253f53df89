"""Connections are cut, in the middle of a transaction too: nothing acknowledged is lost, and nothing is there twice."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from gateway.record.arrivals import record
from gateway.store.engine import connect
from gateway.store.session import UNAVAILABLE
from gateway.store.writer import Writer
from tests.postgresql.conftest import check_feed, rows
from tests.postgresql.scribe import arrival
from tests.postgresql.wire import Wire

pytestmark = pytest.mark.engine("postgresql")


@pytest.fixture
def wire(url: str) -> Iterator[Wire]:
    with Wire(url) as wire:
        yield wire


@pytest.fixture
def writer(wire: Wire) -> Iterator[Writer]:
    engine = connect(wire.url)
    writer = Writer(engine)
    writer.start()
    yield writer
    writer.stop()
    engine.dispose()


def test_what_was_cut_off_is_written_once_when_it_comes_again(wire: Wire, writer: Writer, engine: Engine) -> None:
    acknowledged = 0
    for n in range(200):
        future = writer.submit(record, arrival(n, 10))
        if n % 5 == 0:
            time.sleep(n % 7 / 1000)
            wire.cut()
        acknowledged += _until_taken(writer, n, future)
    assert acknowledged == 200
    _until_numbered(engine)
    assert sorted(check_feed(engine)) == sorted(f"message {n}" for n in range(200))


def test_a_commit_whose_answer_was_lost_is_acknowledged_all_the_same(
    wire: Wire, writer: Writer, engine: Engine
) -> None:
    writer.submit(record, arrival(0, 10)).result(20)
    wire.lose_answers_to = b"COMMIT"
    writer.submit(record, arrival(1, 10)).result(20)
    _until_numbered(engine)
    assert check_feed(engine) == ["message 0", "message 1"]


def test_while_the_database_is_away_everybody_is_asked_to_come_again(
    wire: Wire, writer: Writer, engine: Engine
) -> None:
    writer.submit(record, arrival(0, 10)).result(20)
    wire.break_()
    for n in range(1, 4):
        with pytest.raises(UNAVAILABLE):
            writer.submit(record, arrival(n, 10)).result(20)
    wire.mend()
    for n in range(1, 4):
        _until_taken(writer, n, writer.submit(record, arrival(n, 10)))
    _until_numbered(engine)
    assert sorted(check_feed(engine)) == [f"message {n}" for n in range(4)]


def _until_taken(writer: Writer, n: int, future: object) -> int:
    for _ in range(40):
        try:
            future.result(20)  # type: ignore[attr-defined]
        except UNAVAILABLE:
            time.sleep(0.05)
            future = writer.submit(record, arrival(n, 10))
        else:
            return 1
    return 0


def _until_numbered(engine: Engine) -> None:
    end = time.monotonic() + 20
    while rows(engine, "SELECT count(*) FROM batches") != [(0,)]:
        assert time.monotonic() < end
        time.sleep(0.05)
