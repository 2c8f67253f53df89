"""The command line. Modules here import nothing heavy at their top: `--help` answers at once.

Exit codes: 0 done, 1 failed, 2 wrong usage, 74 the store or the folder for files cannot be used, 75 try again later
(provider or hub do not answer, or another process has the port or the store), 78 the configuration cannot be used.
Errors are a sentence on standard error; `--json` prints JSON on standard output, one value a line. Both are UTF-8.
"""

import re
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from gateway.cli import (
    backups,
    config,
    connectors,
    deliveries,
    demo,
    init,
    keys,
    migrate,
    plugins,
    send,
    serve,
    simulate,
    subscriptions,
    tail,
    trace,
)
from gateway.cli.output import Exit, Failure

NO_TEXT = re.compile("[\udc80-\udcff]")
"""How octets of arguments look that are not UTF-8 (PEP 383)."""
app = typer.Typer(
    name="onethread",
    help="An omnichannel message gateway.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
app.command("init")(init.init)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("send")(send.send)
app.command("tail")(tail.tail)
app.command("trace")(trace.trace)
app.command("simulate")(simulate.simulate)
app.command("migrate")(migrate.migrate)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.add_typer(config.app, name="config")
app.add_typer(connectors.app, name="connectors")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(keys.app, name="keys")
app.add_typer(plugins.installed, name="plugins")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(plugins.development, name="plugin")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("onethread"))
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """An omnichannel message gateway: every channel, one conversation, one ordered history."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its code; `arguments` are the process's own where none are given."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app(args=None if arguments is None else list(arguments), prog_name="onethread")
    except Failure as failure:
        print(failure, file=sys.stderr)
        sys.exit(failure.code)
    except UnicodeEncodeError as error:
        if not NO_TEXT.search(error.object):
            raise
        print("what was given is no text: it is not UTF-8", file=sys.stderr)
        sys.exit(Exit.USAGE)
