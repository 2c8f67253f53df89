"""The load that is measured with is what it says it is, and what was measured is told."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import msgspec
import pytest

from benchmarks import multiplied, seed
from benchmarks.load import BODY, CHATS, SCRIPT, update
from benchmarks.table import ARGUMENTS, FIGURES, PAGE, RESULTS, lines, page
from connectors.channels.telegram.parse import parse
from normalizer.inbound import MessageReceived
from tests.project.tree import ROOT

MODULES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
AT = datetime(2026, 11, 21, tzinfo=UTC)


def test_both_generators_write_the_same_update():
    (form,) = re.findall(r"FORM = ('.*?')\n  local", SCRIPT.read_text(), re.DOTALL)
    assert "".join(re.findall(r"'([^']*)'", form)) == BODY


def test_every_update_is_one_message_of_its_own_in_one_of_the_chats():
    messages = [parse(update(number), AT) for number in range(100_000_000, 100_000_000 + 2 * CHATS)]
    assert all(len(each) == 1 and isinstance(each[0], MessageReceived) for each in messages)
    assert len({each[0].key for each in messages}) == len({each[0].external_id for each in messages}) == 2 * CHATS
    assert len({each[0].peer.person.address.value for each in messages}) == CHATS


def test_updates_are_all_of_one_length():
    assert {len(update(number)) for number in (100_000_000, 123_456_789, 999_999_999)} == {len(BODY % ((0,) * 6))}
    assert msgspec.json.decode(update(100_000_001))["update_id"] == 100_000_001


@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_benchmark_has_results_a_line_in_the_table_and_stands_on_the_page(name):
    found = json.loads((RESULTS / f"{name}.json").read_text())
    assert {"method", "machine", "rounds"} <= found.keys() or name in ("streams", "deliver")
    assert any(line.startswith(f"| {name} |") for line in lines())
    assert f"`{name}`" in PAGE.read_text()


def test_every_file_of_results_stands_in_the_table():
    assert {path.stem for path in RESULTS.glob("*.json")} <= {figure.results for figure in FIGURES}


def test_the_page_shows_the_table_of_the_results_as_they_are():
    assert page(PAGE.read_text()) == PAGE.read_text(), "run `python -m benchmarks.table --show`"


def test_every_module_of_the_benchmarks_can_be_loaded(tmp_path):
    said = {"BENCH_SECRET": "s", "BENCH_STORE": f"sqlite:///{tmp_path / 'naive.db'}", "BENCH_QUEUE": "q"}
    loading = "; ".join(f"import benchmarks.{name}" for name in MODULES)
    subprocess.run([sys.executable, "-c", loading], cwd=ROOT, env={**os.environ, **said}, check=True, timeout=60)


def test_a_store_is_multiplied_row_by_row_under_ids_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(seed, "CUSTOMERS", 20)
    monkeypatch.setattr(seed, "MESSAGES", 60)
    multiplied.make(store := tmp_path / "store.db", 180)
    with closing(sqlite3.connect(store)) as rows:
        counts = {
            table: rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("message_heads", "contacts", "conversations", "history", "events", "raws")
        }
        told = "SELECT count(*) FROM events e JOIN message_heads m ON m.id = e.subject AND m.position = e.position"
        assert rows.execute(told).fetchone() == (180,)
        gaps = "SELECT count(*) FROM history GROUP BY conversation HAVING count(*) <> max(sequence)"
        assert rows.execute(gaps).fetchall() == []
        assert rows.execute("SELECT max(position) FROM events").fetchone() == (counts["events"],)
        late = "SELECT 1 FROM events a JOIN events b ON b.position = a.position + 1 AND b.recorded_at < a.recorded_at"
        assert rows.execute(late).fetchall() == []
        (body,) = rows.execute("SELECT body FROM messages ORDER BY position LIMIT 1").fetchone()
    assert (counts["message_heads"], counts["contacts"], counts["conversations"]) == (180, 60, 60)
    assert 0 < counts["raws"] < 60, "raw requests are forgotten"
    message = msgspec.json.decode(body)
    assert message["text"]
    assert message["external_ids"][0].endswith(f":{seed.chat(0)}")


def test_continuous_integration_measures_nothing():
    assert "bench" not in (ROOT / ".ci" / "run").read_text()
