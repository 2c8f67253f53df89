"""The address of a bus, as the configuration has it: `memory://`, one or more brokers, or one Redis.

Sources: https://www.rabbitmq.com/docs/uri-spec, https://www.rabbitmq.com/docs/uri-query-parameters and
https://www.iana.org/assignments/uri-schemes/prov/redis (read 2026-11).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from connectors.kit.secret import Secret
from gateway.bus.contract import BusUnsupported

MEMORY = "memory://"
PORTS: Mapping[str, int] = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379}
TLS = frozenset({"amqps", "rediss"})
REDIS = frozenset({"redis", "rediss"})
SUPPORTED = "memory:// within one process, amqp:// or amqps:// for RabbitMQ, redis:// or rediss:// for Redis"
FILES = ("cacertfile", "certfile", "keyfile")
"""What an address with TLS may name after its `?`."""


@dataclass(frozen=True)
class Broker:
    """One node of RabbitMQ, or a Redis. Prints without user and password."""

    host: str
    port: int
    vhost: str
    """Of Redis the number of its database."""
    tls: bool
    user: str = field(repr=False)
    password: Secret = field(repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of TLS: paths by the names of FILES."""
    kind: str = "amqp"
    """Or `redis`."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}{'s' if self.tls else ''}://{host}:{self.port}/{'' if self.vhost == '/' else self.vhost}"


def brokers(url: str) -> tuple[Broker, ...]:
    """The brokers of an address, tried in turn; none for memory://. Raises BusUnsupported, repeating no secret.

    Several nodes of a cluster are parted by `;`, each a whole address. No path means the virtual host `/`, or Redis's
    database 0.
    """
    if url == MEMORY:
        return ()
    found = tuple(_broker(one.strip()) for one in url.split(";"))
    if len(found) > 1 and any(one.kind == "redis" for one in found):
        raise BusUnsupported("the bus takes one Redis, by itself")
    return found


def _broker(url: str) -> Broker:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BusUnsupported("the bus needs an address such as amqp://user:password@broker.example.com/") from error
    if parts.scheme not in PORTS:
        raise BusUnsupported(f"this hub has no bus {parts.scheme or 'without a scheme'!r}: use {SUPPORTED}")
    if not parts.hostname:
        raise BusUnsupported("the bus needs a host, as in amqp://user:password@broker.example.com/")
    if parts.scheme in REDIS:
        return _redis(parts, port)
    return Broker(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        vhost=_vhost(parts.path),
        tls=parts.scheme == "amqps",
        user=unquote(parts.username or "guest"),
        password=Secret(unquote(parts.password or "guest")),
        files=_files(parts),
    )


def _redis(parts: SplitResult, port: int | None) -> Broker:
    if find_spec("redis") is None:
        raise BusUnsupported("the bus needs the library redis: pip install 'onethread[redis]'")
    database = parts.path.removeprefix("/") or "0"
    if not (database.isascii() and database.isdecimal()):
        raise BusUnsupported("the bus needs the number of a database, as in redis://:password@redis.example.com/0")
    return Broker(
        host=parts.hostname or "",
        port=port or PORTS[parts.scheme],
        vhost=database,
        tls=parts.scheme == "rediss",
        user=unquote(parts.username or ""),
        password=Secret(unquote(parts.password or "")),
        files=_files(parts),
        kind="redis",
    )


def _vhost(path: str) -> str:
    name = unquote(path.removeprefix("/"))
    return name or "/"


def _files(parts: SplitResult) -> dict[str, str]:
    files = dict(parse_qsl(parts.query, keep_blank_values=True))
    allowed = FILES if parts.scheme in TLS else ()
    if unknown := sorted(set(files) - set(allowed)):
        raise BusUnsupported(
            f"the bus does not know the parameter {unknown[0]!r}; "
            + (f"it takes {', '.join(allowed)}" if allowed else f"{parts.scheme}:// addresses take none")
        )
    if missing := sorted(name for name, path in files.items() if not Path(path).is_file()):
        raise BusUnsupported(f"the bus needs the file its parameter {missing[0]!r} names, and it is not there")
    return files
