"""Making a configuration and looking at it."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from talkers import Config

from connectors.kit.secret import Secret
from gateway.settings import Connector, load

BROKEN = "public_url: ftp://hub\nconnectors:\n  support: {plugin: parrot, tokn: t}\n"


def test_init_writes_what_the_loader_takes(run):
    assert run("init", "--json").out == '{"config":"onethread.yaml"}\n'
    settings = load(Path("onethread.yaml"), {})
    assert (settings.public_url, settings.connectors, list(settings.inboxes)) == ("http://127.0.0.1:8080", {}, ["main"])
    assert run("config", "check").out == "onethread.yaml: good, 0 connectors\n"


def test_an_example_works_where_init_points_to(run):
    run("init")
    printed = run("plugins", "example", "parrot").out
    assert printed == '  my-parrot:   # repeats what it hears\n    plugin: parrot\n    token: "${PARROT_TOKEN}"\n'
    with Path("onethread.yaml").open("a") as file:
        file.write(printed)
    assert load(Path("onethread.yaml"), {"PARROT_TOKEN": "hunter2"}).connectors == {
        "my-parrot": Connector(name="my-parrot", plugin="parrot", inbox="main", config=Config(token=Secret("hunter2")))
    }


def test_a_first_configuration_is_short_enough_to_be_read(run):
    run("init")
    assert len(Path("onethread.yaml").read_text().splitlines()) < 30


def test_examples_are_of_plugins_that_can_be_loaded(run):
    unknown, broken = run("plugins", "example", "parot"), run("plugins", "example", "moulted")
    assert (unknown.code, unknown.out) == (2, "")
    assert "parot" in unknown.err
    assert (broken.code, broken.out) == (1, "")
    assert broken.err.startswith("plugin 'moulted' cannot be loaded: ")


def test_init_overwrites_nothing(run, config):
    before = config.read_text()
    ran = run("init")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "onethread.yaml is there already; init overwrites nothing\n"
    assert config.read_text() == before


def test_init_says_where_it_cannot_write(run):
    ran = run("init", "--config", "no/such/folder.yaml")
    assert (ran.code, ran.err) == (1, "no/such/folder.yaml cannot be written: No such file or directory\n")


def test_a_good_configuration_is_called_so(run, config):
    assert run("config", "check").out == "onethread.yaml: good, 4 connectors\n"
    assert json.loads(run("config", "check", "--json").out) == {
        "file": "onethread.yaml",
        "connectors": ["support", "offended", "asleep", "silent"],
        "inboxes": ["main"],
        "notes": [],
    }


NOTED = """\
public_url: http://hub.example.com
inboxes: {main: {}, other: {}}
connectors:
  support: {plugin: parrot, inbox: main, token: hunter2}
  sales: {plugin: parrot, inbox: other, token: hunter2}
  third: {plugin: parrot, inbox: other, token: hunter3}
"""
TWICE = (
    "connectors.sales: its settings are those of connectors.support; the two share what comes, or one hears nothing:"
    " keep one"
)
PLAIN = (
    "public_url: most providers call by https only; put a proxy with a certificate before the hub, and write its"
    " address here"
)


def test_what_can_be_used_and_was_hardly_meant_so_is_noted(run):
    Path("onethread.yaml").write_text(NOTED)
    assert run("config", "check").out == f"onethread.yaml: good, 3 connectors\nnote: {PLAIN}\nnote: {TWICE}\n"
    assert json.loads(run("config", "check", "--json").out)["notes"] == [PLAIN, TWICE]


@pytest.mark.parametrize(
    "url", ["https://hub.example.com", "http://127.0.0.1:8080", "http://hub:8080", "http://[::1]:8080", "http://a.test"]
)
def test_an_address_within_reach_only_may_be_http(run, url):
    Path("onethread.yaml").write_text(f"public_url: {url}\n")
    assert run("config", "check").out == "onethread.yaml: good, 0 connectors\n"


def test_a_plugin_like_no_other_is_looked_up(run):
    Path("onethread.yaml").write_text("connectors: {a: {plugin: zzz}}\n")
    assert run("config", "check").err == (
        "onethread.yaml:1:26: connectors.a.plugin: there is no such plugin; `onethread plugins list` names those there"
        " are\n"
    )


@pytest.mark.parametrize(
    "command", [("config", "check"), ("connectors", "list"), ("keys", "list"), ("connectors", "check", "support")]
)
def test_a_broken_configuration_ends_every_command_with_78_and_all_problems(run, command):
    Path("broken.yaml").write_text(BROKEN)
    ran = run(*command, "--config", "broken.yaml")
    assert (ran.code, ran.out) == (78, "")
    assert ran.err.splitlines() == [
        "broken.yaml:1:13: public_url: expected an http or https URL such as https://hub.example.com",
        'broken.yaml:3:29: connectors.support.tokn: unknown key; did you mean "token"?',
    ]


def test_without_a_configuration_init_is_pointed_to(run):
    ran = run("config", "check")
    assert (ran.code, ran.err) == (78, "onethread.yaml: there is no such file; `onethread init` writes one\n")


def test_the_environment_may_name_the_configuration(run, monkeypatch):
    monkeypatch.setenv("ONETHREAD_CONFIG", "elsewhere.yaml")
    assert run("config", "check").err.startswith("elsewhere.yaml: there is no such file")


def test_a_secret_of_the_environment_is_found_and_not_shown(run, monkeypatch):
    Path("onethread.yaml").write_text('connectors: {one: {plugin: parrot, token: "${SEED}"}}\n')
    assert run("config", "check").err == (
        "onethread.yaml:1:43: connectors.one.token: the environment variable SEED is not set\n"
    )
    monkeypatch.setenv("SEED", "hunter2-hunter2")
    shown = run("config", "show")
    assert shown.code == 0
    assert "hunter2" not in shown.out


def test_what_the_hub_would_run_by_is_shown_without_secrets(run, config):
    plain, machine = run("config", "show"), run("config", "show", "--json")
    assert yaml.safe_load(plain.out) == json.loads(machine.out)
    shown = json.loads(machine.out)
    assert shown["connectors"]["support"] == {
        "name": "support",
        "plugin": "parrot",
        "inbox": "main",
        "config": {"token": "***", "mood": "good"},
        "rate": None,
        "give_up_after": None,
    }
    assert shown["seal"] == "Seal(0 keys)"
    assert shown["listen"] == {"host": "127.0.0.1", "port": 8080}


def test_the_schema_is_printed_for_editors(run, monkeypatch):
    ran = run("config", "schema", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("plugin 'moulted' cannot be loaded: ")
    monkeypatch.setattr("sys.path", [entry for entry in __import__("sys").path if not entry.endswith("/site")])
    schema = json.loads(run("config", "schema").out)
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid({"public_url": "https://hub"})
