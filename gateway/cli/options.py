"""Options that several commands share, and what they lead to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import Exit, Failure

if TYPE_CHECKING:
    from gateway.settings import Connector, Settings

DEFAULT_CONFIG = Path("onethread.yaml")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Config = Annotated[
    Path, typer.Option("--config", "-c", envvar="ONETHREAD_CONFIG", help="The configuration file.", dir_okay=False)
]


def load_settings(config: Path) -> "Settings":
    """The settings of the file. Raises Failure, with every problem on a line of its own."""
    from gateway.settings import SettingsError, load

    if not config.exists():
        raise Failure(f"{config}: there is no such file; `onethread init` writes one", Exit.CONFIGURATION)
    try:
        return load(config, os.environ)
    except SettingsError as error:
        raise Failure(str(error), Exit.CONFIGURATION) from error


def named(settings: "Settings", name: str) -> "Connector":
    """The connector of this name. Raises Failure."""
    from gateway.settings.problems import nearest

    if name not in settings.connectors:
        meant = nearest(name, settings.connectors)
        hint = f'; did you mean "{meant}"?' if meant else ""
        raise Failure(f'{settings.path}: there is no connector "{name}"{hint}', Exit.USAGE)
    return settings.connectors[name]
