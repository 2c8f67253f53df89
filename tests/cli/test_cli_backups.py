"""Backing up and restoring from the command line: what it says, writes and exits with."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.alone import alone
from gateway.store.engine import connect, open_store
from tests.backup.conftest import HEAD
from tests.cli.conftest import Run
from tests.cli.hubs import ENVIRONMENT

OTHER = "public_url: https://hub.example.com\nstore: sqlite:///other/hub.db\nfiles: ./other/files\n"


@pytest.fixture
def hub(config: Path, run: Run) -> Path:
    """A store with a key in it."""
    assert run("keys", "create", "--scope", "admin").code == 0
    return config


@pytest.fixture
def other(hub: Path) -> str:
    """A configuration with another store, which is not there yet."""
    Path("other").mkdir()
    Path("other.yaml").write_text(OTHER)
    return "other.yaml"


def test_a_backup_is_written_checked_and_restored(hub: Path, other: str, run: Run) -> None:
    made = run("backup", "hub.tar", "--json")
    assert (made.code, made.err) == (0, "")
    summary = json.loads(made.out)
    assert {name: summary[name] for name in ("file", "schema", "epoch", "rows", "missing", "damaged")} == {
        "file": "hub.tar",
        "schema": HEAD,
        "epoch": "0",
        "rows": 1,
        "missing": [],
        "damaged": [],
    }
    checked = run("backup", "--verify", "hub.tar", "--json")
    assert (checked.code, json.loads(checked.out)) == (0, summary)
    restored = run("restore", "hub.tar", "-c", other, "--json")
    assert restored.code == 0
    said = json.loads(restored.out)
    assert {**summary, "restored_to": said["restored_to"], "kept": "0", "uncertain": 0} == said
    keys = json.loads(run("keys", "list", "--json").out)
    assert json.loads(run("keys", "list", "-c", other, "--json").out) == keys
    [event] = run("tail", "--no-follow", "--json", "-c", other).out.splitlines()
    assert json.loads(event)["position"] == said["restored_to"]


def test_in_words(hub: Path, other: str, run: Run) -> None:
    made = run("backup", "hub.tar")
    assert made.out.startswith("hub.tar: 1 rows, 0 events, 0 files as of ")
    assert run("backup", "--verify", "hub.tar").out.startswith("hub.tar is whole: 1 rows, 0 events, 0 files as of ")
    restored = run("restore", "hub.tar", "-c", other)
    assert restored.out.startswith("restored: 1 rows, 0 events, 0 files as of ")
    assert "the feed goes on at position 1" in restored.out
    assert restored.out.endswith("; readers beyond 0 are told 410\n")


def test_only_its_owner_can_read_it_and_nothing_is_overwritten(hub: Path, run: Run) -> None:
    run("backup", "hub.tar")
    assert stat.S_IMODE(os.stat("hub.tar").st_mode) == 0o600
    before = Path("hub.tar").read_bytes()
    again = run("backup", "hub.tar")
    assert (again.code, again.err) == (2, "hub.tar is there already; a backup overwrites nothing\n")
    assert Path("hub.tar").read_bytes() == before
    assert sorted(path.name for path in Path().glob("*hub.tar*")) == ["hub.tar"]


def test_through_pipes(hub: Path, other: str) -> None:
    piped = [sys.executable, "-m", "gateway.cli"]
    Path("same.yaml").write_text("public_url: https://hub.example.com\nstore: sqlite:///onethread.db\n")
    made = subprocess.run(
        [*piped, "backup", "-", "--json", "-c", "same.yaml"], capture_output=True, env=ENVIRONMENT, check=True
    )
    summary = json.loads(made.stderr)
    assert (summary["file"], summary["rows"]) == ("-", 1)
    given = {"input": made.stdout, "capture_output": True, "env": ENVIRONMENT, "check": True}
    assert subprocess.run([*piped, "backup", "--verify", "-"], **given).stdout.startswith(b"- is whole: 1 rows")
    restored = json.loads(subprocess.run([*piped, "restore", "-", "--json", "-c", other], **given).stdout)
    assert {name: restored[name] for name in summary} == summary


def test_a_store_that_is_not_empty_is_not_restored_into(hub: Path, run: Run) -> None:
    run("backup", "hub.tar")
    refused = run("restore", "hub.tar")
    assert refused.code == 74
    assert refused.err.endswith("is not empty: move it away, or name an empty one in the configuration\n")


def test_nothing_is_restored_below_a_running_hub(hub: Path, other: str, run: Run) -> None:
    run("backup", "hub.tar")
    with alone("sqlite:///other/hub.db"):
        refused = run("restore", "hub.tar", "-c", other)
    assert refused.code == 75
    assert refused.err.endswith("already; stop it first\n")


def test_what_is_no_backup_is_refused(hub: Path, other: str, run: Run) -> None:
    run("backup", "hub.tar")
    Path("half.tar").write_bytes(Path("hub.tar").read_bytes()[:15_000])
    said = "half.tar is no whole backup: it ends too early: it was cut off, or is still being written\n"
    for arguments in (("backup", "--verify", "half.tar"), ("restore", "half.tar", "-c", other)):
        refused = run(*arguments)
        assert (refused.code, refused.out, refused.err) == (1, "", said)
    missing = run("restore", "none.tar", "-c", other)
    assert (missing.code, missing.err) == (1, "none.tar cannot be read: No such file or directory\n")


def test_there_is_nothing_to_back_up(config: Path, run: Run) -> None:
    none = run("backup", "hub.tar")
    assert none.code == 74
    assert none.err.endswith("there is nothing to back up\n")
    assert not Path("onethread.db").exists()
    assert not Path("hub.tar").exists()
    connect("sqlite:///onethread.db").connect().close()
    assert run("backup", "hub.tar").err == "the store is empty: there is nothing to back up\n"


def test_a_store_of_a_newer_release_is_not_backed_up(hub: Path, run: Run) -> None:
    engine = open_store("sqlite:///onethread.db")
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    engine.dispose()
    refused = run("backup", "hub.tar")
    assert (refused.code, refused.err) == (74, "the schema '9999' of the store is of a newer release\n")
    assert not Path("hub.tar").exists()


def test_missing_files_are_an_error_although_the_rest_is_written(hub: Path, run: Run) -> None:
    engine = open_store("sqlite:///onethread.db")
    name = "ab" * 32
    sql = (
        "INSERT INTO attachments (id, state, sha256, media_type, attempts, created_at)"
        " VALUES ('1', 'stored', ?, 'image/png', 0, 0)"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(sql, (name,))
        connection.commit()
    engine.dispose()
    made = run("backup", "hub.tar", "--json")
    assert (made.code, json.loads(made.out)["missing"]) == (1, [name])
    assert made.err == f"the backup is written, but files that the store names are missing or damaged: {name}\n"
    checked = run("backup", "--verify", "hub.tar")
    assert checked.code == 0
    assert checked.out.endswith("UTC; 1 files were missing or damaged then\n")
