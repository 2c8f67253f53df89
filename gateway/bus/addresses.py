"""The address of a bus, as the configuration has it: `memory://`, or one or more brokers.

Sources: https://www.rabbitmq.com/docs/uri-spec and https://www.rabbitmq.com/docs/uri-query-parameters (read 2026-11).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from connectors.kit.secret import Secret
from gateway.bus.contract import BusUnsupported

MEMORY = "memory://"
PORTS: Mapping[str, int] = {"amqp": 5672, "amqps": 5671}
FILES = ("cacertfile", "certfile", "keyfile")
"""What an amqps:// address may name after its `?`."""


@dataclass(frozen=True)
class Broker:
    """One node of RabbitMQ. Prints without user and password."""

    host: str
    port: int
    vhost: str
    tls: bool
    user: str = field(repr=False)
    password: Secret = field(repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of TLS: paths by the names of FILES."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'amqps' if self.tls else 'amqp'}://{host}:{self.port}/{'' if self.vhost == '/' else self.vhost}"


def brokers(url: str) -> tuple[Broker, ...]:
    """The brokers of an address, tried in turn; none for memory://. Raises BusUnsupported, repeating no secret.

    Several nodes of a cluster are parted by `;`, each a whole address. No path means the virtual host `/`.
    """
    if url == MEMORY:
        return ()
    return tuple(_broker(one.strip()) for one in url.split(";"))


def _broker(url: str) -> Broker:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BusUnsupported("the bus needs an address such as amqp://user:password@broker.example.com/") from error
    if parts.scheme not in PORTS:
        raise BusUnsupported(
            f"this hub has no bus {parts.scheme or 'without a scheme'!r}: use memory:// within one process, amqp:// or"
            " amqps:// for RabbitMQ"
        )
    if not parts.hostname:
        raise BusUnsupported("the bus needs a host, as in amqp://user:password@broker.example.com/")
    return Broker(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        vhost=_vhost(parts.path),
        tls=parts.scheme == "amqps",
        user=unquote(parts.username or "guest"),
        password=Secret(unquote(parts.password or "guest")),
        files=_files(parts),
    )


def _vhost(path: str) -> str:
    name = unquote(path.removeprefix("/"))
    return name or "/"


def _files(parts: SplitResult) -> dict[str, str]:
    files = dict(parse_qsl(parts.query, keep_blank_values=True))
    allowed = FILES if parts.scheme == "amqps" else ()
    if unknown := sorted(set(files) - set(allowed)):
        raise BusUnsupported(
            f"the bus does not know the parameter {unknown[0]!r}; "
            + (f"it takes {', '.join(allowed)}" if allowed else "an amqp:// address takes none")
        )
    if missing := sorted(name for name, path in files.items() if not Path(path).is_file()):
        raise BusUnsupported(f"the bus needs the file its parameter {missing[0]!r} names, and it is not there")
    return files
