"""`onethread migrate`: the store's schema brought up to date, or only what that would do."""

from typing import Annotated

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, show


def migrate(
    config: Config = DEFAULT_CONFIG,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be done, and change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the schema of the store up to date, as `serve` would at its start.

    Exit codes: 0 it is up to date; 1 with --plan, it is not; 74 the store cannot be used, or is of a newer release.
    """
    from sqlalchemy.exc import DBAPIError

    from gateway.store.engine import ForeignSchema, connect, shown, steps
    from gateway.store.engine import migrate as upgrade
    from gateway.store.portable import is_there
    from gateway.store.session import StoreTrouble, sentence

    settings = load_settings(config)
    name = shown(settings.store_url)
    if plan and not is_there(settings.store_url):
        raise Failure(f"there is no store {name} yet", Exit.STORE)
    engine = connect(settings.store_url)
    try:
        found = steps(engine)
        if not plan:
            upgrade(engine)
    except (DBAPIError, ForeignSchema, StoreTrouble) as error:
        raise Failure(f"the store {name} cannot be migrated: {sentence(error)}", Exit.STORE) from error
    finally:
        engine.dispose()
    lines = [f"{one.revision}  {one.what}" for one in found] or [f"the store {name} is up to date"]
    values = [{"revision": one.revision, "what": one.what} for one in found]
    show({"store": name, "done": not plan, "steps": values}, as_json=as_json, plain="\n".join(lines))
    if plan and found:
        raise typer.Exit(Exit.FAILED)
