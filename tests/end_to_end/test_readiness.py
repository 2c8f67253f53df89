"""What `/healthz` and `/readyz` say of a real process in trouble: the one is for restarts, the other for routing."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests

from tests.end_to_end.hub_process import HubProcess

pytestmark = pytest.mark.kill


def said(hub: HubProcess) -> tuple[int, list[str]]:
    """How `/readyz` answers, and about what; it answers in time whatever is wrong."""
    answer = requests.get(f"{hub.url}/readyz", timeout=10)
    problem: dict[str, Any] = answer.json()
    assert requests.get(f"{hub.url}/healthz", timeout=1).json() == {"status": "ok"}  # no restart would help
    if answer.status_code == 503:
        assert (problem["code"], answer.headers["retry-after"]) == ("not_ready", "5")
        assert problem["detail"] == "; ".join(error["message"] for error in problem["errors"])
    return answer.status_code, [error["path"] for error in problem.get("errors", ())]


def until_ready(hub: HubProcess) -> None:
    end = time.monotonic() + 20
    while said(hub) != (200, []):
        assert time.monotonic() < end
        time.sleep(0.2)


@contextmanager
def store(hub: HubProcess) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(hub.folder / "onethread.db", isolation_level=None, timeout=20)) as connection:
        yield connection


def test_a_store_that_somebody_locks_takes_no_writes_until_it_is_let_go(hub: HubProcess) -> None:
    assert said(hub) == (200, [])
    with store(hub) as other:
        other.execute("BEGIN IMMEDIATE")
        assert said(hub) == (503, ["store"])
        other.execute("ROLLBACK")
    until_ready(hub)
    assert hub.tell(hub.update(text="hello")).status_code == 200


def test_a_store_without_this_releases_migration_is_not_served(hub: HubProcess) -> None:
    with store(hub) as other:
        [(present,)] = other.execute("SELECT version_num FROM alembic_version")
        other.execute("UPDATE alembic_version SET version_num = '0001'")
        assert said(hub) == (503, ["schema"])
        other.execute("UPDATE alembic_version SET version_num = 'of a later release'")
        assert said(hub) == (200, [])
        other.execute("UPDATE alembic_version SET version_num = ?", (present,))
    assert said(hub) == (200, [])
