"""`onethread serve`: the hub, until it is told to end."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, one_line, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.roles import Role
    from gateway.settings import Settings

QUIET = ("uvicorn.error", "alembic")
"""Libraries that tell what the ready line tells."""
READY = """\
onethread takes messages at {url}
  providers post to   {public_url}/in/<connector>   ({connectors})
  keys come from      onethread keys create --scope admin --config {path}
  the feed            curl -H "Authorization: Bearer <key>" "{url}/v1/events?wait=30"
"""

Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        envvar="ONETHREAD_ROLES",
        help="Do this and nothing else: receive, deliver, relay, stream, clock. May be given several times, or with"
        " commas. Needs a store and a bus that processes share.",
    ),
]


def serve(
    config: Config = DEFAULT_CONFIG,
    host: Annotated[str | None, typer.Option(help="Listen on this address instead of the configured one.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Listen on this port; 0 takes one that is free.")
    ] = None,
    role: Roles = None,
    as_json: Json = False,
) -> None:
    """Run the hub until SIGTERM or Ctrl-C; SIGHUP, or a change of the file, applies the configuration anew.

    It ends when what is under way has, within limits.drain; told twice, at once.

    Exit codes: 74 the store or the folder for files cannot be used; 75 the port, or the store, has another process;
    78 the configuration cannot be used.
    """
    import os

    from gateway.roles import ALL, NotApart, named

    roles = _roles(role or ())
    settings = load_settings(config)
    from gateway import logs

    logs.configure("info", settings.secrets(), noisy=QUIET, always={} if roles == ALL else {"roles": named(roles)})
    from gateway.alone import AlreadyServed
    from gateway.server import AddressUnavailable, NotStarted
    from gateway.server import serve as run
    from gateway.settings import Listen
    from gateway.settings.sealing import WrongKey
    from gateway.store.engine import StoreUnavailable

    listen = Listen(host or settings.listen.host, settings.listen.port if port is None else port)
    try:
        run(settings, os.environ, listen, lambda url: _announce(settings, url, named(roles), as_json=as_json), roles)
    except StoreUnavailable as error:
        raise Failure(str(error), Exit.STORE) from error
    except AlreadyServed as error:
        raise Failure(str(error), Exit.TEMPORARY) from error
    except AddressUnavailable as error:
        hint = "; --port chooses another" if error.passing else ""
        raise Failure(f"{error}{hint}", Exit.TEMPORARY if error.passing else Exit.CONFIGURATION) from error
    except UnicodeError as error:  # what Python says of a name that no name service could ever be asked for
        raise Failure(f"cannot listen on {one_line(listen.host)}: no name of a host", Exit.CONFIGURATION) from error
    except (NotApart, WrongKey) as error:
        raise Failure(str(error), Exit.CONFIGURATION) from error
    except NotStarted as error:
        raise Failure(str(error)) from error


def _roles(names: "Sequence[str]") -> "frozenset[Role]":
    from gateway.roles import UnknownRole, roles_of

    try:
        return roles_of(names)
    except UnknownRole as error:
        raise Failure(str(error), Exit.USAGE) from error


def _announce(settings: "Settings", url: str, roles: tuple[str, ...], *, as_json: bool) -> None:
    names = list(settings.connectors)
    plain = READY.format(
        url=url,
        public_url=settings.public_url,
        path=settings.path,
        connectors=", ".join(names) or "none is configured yet",
    )
    said = {"url": url, "public_url": settings.public_url, "connectors": names, "roles": roles}
    show(said, as_json=as_json, plain=plain)
