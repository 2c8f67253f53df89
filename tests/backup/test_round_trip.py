"""What a backup holds is what the store held, and what a restored store holds is what the backup holds."""

from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.backup.layout import PAGE, FeedSum, FilesSum, TableSum
from gateway.backup.taking import Beyond, NothingThere, take
from gateway.feed import BEGINNING, Feed
from gateway.files import Files
from gateway.store import portable
from gateway.store.engine import connect, open_store, writing
from gateway.store.portable import Kind
from tests.backup.conftest import FISH, HEAD, REVISIONS, Target, attach, read, taken
from tests.record.conftest import said
from tests.relay.test_migration import upgrade
from tests.send.conftest import Desk
from tests.stores import empty_url_of, url_of

ANYTHING = {
    Kind.INTEGER: st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(-(1 << 63), (1 << 63) - 1),
    Kind.TEXT: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    Kind.OCTETS: st.binary(),
    Kind.BOOLEAN: st.booleans(),
}
SETTLED = ("events", "deliveries", "timers", "lanes", "leases", "subscriptions", "attachments", "raws")
"""Tables whose rows mean something to a restore."""


def all_rows(engine: Any) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(table.rows)]
            for name, table in portable.tables(connection).items()
        }


def test_every_row_and_file_of_the_store_stands_in_the_archive(desk: Desk) -> None:
    manifest, kept = read(taken(desk.engine, desk.files))
    rows = all_rows(desk.engine)
    assert kept.tables == {table: found for table, found in rows.items() if found}
    assert kept.files == {sha256(FISH).hexdigest(): FISH}
    assert {table: total.rows for table, total in manifest.rows.items()} == {t: len(found) for t, found in rows.items()}
    assert manifest.files == FilesSum(1, len(FISH))
    assert (manifest.schema, manifest.epoch, manifest.missing, manifest.damaged) == (HEAD, "0", (), ())


def test_the_checksum_of_the_feed_is_that_of_the_events_as_readers_get_them(desk: Desk) -> None:
    manifest, _ = read(taken(desk.engine, desk.files))
    feed = Feed(desk.engine)
    feed.committed(feed.back(0))
    lines = b"".join(event + b"\n" for _, event in feed.read(BEGINNING, 1000))
    assert manifest.feed == FeedSum(lines.count(b"\n"), feed.newest(), sha256(lines).hexdigest())


def test_the_same_state_gives_the_same_rows_and_sums(desk: Desk) -> None:
    (first, one), (second, other) = (read(taken(desk.engine, desk.files)) for _ in range(2))
    assert one.tables == other.tables
    assert first == msgspec.structs.replace(second, taken_at=first.taken_at)


def test_a_restored_store_holds_what_the_backup_does(desk: Desk, target: Target) -> None:
    before = all_rows(desk.engine)
    restored = target.restore(taken(desk.engine, desk.files), send=True)
    after = all_rows(target.engine)
    assert after["events"][:-1] == before.pop("events")
    assert after.pop("events")[-1][:3:2] == (int(restored.epoch), "feed.restored")
    assert after == before
    assert target.files.path(sha256(FISH).hexdigest()).read_bytes() == FISH


@pytest.mark.engine("sqlite")
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_columns_may_hold_comes_back_as_it_was(data: st.DataObject) -> None:
    assert_it_comes_back(data, most=3)


@pytest.mark.engine("postgresql")
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])  # each makes two databases
@given(data=st.data())
def test_whatever_columns_may_hold_comes_back_on_postgresql(data: st.DataObject) -> None:
    assert_it_comes_back(data, most=6)


def assert_it_comes_back(data: st.DataObject, most: int) -> None:
    """Up to so many rows of each table."""
    with TemporaryDirectory() as folder:
        engine, files = open_store(url_of(Path(folder) / "hub.db")), Files(Path(folder) / "files")
        with writing(engine) as connection:
            filling = portable.filling(connection)
            for name, table in portable.tables(connection).items():
                if name not in SETTLED:
                    columns = [column for column, _ in table.columns]
                    row = st.tuples(*(ANYTHING[kind] for _, kind in table.columns))
                    for one in data.draw(st.lists(row, max_size=most), label=name):
                        try:
                            with connection.begin_nested():
                                filling.add(name, columns, [one])
                        except portable.Unfit:  # the key was drawn twice, or a number is more than its column holds
                            continue
        target = Target(Path(folder) / "new")
        target.restore(taken(engine, files))
        before, after = all_rows(engine), all_rows(target.engine)
        del before["events"], after["events"]
        assert after == before
        engine.dispose()
        target.engine.dispose()


