"""`onethread simulate`: a genuine webhook, made here and posted to the hub, as if the provider had called."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings, named
from gateway.cli.output import Exit, Failure, one_line, show
from gateway.cli.simulators import fixture_of, simulator_of

if TYPE_CHECKING:
    import requests

    from connectors.kit.fixtures import WireRequest
    from gateway.settings import Connector, Settings

SECONDS = 30.0
MOST_ANSWER = 2000
REFUSED = (401, 403)
"""Answers that do not say why, for whoever gets them may be anybody."""
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - an address to listen on is none to call


def simulate(
    name: Annotated[str, typer.Argument(metavar="CONNECTOR", help="The connector the message comes in through.")],
    text: Annotated[str | None, typer.Option(help="What the message says.")] = None,
    sender: Annotated[str | None, typer.Option(help="Who writes, as the provider names people.")] = None,
    fixture: Annotated[str | None, typer.Option(metavar="NAME", help="One of the plugin's recorded webhooks.")] = None,
    url: Annotated[str | None, typer.Option(help="The hub; otherwise where the configuration has it listen.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Post a webhook to the hub, signed with the connector's own secrets. Exit code 0 says that the hub took it."""
    from connectors.kit.collects import COLLECT
    from connectors.kit.redact import redact

    settings = load_settings(config)
    connector = named(settings, name)
    if fixture is not None and (text is not None or sender is not None):
        raise Failure("--fixture says everything; it goes with neither --text nor --sender", Exit.USAGE)
    wire = _webhook(settings, connector, fixture, {"text": text, "sender": sender})
    if wire.method == "SMTP":
        from gateway.cli.mailing import hand_over

        _told(name, *hand_over(wire, settings, url), as_json=as_json)
        return
    if wire.method == COLLECT:
        raise Failure(f"{name}: its provider does not call; the hub asks, and simulators are asked like it", Exit.USAGE)
    told = urlsplit(wire.path)
    below = told.path.removeprefix(urlsplit(settings.webhook_url(name)).path)  # what the provider appends by itself
    path = told.path if told.path.startswith(f"/chat/{name}/") else f"/in/{name}{below if below != told.path else ''}"
    target = f"{(url or _own(settings)).rstrip('/')}{path}" + (f"?{told.query}" if told.query else "")
    shown = redact(target, connector.secrets())  # some providers show who they are by a field of the address
    answer = _post(wire, target, shown)
    milliseconds = round(answer.elapsed.total_seconds() * 1000, 1)
    _told(name, shown, answer.status_code, answer.text, milliseconds, answer.reason, as_json=as_json)


def _told(
    name: str, target: str, status: int, text: str, milliseconds: float, reason: str = "", *, as_json: bool
) -> None:
    """Shows what the hub answered. Raises Failure where it did not take the message."""
    told = text[:MOST_ANSWER]
    plain = " ".join(filter(None, [f"{target}: {status}", reason, f"in {milliseconds:g} ms ", one_line(told)]))
    show(
        {"url": target, "status": status, "body": told, "milliseconds": milliseconds},
        as_json=as_json,
        plain=plain.rstrip(),
    )
    if status // 100 != 2:
        raise Failure(f"{name}: the hub did not take it{'; its log says why' if status in REFUSED else ''}")


def _webhook(
    settings: "Settings", connector: "Connector", fixture: str | None, said: Mapping[str, str | None]
) -> "WireRequest":
    """What the provider would send. Raises Failure."""
    from connectors.kit.registry import load

    kind = load(connector.plugin)
    provider = simulator_of(kind)(_revealed(connector.config), settings.webhook_url(connector.name))
    if fixture is not None:
        return provider.genuine(fixture_of(kind, fixture))
    try:
        return provider.genuine(provider.message(**{name: value for name, value in said.items() if value is not None}))
    except ValueError as error:
        raise Failure(f"{connector.name}: the provider has no such message: {error}", Exit.USAGE) from error


def _revealed(config: Any) -> Any:
    """The configuration as plain values, its secrets as they are: they sign."""
    import msgspec

    from connectors.kit.secret import Secret

    def reveal(value: Any) -> Any:
        if isinstance(value, Secret):
            return value.reveal()
        raise NotImplementedError(f"no plain value of {type(value)}")

    return msgspec.to_builtins(config, enc_hook=reveal)


def _own(settings: "Settings") -> str:
    """Where this machine reaches the hub."""
    host = "127.0.0.1" if settings.listen.host in ANYWHERE else settings.listen.host
    return f"http://[{host}]:{settings.listen.port}" if ":" in host else f"http://{host}:{settings.listen.port}"


def _post(wire: "WireRequest", target: str, shown: str) -> "requests.Response":
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy of the surroundings has no part in this
        try:
            return session.request(
                wire.method,
                target,
                headers=dict(wire.headers),
                data=wire.body,
                timeout=SECONDS,
                allow_redirects=False,
            )
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
        ) as error:
            raise Failure(f"{shown} is no address of a hub", Exit.USAGE) from error
        except requests.RequestException as error:
            raise Failure(f"no hub answers at {shown}; `onethread serve` runs one", Exit.TEMPORARY) from error
