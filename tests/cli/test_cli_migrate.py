"""`onethread migrate`: what it would do, and does, on both engines."""

import json
from pathlib import Path

import pytest

from gateway.store import revisions
from gateway.store.engine import connect, writing
from tests.stores import empty_url_of

STEPS = ["0010", "0011", "0012", "0013", "0014"]
pytestmark = pytest.mark.engine("sqlite", "postgresql")


@pytest.fixture
def store(run, tmp_path: Path) -> str:
    """A store of an earlier release, and a configuration that names it."""
    url = empty_url_of(tmp_path / "hub.db").replace("postgres@", "postgres:hunter2@")  # the server trusts us anyway
    engine = connect(url)
    with writing(engine) as connection:
        revisions.upgrade(connection, "0009")
    engine.dispose()
    Path("onethread.yaml").write_text(f"store: {url}\n")
    return url


def test_a_plan_changes_nothing_and_then_it_is_done(run, store):
    planned = [run("migrate", "--plan", "--json") for _ in range(2)]
    assert [(one.code, [step["revision"] for step in json.loads(one.out)["steps"]]) for one in planned] == [
        (1, STEPS),
        (1, STEPS),
    ]
    done = run("migrate")
    assert (done.code, [line.split()[0] for line in done.out.splitlines()]) == (
        0,
        ["0010", "0011", "0012", "0013", "0014"],
    )
    again = run("migrate", "--plan")
    assert (again.code, again.out.endswith("is up to date\n")) == (0, True)


def test_a_store_of_a_newer_release_is_left_alone(run, store):
    engine = connect(store)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    refused = run("migrate")
    assert (refused.code, "of a newer release" in refused.err) == (74, True)


def test_no_password_is_shown(run, store):
    ran = [run("migrate", "--plan"), run("migrate", "--json"), run("migrate"), run("config", "show")]
    assert "hunter2" not in "".join(one.out + one.err for one in ran)


@pytest.mark.engine("sqlite")
def test_where_there_is_no_store_a_plan_says_so(run):
    Path("onethread.yaml").write_text("store: sqlite:///nowhere.db\n")
    refused = run("migrate", "--plan")
    assert (refused.code, "there is no store" in refused.err, Path("nowhere.db").exists()) == (74, True, False)
