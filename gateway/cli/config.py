"""`onethread config`: looking at the configuration without running anything."""

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Failure, plain_values, show

app = typer.Typer(help="Look at the configuration.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Say whether the configuration can be used, with every problem and its place, and what was hardly meant so."""
    from gateway.settings.notes import notes

    settings = load_settings(config)
    count, noted = len(settings.connectors), notes(settings)
    good = f"{config}: good, {count} connector{'' if count == 1 else 's'}"
    show(
        {"file": config, "connectors": list(settings.connectors), "inboxes": list(settings.inboxes), "notes": noted},
        as_json=as_json,
        plain="\n".join([good, *(f"note: {line}" for line in noted)]),
    )


@app.command()
def schema(as_json: Json = False) -> None:
    """Print the JSON Schema of the configuration file, for editors."""
    import json

    from connectors.kit.registry import BrokenPlugin
    from gateway.settings import settings_schema

    try:
        described = settings_schema()
    except BrokenPlugin as error:
        raise Failure(str(error)) from error
    show(described, as_json=as_json, plain=json.dumps(described, indent=2, ensure_ascii=False))


@app.command("show")
def show_settings(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Print what the hub would run by, defaults put in and secrets left out."""
    import yaml

    values = plain_values(load_settings(config))
    show(values, as_json=as_json, plain=yaml.safe_dump(values, sort_keys=False, allow_unicode=True).rstrip())
