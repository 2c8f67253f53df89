"""`onethread connectors`: the configured connectors, their credentials, what they keep, and their webhooks."""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gateway.cli.keeping import authorized, keeps, let_it_try, writing
from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings, named
from gateway.cli.output import Exit, Failure, show, table

if TYPE_CHECKING:
    from connectors.kit.base import Plugin, Registers, Registration
    from gateway.settings import Connector, Settings

app = typer.Typer(help="Configured connectors.", no_args_is_help=True, rich_markup_mode=None)
webhook = typer.Typer(
    help="A connector's webhook, as its provider has it.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(webhook, name="webhook")

LONGEST = 8192
"""Characters of an address that is pasted."""
Name = Annotated[str, typer.Argument(metavar="NAME", help="The connector's name in the configuration.")]
T = TypeVar("T")


@app.command("list")
def list_all(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the configured connectors and where their providers post to."""
    settings = load_settings(config)
    found = [_described(settings, connector) for connector in settings.connectors.values()]
    head = ("name", "plugin", "channel", "inbox", "webhook_url")
    rows = [[line[column] for column in head] for line in found]
    show(found, as_json=as_json, plain=table([column.upper() for column in head], rows))


@app.command()
def check(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Ask the provider whether the credentials work."""
    settings = load_settings(config)

    async def ask(plugin: "Plugin[Any]") -> Any:
        from connectors.kit.base import Checks

        if not isinstance(plugin, Checks):
            raise _unable(name, plugin, "cannot ask whether credentials work")
        return await plugin.check()

    account = _with_plugin(settings, name, ask)
    details = [f"{key}: {value}" for key, value in account.details.items()]
    show(account, as_json=as_json, plain="\n".join([f"{name}: good, {account.name}", *details]))


@app.command()
def authorize(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Have somebody allow in a browser what the connector does, and keep what the provider gives for it."""
    settings = load_settings(config)

    async def ask(plugin: "Plugin[Any]") -> Any:
        from connectors.kit.base import Authorizes

        if not isinstance(plugin, Authorizes):
            raise _unable(name, plugin, "has its credentials in the configuration")
        asked = plugin.authorization()
        typer.echo(f"Open this address in a browser and allow what it asks:\n\n{asked.url}\n", err=True)
        typer.echo(f"The browser then ends at {asked.returns_to}…, whether or not there is a page.", err=True)
        typer.echo("Paste the whole address it ended at:", err=True)
        return await plugin.authorize(asked, sys.stdin.readline(LONGEST).strip())

    account = _with_plugin(settings, name, ask)
    let_it_try(settings, name)
    details = [f"{key}: {value}" for key, value in account.details.items()]
    show(account, as_json=as_json, plain="\n".join([f"{name}: authorised by {account.name}", *details]))


@app.command()
def forget(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Remove what a connector keeps in the store, such as what was authorised; the provider is told nothing."""
    from gateway.keeping import forgotten

    with writing(load_settings(config)) as (writer, _):
        count = writer.submit(forgotten, name).result()
    if not count:
        raise Failure(f"{name} keeps nothing")
    show({"name": name, "removed": count}, as_json=as_json, plain=f"{name}: removed {count}")


@webhook.command("set")
def set_webhook(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Tell the provider to post to this hub's public address."""
    settings = load_settings(config)
    url = settings.webhook_url(name)
    _registration(settings, name, lambda plugin: plugin.register(url), as_json=as_json)


@webhook.command()
def info(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Ask the provider where it posts to, and how that goes."""
    _registration(load_settings(config), name, lambda plugin: plugin.registration(), as_json=as_json)


@webhook.command()
def delete(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Tell the provider to post nowhere."""
    _registration(load_settings(config), name, lambda plugin: plugin.unregister(), as_json=as_json)


def _registration(
    settings: "Settings", name: str, act: "Callable[[Registers], Awaitable[Registration]]", *, as_json: bool
) -> None:
    async def ask(plugin: "Plugin[Any]") -> Any:
        from connectors.kit.base import Registers

        if not isinstance(plugin, Registers):
            raise _unable(name, plugin, "has no webhook to set at its provider")
        return await act(plugin)

    registration = _with_plugin(settings, name, ask)
    said = {"pending": registration.pending, "last_error": registration.last_error, **registration.details}
    lines = [f"{key}: {value}" for key, value in said.items() if value is not None]
    plain = "\n".join([f"{name}: posts to {registration.url or 'nowhere'}", *lines])
    show(registration, as_json=as_json, plain=plain)


def _described(settings: "Settings", connector: "Connector") -> dict[str, str]:
    from connectors.kit import registry

    return {
        "name": connector.name,
        "plugin": connector.plugin,
        "channel": registry.load(connector.plugin).described(connector.config).channel,
        "inbox": connector.inbox,
        "webhook_url": settings.webhook_url(connector.name),
    }


def _unable(name: str, plugin: "Plugin[Any]", what: str) -> Failure:
    return Failure(f"{name}: the plugin {plugin.info.name} {what}", Exit.USAGE)


def _with_plugin(settings: "Settings", name: str, ask: "Callable[[Plugin[Any]], Awaitable[T]]") -> T:
    """What the connector's plugin answers. Raises Failure for what the provider refuses or cannot do now."""
    import asyncio  # 20 ms that `--help` need not pay

    from connectors.kit.errors import KitError, OutcomeUnknown, Temporary

    connector = named(settings, name)
    try:
        return asyncio.run(_asked(settings, connector, ask))
    except (Temporary, OutcomeUnknown) as error:
        raise Failure(f"{name}: the provider did not answer: {error.detail or error.code}", Exit.TEMPORARY) from error
    except KitError as error:
        raise Failure(f"{name}: {error.detail or error.code}") from error


async def _asked(settings: "Settings", connector: "Connector", ask: "Callable[[Plugin[Any]], Awaitable[T]]") -> T:
    from connectors.kit.registry import load
    from gateway.live import bring_up

    if keeps(load(connector.plugin)):
        return await authorized(settings, connector, ask)  # type: ignore[no-any-return]  # what it asks, it gets
    live = bring_up(settings, connector, keep=lambda _exchange: None)
    try:
        return await ask(live.plugin)
    finally:
        await live.http.close()
