"""`onethread init`: a first configuration that works as it is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from gateway.cli.options import DEFAULT_CONFIG, Json
from gateway.cli.output import Failure, show

if TYPE_CHECKING:
    from connectors.kit.base import Plugin

FIRST = """\
# onethread's configuration. `onethread config check` says whether it can be used; `onethread config schema` prints its
# JSON Schema for editors. A running hub takes changes of this file without a restart.
# "${NAME}" stands for an environment variable and "file:/run/secrets/name" for the text of a file: keep secrets there.

public_url: http://127.0.0.1:8080   # how providers reach the hub: they post to <public_url>/in/<connector>
listen: 127.0.0.1:8080
store: sqlite:///onethread.db       # beside this file
files: ./files                      # attachments
bus: memory://

inboxes:                            # a brand: its connectors share conversations
  main:
    sharing: contact                # what shares one open conversation: contact, address or route
    reopen_within: 0s               # how long after closing a new message reopens the case

# limits:
#   body: 1MiB                      # the largest request a provider may send
#   keep_raw: 30d                   # how long raw requests are kept

connectors:
"""


def init(
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="ONETHREAD_CONFIG", help="The file to write.", dir_okay=False)
    ] = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Write a first configuration that works as it is. Overwrites nothing."""
    text = first_configuration()
    try:
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Failure(f"{config} is there already; init overwrites nothing") from error
    except OSError as error:
        raise Failure(f"{config} cannot be written: {error.strerror}") from error
    show({"config": config}, as_json=as_json, plain=f"{config} written; `onethread serve` runs it")


def first_configuration() -> str:
    """The file, with a commented example of every installed plugin."""
    from connectors.kit import registry

    return FIRST + "".join(_example_of(name, registry.load) for name in registry.plugin_names())


def _example_of(name: str, load: "Callable[[str], type[Plugin[Any]]]") -> str:
    from connectors.kit.registry import BrokenPlugin

    try:
        return example(load(name))
    except BrokenPlugin as error:
        return f"  # {' '.join(str(error).split())}\n"


def example(plugin: "type[Plugin[Any]]") -> str:
    """A connector of this plugin in comments, with what it requires and its secrets."""
    kind = plugin.info.name
    settings = "".join(f"  #   {line}\n" for line in _settings(plugin))
    summary = f"   # {' '.join(plugin.info.summary.split())}" if plugin.info.summary else ""
    return f"  # my-{kind.replace('_', '-')}:{summary}\n  #   plugin: {kind}\n{settings}"


def _settings(plugin: "type[Plugin[Any]]") -> Iterator[str]:
    import msgspec

    from connectors.kit.secret import Secret

    for field in msgspec.structs.fields(plugin.Config):
        kinds = (field.type, *get_args(field.type))
        variable = f"{plugin.info.name}_{field.encode_name}".upper()
        if Secret in kinds or (field.required and str in kinds):
            yield f'{field.encode_name}: "${{{variable}}}"'
        elif field.required:
            yield f"{field.encode_name}:"
