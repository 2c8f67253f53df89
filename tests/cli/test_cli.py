"""The command line as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from hubs import ENVIRONMENT

from gateway.cli import app

HEAVY = (
    "sqlalchemy",
    "aiohttp",
    "flask",
    "alembic",
    "uvicorn",
    "structlog",
    "rich",
    "jsonschema",
    "asyncio",
    "requests",
)
ASKED = """
import sys
from gateway.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print(sorted(sys.modules.keys() & set({heavy!r})), ended.code or 0, file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [[], ["keys"], ["connectors", "webhook"], ["plugin"], ["serve"], ["send"]])
def test_help_imports_nothing_heavy(arguments):
    asked = [sys.executable, "-c", ASKED.format(heavy=HEAVY), *arguments, "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert told.stderr == "[] 0\n"
    assert told.stdout.startswith("Usage: onethread")


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_the_commands_of_this_release_are_there():
    assert {
        "init",
        "config check",
        "config schema",
        "config show",
        "plugins list",
        "plugins example",
        "plugin new",
        "plugin test",
        "connectors list",
        "connectors check",
        "connectors webhook set",
        "connectors webhook info",
        "connectors webhook delete",
        "keys create",
        "keys list",
        "keys revoke",
        "serve",
        "send",
        "tail",
        "trace",
        "simulate",
    } <= COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json_and_says_what_it_does(name):
    command = COMMANDS[name]
    assert "--json" in [option for parameter in command.params for option in parameter.opts]
    assert command.help


@pytest.mark.parametrize("arguments", [["fly"], ["keys", "create"], ["connectors", "check"], ["init", "--nothing"]])
def test_wrong_usage_ends_with_2_and_no_traceback(run, arguments):
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["trace", "\udcff"],
        ["tail", "--no-follow", "--conversation", "\udcff"],
        ["keys", "revoke", "\udcff"],
    ],
)
def test_what_is_no_text_is_wrong_usage(run, config, arguments):
    ran = run(*arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", "what was given is no text: it is not UTF-8\n")


def test_what_is_printed_is_utf_8_whatever_the_surroundings(run):
    Path("onethread.yaml").write_text("{}")
    asked = [sys.executable, "-m", "gateway.cli", "keys", "create", "--scope", "read", "--name", "naïve 🦜"]
    surroundings = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
    subprocess.run(asked, env=surroundings, check=True, stdout=subprocess.DEVNULL)
    told = subprocess.run([*asked[:4], "list"], env=surroundings, capture_output=True, check=True)
    assert told.stdout.decode().endswith("naïve 🦜\n")


def test_the_module_is_the_command():
    told = subprocess.run([sys.executable, "-m", "gateway.cli", "--help"], capture_output=True, text=True, check=True)
    assert "Commands:" in told.stdout
