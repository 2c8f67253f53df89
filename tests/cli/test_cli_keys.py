"""API keys from the command line."""

import json
import sqlite3
from pathlib import Path

import pytest


def listed(run) -> list[tuple[str, list[str], bool]]:
    keys = json.loads(run("keys", "list", "--json").out)
    return [(key["name"], key["scopes"], key["revoked_at"] is not None) for key in keys]


def test_a_key_is_shown_once_and_listed_without_itself(run, config):
    made = json.loads(run("keys", "create", "--config", str(config), "--scope", "admin", "--json").out)
    assert made["key"].startswith(made["prefix"])
    assert len(made["key"]) > 40
    assert listed(run) == [("unnamed", ["admin"], False)]
    shown = run("keys", "list").out + run("keys", "list", "--json").out
    assert made["id"] in shown
    assert made["key"] not in shown


def test_plainly_only_the_key_is_printed(run, config):
    ran = run("keys", "create", "--scope", "read", "--scope", "write", "--name", "desk")
    assert ran.code == 0
    assert len(ran.out.split()) == 1
    assert listed(run) == [("desk", ["read", "write"], False)]


def test_a_revoked_key_stays_listed_and_cannot_be_revoked_again(run, config):
    made = json.loads(run("keys", "create", "--scope", "read", "--json").out)
    assert json.loads(run("keys", "revoke", made["id"], "--json").out) == {"id": made["id"], "revoked": True}
    assert listed(run) == [("unnamed", ["read"], True)]
    again = run("keys", "revoke", made["id"])
    assert (again.code, again.err) == (1, f"there is no valid key with the id {made['id']}\n")


def test_an_unknown_scope_is_refused_with_those_there_are(run, config):
    ran = run("keys", "create", "--scope", "root")
    assert (ran.code, ran.err) == (2, 'there is no scope "root": choose read, write, admin\n')
    assert not Path("onethread.db").exists()


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x1b[2Jb", "x" * 201])
def test_a_key_goes_by_a_name_that_can_be_read(run, config, name):
    ran = run("keys", "create", "--scope", "read", "--name", name)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "--name takes 1 to 200 characters on one line\n"


def test_a_name_of_an_earlier_release_cannot_command_the_terminal(run, config):
    assert run("keys", "create", "--scope", "read", "--name", "x").code == 0
    with sqlite3.connect("onethread.db") as store:
        store.execute("UPDATE api_keys SET name = 'a' || char(10) || char(27) || '[2J'")
    store.close()
    listed = run("keys", "list").out
    assert len(listed.splitlines()) == 2
    assert "\x1b" not in listed


def test_a_store_that_cannot_be_opened_is_told_in_a_sentence(run):
    Path("onethread.yaml").write_text("store: sqlite:///no/such/folder/hub.db\n")
    ran = run("keys", "list")
    assert (ran.code, ran.out) == (74, "")
    assert ran.err.startswith("the store ")
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("key_id", ["", "no-such-id", "'; drop table api_keys; --"])
def test_revoking_what_is_not_there_fails(run, config, key_id):
    assert run("keys", "revoke", "--", key_id).code == 1
