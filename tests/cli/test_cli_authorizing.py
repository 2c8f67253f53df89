"""Authorising a connector: what is printed, what is kept, and what is refused."""

import base64
import io
import json
from pathlib import Path

import pytest

from gateway.store import schema
from gateway.store.engine import open_store

KEY = base64.b64encode(b"k" * 32).decode()
LANDED = "http://127.0.0.1/?state=s1&word=sesame"


@pytest.fixture
def store(run, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONETHREAD_KEY", KEY)
    Path("onethread.yaml").write_text(
        "store: sqlite:///hub.db\nconnectors:\n"
        "  bird: {plugin: asking, token: hunter2-hunter2}\n  other: {plugin: asking, token: t}\n"
        "  silent: {plugin: mute, token: t}\n"
    )
    return Path("hub.db")


@pytest.fixture
def paste(monkeypatch: pytest.MonkeyPatch):
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))


def test_an_account_allows_a_connector_in_a_browser(run, store, paste):
    before = run("connectors", "check", "bird")
    assert (before.code, before.err.splitlines()[-1]) == (1, "bird: nobody has authorised it")
    paste(LANDED)
    ran = run("connectors", "authorize", "bird")
    assert (ran.code, ran.out) == (0, "bird: authorised by Polly\nat: http://127.0.0.1/\n")
    assert "\nhttps://cage.example.com/allow?state=s1\n" in ran.err
    assert "ends at http://127.0.0.1/…" in ran.err
    assert run("connectors", "check", "bird").out == "bird: good, 6 letters\n"
    assert run("connectors", "check", "other").code == 1
    assert b"sesame" not in store.read_bytes()


def test_a_lane_that_waits_for_it_goes_on(run, store, paste):
    engine = open_store(f"sqlite:///{store}")
    with engine.begin() as connection:
        values = {"connector_id": "bird", "paused_until": 1 << 60, "paused_why": "nobody has authorised it"}
        connection.execute(schema.lanes.insert().values(**values, owner="", fence=0, lease_until=0))
    paste(LANDED)
    assert run("connectors", "authorize", "bird").code == 0
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT paused_until, paused_why FROM lanes").all() == [(None, None)]
    engine.dispose()


def test_for_scripts_it_says_who_allowed_it(run, store, paste):
    paste(LANDED)
    assert json.loads(run("connectors", "authorize", "bird", "--json").out) == {
        "name": "Polly",
        "details": {"at": "http://127.0.0.1/"},
    }


def test_what_was_not_allowed_is_not_kept(run, store, paste):
    paste("http://127.0.0.1/?error=access_denied")
    ran = run("connectors", "authorize", "bird")
    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (1, "", "bird: nothing was allowed")
    assert run("connectors", "check", "bird").code == 1


def test_a_plugin_with_its_credentials_in_the_configuration_has_nothing_to_allow(run, store):
    ran = run("connectors", "authorize", "silent")
    assert ran.code == 2
    assert ran.err.endswith("silent: the plugin mute has its credentials in the configuration\n")


def test_what_a_connector_keeps_is_forgotten_even_without_its_key(run, store, paste, monkeypatch):
    paste(LANDED)
    run("connectors", "authorize", "bird")
    monkeypatch.delenv("ONETHREAD_KEY")
    wrong = run("connectors", "check", "bird")
    assert (wrong.code, "ONETHREAD_KEY is not set" in wrong.err) == (1, True)
    assert run("connectors", "forget", "bird").out == "bird: removed 1\n"
    again = run("connectors", "forget", "bird")
    assert (again.code, again.err) == (1, "bird keeps nothing\n")
