"""Subscriptions from the command line, beside a hub or without one."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hubs import served

from gateway.relay.catalogue import of_row, reading
from gateway.settings import load
from gateway.settings.sealing import VARIABLE, Seal
from gateway.store.engine import open_store, writing
from tests.relay.receiver import SECRET

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
WEBHOOK = ("--webhook", "https://crm.example.com/hook")


def asked(run: Any, *arguments: str) -> Any:
    ran = run("subscriptions", *arguments, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def store() -> Any:
    return open_store(load(Path("onethread.yaml"), {}).store)


def hold(name: str) -> None:
    """As a relay leaves it: one conversation is parked, another is tried again."""
    rows = [
        (name, 3, "a", "message.received", 10, None, "answered 500", 5, 2),
        (name, 4, "a", "message.created", 0, None, None, 6, None),
        (name, 5, "b", "message.received", 2, 2 * 10**15, "no answer in time", 7, 3),
    ]
    engine = store()
    with writing(engine) as connection:
        for row in rows:
            connection.exec_driver_sql("INSERT INTO held_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    engine.dispose()


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(run, config):
    made = asked(run, "create", "crm", *WEBHOOK, "--type", "message.*", "--connector", "support", "--commands")
    assert made["secret"].startswith("whsec_")
    shown = asked(run, "show", "crm")
    assert made["subscription"] == {key: value for key, value in shown.items() if key != "replays"}
    assert {key: shown[key] for key in ("origin", "webhook", "types", "connectors", "commands", "state")} == {
        "origin": "api",
        "webhook": "https://crm.example.com/hook",
        "types": ["message.*"],
        "connectors": ["support"],
        "commands": ["read", "write"],
        "state": "active",
    }
    assert made["secret"] not in json.dumps(shown) + run("subscriptions", "list").out
    engine = store()
    with reading(engine) as found:
        row = found.one("crm")
    engine.dispose()
    assert row is not None
    assert row.trusted
    kept = of_row(row, Seal())
    assert kept is not None
    assert kept.entry.secret is not None
    assert kept.entry.secret.reveal() == made["secret"]


def test_a_secret_is_closed_under_the_key_of_the_environment(run, config, monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY)
    run("subscriptions", "create", "crm", *WEBHOOK, "--secret", SECRET)
    with closing(sqlite3.connect("onethread.db")) as kept:
        [(secrets,)] = kept.execute("SELECT secrets FROM subscriptions")
    assert SECRET.encode() not in secrets
    assert asked(run, "show", "crm")["webhook"] == WEBHOOK[1]
    monkeypatch.delenv(VARIABLE)
    sentence = "the store keeps secrets that cannot be opened: ONETHREAD_KEY is not set\n"
    ran = run("subscriptions", "show", "crm")
    assert (ran.code, ran.err) == (78, sentence)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path("../site").resolve())])}
    command = [sys.executable, "-m", "gateway.cli", "serve"]
    served = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (served.returncode, served.stderr) == (78, sentence)


def test_what_is_no_key_is_a_wrong_configuration(run, config, monkeypatch):
    monkeypatch.setenv(VARIABLE, "changeme")
    ran = run("subscriptions", "list")
    assert (ran.code, ran.err) == (
        78,
        "the environment: ONETHREAD_KEY is no key: `openssl rand -base64 32` makes one\n",
    )


def test_a_given_secret_is_not_repeated(run, config):
    ran = run("subscriptions", "create", "crm", *WEBHOOK, "--secret", SECRET)
    assert (ran.code, ran.out) == (0, "crm: https://crm.example.com/hook\n")


def test_subscriptions_are_listed_those_of_the_file_too(run, config):
    config.write_text(config.read_text() + "subscriptions: {archive: {queue: true}}\n")
    run("subscriptions", "create", "crm", *WEBHOOK)
    lines = run("subscriptions", "list").out.splitlines()
    assert [line.split() for line in lines] == [
        ["NAME", "ORIGIN", "STATE", "BEHIND", "SECONDS", "PARKED", "TO"],
        ["archive", "file", "active", "0", "0", "0", "onethread.q.archive"],
        ["crm", "api", "active", "0", "0", "0", "https://crm.example.com/hook"],
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["create", "Crm", *WEBHOOK], 2, "a name is 1 to 63 of a-z"),
        (["create", "crm"], 2, "expected either `queue: true` or a `webhook`"),
        (["create", "crm", "--queue", *WEBHOOK], 2, "expected either `queue: true` or a `webhook`"),
        (["create", "crm", "--webhook", "ftp://x"], 2, "webhook: expected an http or https URL"),
        (["create", "crm", *WEBHOOK, "--secret", "hunter2"], 2, "secret: expected whsec_"),
        (["create", "crm", "--queue", "--type", "mesage.*"], 2, 'did you mean "message.*"?'),
        (["create", "crm", "--queue", "--connector", "suport"], 2, "did you mean 'support'?"),
        (["create", "crm", "--queue", "--start", "soon"], 2, "--start takes newest or oldest"),
        (["create", "archive", "--queue"], 2, "provides archive already"),
        (["show", "nobody"], 2, "there is no subscription nobody"),
        (["pause", "nobody"], 1, "there is no subscription nobody"),
        (["delete", "archive"], 2, "take it out there first"),
        (["replay", "archive", "--after", "5"], 2, "the newest is 0"),
        (["parked", "archive", "--skip"], 2, "--skip with a --partition"),
        (["parked", "archive", "--resume", "--skip"], 2, "--resume or --skip"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(run, config, arguments, code, told):
    config.write_text(config.read_text() + "subscriptions: {archive: {queue: true}}\n")
    ran = run("subscriptions", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err
    assert "hunter2" not in ran.err


def test_pausing_resuming_and_deleting(run, config):
    run("subscriptions", "create", "archive", "--queue")
    assert run("subscriptions", "pause", "archive").out == "archive paused\n"
    assert asked(run, "show", "archive")["state"] == "paused"
    assert asked(run, "resume", "archive") == {"name": "archive", "state": "active"}
    assert asked(run, "delete", "archive") == {"name": "archive", "deleted": True}
    assert asked(run, "list") == []


def test_what_waits_is_listed_tried_again_and_skipped(run, config):
    run("subscriptions", "create", "archive", "--queue")
    hold("archive")
    lines = [line.split() for line in run("subscriptions", "parked", "archive").out.splitlines()]
    assert [line[:6] for line in lines[1:]] == [
        ["a", "parked", "3", "message.received", "10", "1"],
        ["b", "retrying", "5", "message.received", "2", "0"],
    ]
    assert asked(run, "list")[0]["waiting"] == {"events": 3, "parked": 1}
    assert asked(run, "parked", "archive", "--skip", "--partition", "a")["position"] == "3"
    assert [one["position"] for one in asked(run, "parked", "archive", "--partition", "a")] == ["4"]
    assert asked(run, "parked", "archive", "--resume") == {"resumed": 1}
    refused = run("subscriptions", "parked", "archive", "--resume", "--partition", "c")
    assert (refused.code, refused.err) == (1, "nothing waits under c\n")


def test_a_replay_is_asked_for_and_shown(run, config):
    run("subscriptions", "create", "archive", "--queue", "--type", "message.*")
    made = asked(run, "replay", "archive", "--after", "0", "--type", "message.received")
    assert (made["state"], made["after"], made["until"], made["types"]) == ("running", "0", "0", ["message.received"])
    assert asked(run, "show", "archive")["replays"][0]["id"] == made["id"]
    refused = run("subscriptions", "replay", "archive", "--after", "0", "--type", "delivery.*")
    assert (refused.code, refused.err) == (2, "archive gets no events of these types\n")


def test_a_running_hub_notices(run, config):
    """It takes a subscription up, runs its replay, and lets it go, all told through the store."""
    config.write_text("")
    with served(Path.cwd()):
        asked(run, "create", "archive", "--queue")
        id_ = asked(run, "replay", "archive", "--after", "0")["id"]
        end = time.monotonic() + 20
        while asked(run, "show", "archive")["replays"][0]["state"] != "done":
            assert time.monotonic() < end
            time.sleep(0.05)
        assert asked(run, "show", "archive")["replays"][0]["id"] == id_
        asked(run, "delete", "archive")
