"""Connectors, asked about through their plugins."""

import json

import pytest


def test_connectors_are_listed_with_where_providers_post_to(run, config):
    assert json.loads(run("connectors", "list", "--json").out)[0] == {
        "name": "support",
        "plugin": "parrot",
        "channel": "cage",
        "inbox": "main",
        "webhook_url": "https://hub.example.com/in/support",
    }
    lines = run("connectors", "list").out.splitlines()
    assert lines[0].split() == ["NAME", "PLUGIN", "CHANNEL", "INBOX", "WEBHOOK_URL"]
    assert [line.split()[0] for line in lines[1:]] == ["support", "offended", "asleep", "silent"]


def test_good_credentials_are_called_so(run, config):
    assert run("connectors", "check", "support").out == "support: good, Polly\ncolour: green\n"
    assert json.loads(run("connectors", "check", "support", "--json").out) == {
        "name": "Polly",
        "details": {"colour": "green"},
    }


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("offended", 1, "offended: the token is not accepted"),
        ("asleep", 75, "asleep: the provider did not answer: no connection in time"),
        ("silent", 2, "silent: the plugin mute cannot ask whether credentials work"),
        ("suport", 2, 'onethread.yaml: there is no connector "suport"; did you mean "support"?'),
    ],
)
def test_a_failed_check_says_why_by_its_exit_code(run, config, name, code, told):
    ran = run("connectors", "check", name)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.endswith(f"{told}\n")


def test_the_webhook_is_set_to_the_public_address(run, config):
    assert json.loads(run("connectors", "webhook", "set", "support", "--json").out) == {
        "url": "https://hub.example.com/in/support",
        "pending": 0,
        "last_error": None,
        "details": {},
    }
    assert run("connectors", "webhook", "set", "support").out == (
        "support: posts to https://hub.example.com/in/support\npending: 0\n"
    )


def test_the_webhook_is_shown_as_the_provider_has_it(run, config):
    assert run("connectors", "webhook", "info", "support").out == (
        "support: posts to nowhere\npending: 3\nlast_error: seed\nperch: 2\n"
    )


def test_the_webhook_is_deleted(run, config):
    assert run("connectors", "webhook", "delete", "support").out == "support: posts to nowhere\n"


@pytest.mark.parametrize("act", ["set", "info", "delete"])
def test_a_plugin_without_webhooks_says_so(run, config, act):
    ran = run("connectors", "webhook", act, "silent")
    assert (ran.code, ran.err) == (2, "silent: the plugin mute has no webhook to set at its provider\n")


def test_a_refused_webhook_is_a_failure(run, config):
    ran = run("connectors", "webhook", "set", "offended")
    assert (ran.code, ran.err) == (1, "offended: the token is not accepted\n")
