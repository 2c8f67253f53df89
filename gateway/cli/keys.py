"""`onethread keys`: who may use the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, one_line, plain_values, show, table, visible
from gateway.cli.stores import opened

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.keys import Scope

MOST_NAME = 200
app = typer.Typer(help="API keys.", no_args_is_help=True, rich_markup_mode=None)


@contextmanager
def _store(config: Path) -> "Iterator[Engine]":
    with opened(load_settings(config)) as engine:
        yield engine


@app.command()
def create(
    scope: Annotated[list[str], typer.Option(help="read, write or admin; may be repeated.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "unnamed",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    scopes = _scopes(scope)
    if not (name.strip() and len(name) <= MOST_NAME and visible(name) == name):
        raise Failure(f"--name takes 1 to {MOST_NAME} characters on one line", Exit.USAGE)
    with _store(config) as engine:
        from gateway.keys import create_key

        key, info = create_key(engine, name, scopes)
    show({"key": key, **plain_values(info)}, as_json=as_json, plain=key)


@app.command("list")
def list_all(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the keys, revoked ones too, without the keys themselves."""
    with _store(config) as engine:
        from gateway.keys import list_keys

        found = list_keys(engine)
    rows = [
        (key.id, key.prefix + "…", " ".join(key.scopes), "revoked" if key.revoked_at else "", one_line(key.name))
        for key in found
    ]
    show(found, as_json=as_json, plain=table(("ID", "KEY", "SCOPES", "STATE", "NAME"), rows))


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `keys list` shows it.")],
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Make a key useless, at once and for good."""
    with _store(config) as engine:
        from gateway.keys import revoke_key

        if not revoke_key(engine, key_id):
            raise Failure(f"there is no valid key with the id {key_id}")
    show({"id": key_id, "revoked": True}, as_json=as_json, plain=f"{key_id} revoked")


def _scopes(names: list[str]) -> "list[Scope]":
    from gateway.keys import Scope

    known = [scope.value for scope in Scope]
    for name in names:
        if name not in known:
            raise Failure(f'there is no scope "{name}": choose {", ".join(known)}', Exit.USAGE)
    return [Scope(name) for name in dict.fromkeys(names)]
