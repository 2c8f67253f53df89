"""`onethread plugins`: what is installed. `onethread plugin`: making one's own."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.options import Json
from gateway.cli.output import Exit, Failure, show, table

installed = typer.Typer(help="Installed plugins.", no_args_is_help=True, rich_markup_mode=None)
development = typer.Typer(help="Make and test a plugin.", no_args_is_help=True, rich_markup_mode=None)


@installed.command("list")
def list_all(as_json: Json = False) -> None:
    """List the installed plugins, with what they can do and where they come from."""
    from connectors.kit import registry

    found = [_described(name) for name in registry.plugin_names()]
    rows = [
        (line["name"], line.get("channel", "-"), line["source"], line.get("summary") or line.get("problem", ""))
        for line in found
    ]
    show(found, as_json=as_json, plain=table(("NAME", "CHANNEL", "FROM", "WHAT"), rows))


@installed.command("example")
def print_example(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Installed plugins.")], as_json: Json = False
) -> None:
    """Print a connector of each plugin, to be put under `connectors:` in the configuration."""
    from connectors.kit import registry
    from gateway.cli.examples import example

    try:
        told = [example(registry.load(name)) for name in names]
    except registry.UnknownPlugin as error:
        raise Failure(str(error), Exit.USAGE) from error
    except registry.BrokenPlugin as error:
        raise Failure(str(error)) from error
    show(dict(zip(names, told, strict=True)), as_json=as_json, plain="\n".join(told))


@development.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `plugin:` in the configuration: a-z, 0-9 and _.")],
    into: Annotated[Path, typer.Option(help="Where the new folder goes.", file_okay=False)] = Path(),
    declared: Annotated[bool, typer.Option("--declared", help="A channel that is data.")] = False,
    as_json: Json = False,
) -> None:
    """Write the folder of a plugin of one's own: small, working, and passing the conformance suite."""
    from gateway.cli.scaffold import create

    folder = create(name, into, declared=declared)
    plain = f"{folder} written; its README.md says what comes next"
    show({"name": name, "folder": folder}, as_json=as_json, plain=plain)


@development.command("test")
def examine(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An installed plugin.")], as_json: Json = False
) -> None:
    """Run the conformance suite on an installed plugin; nothing leaves this machine."""
    from connectors.kit.registry import BrokenPlugin, UnknownPlugin

    try:
        from gateway.cli import conformance
    except ModuleNotFoundError as error:
        raise Failure(f"{error.name} is missing: pip install 'onethread[conformance]'") from error
    try:
        result = conformance.examine(name, quiet=as_json)
    except UnknownPlugin as error:
        raise Failure(str(error), Exit.USAGE) from error
    except BrokenPlugin as error:
        raise Failure(str(error)) from error
    show(result, as_json=as_json, plain="")
    if not result.conforms:
        raise Failure(f"the plugin {name} does not conform")


def _described(name: str) -> dict[str, Any]:
    from connectors.kit import registry
    from connectors.kit.capability import in_order
    from gateway.cli.output import plain_values

    source = _source(name)
    try:
        told = registry.describe(name)
        can = {"capability": in_order(told.capability), "public": in_order(told.public)}
        return {**plain_values(told), **can, "source": source}
    except registry.BrokenPlugin as error:
        return {"name": name, "source": source, "problem": str(error)}


def _source(name: str) -> str:
    """The distribution a plugin comes from."""
    from importlib.metadata import entry_points

    from connectors.kit.registry import GROUP
    from connectors.registry import BUILT_IN

    if name in BUILT_IN:
        return "onethread"
    found = (point.dist.name for point in entry_points(group=GROUP, name=name) if point.dist)
    return min(found, default="unknown")
