"""A store moves to the other engine by a backup, and back again, with all it holds."""

from pathlib import Path

import pytest

from gateway.record.arrivals import record
from gateway.store.writer import Writer
from tests.backup.conftest import FISH, Kept, Target, read, taken
from tests.record.conftest import said
from tests.send.conftest import Desk
from tests.stores import on

pytestmark = [pytest.mark.engine("sqlite", "postgresql"), pytest.mark.server("postgresql")]
OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
HISTORIES = ("history", "history_tail")


def histories(kept: Kept) -> list[tuple[object, ...]]:
    """Which of its two tables an entry stands in is the engine's own affair."""
    return sorted(row for table in HISTORIES for row in kept.tables.get(table, []))


def others(kept: Kept) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: sorted(map(repr, rows)) for table, rows in kept.tables.items() if table not in ("events", *HISTORIES)
    }


def test_a_store_moves_to_the_other_engine_and_back(desk: Desk, tmp_path: Path, store_engine: str) -> None:
    desk.say("and another")
    archive = taken(desk.engine, desk.files)
    with on(OTHER[store_engine]):
        there = Target(tmp_path / "there")
        assert there.engine.dialect.name == OTHER[store_engine]
        restored = there.restore(archive, {"support": desk.place}, send=True)
        moved = taken(there.engine, there.files)
        there.engine.dispose()
    back = Target(tmp_path / "back")
    back.restore(moved, {"support": desk.place}, send=True)
    (before, first), (after, second), (_, third) = map(read, (archive, moved, taken(back.engine, back.files)))
    assert before.schema == after.schema
    assert {name: set(columns) for name, columns in before.tables.items()} == {
        name: set(columns) for name, columns in after.tables.items()
    }
    assert first.files == second.files == third.files
    assert list(first.files.values()) == [FISH]
    assert others(first) == others(second) == others(third)
    assert histories(first) == histories(second) == histories(third)
    assert first.tables["events"] == second.tables["events"][:-1] == third.tables["events"][:-2]
    assert after.epoch == restored.epoch
    back.engine.dispose()


def test_what_has_moved_goes_on(desk: Desk, tmp_path: Path, store_engine: str) -> None:
    archive = taken(desk.engine, desk.files)
    with on(OTHER[store_engine]):
        there = Target(tmp_path / "there")
        there.restore(archive, {"support": desk.place}, send=True)
        writer = Writer(there.engine)
        writer.start()
        for n, sender in enumerate(("7", "8", "9"), 50):
            writer.submit(record, desk.arrival(said("hello again", n, sender=sender))).result(60)
        writer.stop()
        [(conversations, numbers)] = there.rows("SELECT count(*), count(DISTINCT number) FROM conversations")
        assert conversations == numbers == 3
        gaps = there.rows(
            "SELECT conversation FROM (SELECT * FROM history UNION ALL SELECT * FROM history_tail) AS all_of_them"
            " GROUP BY conversation HAVING count(*) <> max(sequence)"
        )
        assert gaps == []
        there.engine.dispose()