def test_large_tables_are_divided_into_pages(desk: Desk, target: Target) -> None:
    for n in range(2, 12):
        desk.record(said("x" * (PAGE // 4), n))
    archive = taken(desk.engine, desk.files)
    assert b"tables/message_heads/00000002.jsonl.gz" in archive
    target.restore(archive)
    assert target.rows("SELECT count(*), max(length(body)) FROM message_heads") == desk.rows(
        "SELECT count(*), max(length(body)) FROM message_heads"
    )


def test_a_row_beyond_what_a_page_holds_is_refused_when_it_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.backup.taking.MOST_PAGE", 500)
    with pytest.raises(Beyond, match="a row has more than"):
        taken(desk.engine, desk.files)


def test_what_is_written_meanwhile_is_not_in_it(desk: Desk) -> None:
    class Slow(BytesIO):
        """Somebody writes to the store at every block that is written here."""

        n = 1

        def write(self, octets: Any) -> int:
            Slow.n += 1
            desk.record(said(f"meanwhile {Slow.n}", Slow.n))
            return super().write(octets)

    out, before = Slow(), all_rows(desk.engine)
    take(desk.engine, desk.files, out)
    assert Slow.n > 1
    _, kept = read(out.getvalue())
    assert kept.tables == {table: found for table, found in before.items() if found}


@pytest.mark.engine("sqlite")
def test_the_write_ahead_log_is_not_held_while_rows_are_read(desk: Desk) -> None:
    with portable.one_state(desk.engine) as state:
        before = state.exec_driver_sql("SELECT count(*) FROM events").scalar()
        desk.record(said("meanwhile", 2))
        with desk.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        assert (Path(str(desk.engine.url.database) + "-wal")).stat().st_size == 0
        assert state.exec_driver_sql("SELECT count(*) FROM events").scalar() == before
        assert desk.rows("SELECT count(*) FROM events") != [(before,)]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_backup_of_an_older_release_is_brought_up_to_date(tmp_path: Path, target: Target, revision: str) -> None:
    old = connect(empty_url_of(tmp_path / "old.db"))
    upgrade(old, revision)
    with writing(old) as connection:
        connection.exec_driver_sql(
            "INSERT INTO api_keys (id, name, prefix, hash, scopes, created_at) VALUES ('1', 'desk', 'ot', 'h', 'r', 5)"
        )
        connection.exec_driver_sql(
            "INSERT INTO lanes (connector_id, owner, fence, lease_until) VALUES ('a', 'me', 3, 9)"
        )
        connection.exec_driver_sql("INSERT INTO contacts (id, body) VALUES ('c', '{}')".replace("'{}'", "x'7b7d'"))
    restored = target.restore(taken(old, Files(tmp_path / "files")))
    assert restored.manifest.schema == revision
    assert restored.manifest.rows["contacts"].rows == 1
    assert target.rows("SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert target.rows("SELECT id, name, hash FROM api_keys") == [("1", "desk", "h")]
    assert target.rows("SELECT id, body, merged_into FROM contacts") == [("c", b"{}", None)]
    assert target.rows("SELECT connector_id, owner, fence, lease_until, state FROM lanes") == [("a", "", 3, 0, "up")]
    old.dispose()


def test_a_store_without_a_schema_has_nothing_to_back_up(target: Target) -> None:
    with pytest.raises(NothingThere):
        taken(target.engine, target.files)


def test_files_that_are_missing_or_damaged_are_named_and_the_rest_is_kept(desk: Desk, target: Target) -> None:
    lost, rotten = desk.files.save([b"lost"], 9), desk.files.save([b"rotten"], 9)
    for file in (lost, rotten):
        attach(desk, file.sha256)
    lost.path.unlink()
    rotten.path.write_bytes(b"rotted")
    archive = taken(desk.engine, desk.files)
    restored = target.restore(archive)
    assert (restored.manifest.missing, restored.manifest.damaged) == ((lost.sha256,), (rotten.sha256,))
    assert list(target.files.hashes()) == [sha256(FISH).hexdigest()]
    assert not list(target.files.folder.glob("*.coming"))


def test_sums_are_over_lines_that_anybody_can_make(desk: Desk) -> None:
    manifest, kept = read(taken(desk.engine, desk.files))
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in kept.tables["contacts"])
    assert manifest.rows["contacts"] == TableSum(1, sha256(lines).hexdigest())


@pytest.mark.engine("sqlite")
def test_a_row_that_the_schema_does_not_allow_is_told_of(desk: Desk) -> None:
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE contacts SET body = 'a text where octets belong'")
    with pytest.raises(Beyond, match="a row of contacts holds what it should not: Expected `bytes"):
        taken(desk.engine, desk.files)
