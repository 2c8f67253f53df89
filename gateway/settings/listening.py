"""Listeners as the configuration has them: `smtp: "127.0.0.1:2525"`, or a mapping with more than the address.

Each reading function gives the value back in its plain form, or raises ValueError with a sentence for the operator.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Any

import msgspec

from connectors.kit.secret import Secret
from gateway.settings import addresses
from gateway.settings.readings import Count, read_by

LOOPBACK = ("127.0.0.0/8", "::1/128")
EXPECTED = "expected a network such as 10.1.0.0/16, or an address"


def network(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(EXPECTED)
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError(f"{EXPECTED}: {error}") from error


class TlsEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A certificate; renewed files are taken up by themselves."""

    cert: str
    """A PEM file with the certificate and those between it and the authority's, relative to the configuration."""
    key: str
    """A PEM file with its private key, without a passphrase."""


class ListenerEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A listener: where mail comes in, and from whom."""

    address: Annotated[str, read_by(addresses.listen_text, "Address and port it listens on.")]
    networks: tuple[Annotated[str, read_by(network, "A network, or an address.")], ...] = LOOPBACK
    """Who may connect: mail servers that take out what senders forge of `Authentication-Results`."""
    sessions: Count = 100
    """How many connections it has at a time; further ones are told to come again."""
    tls: TlsEntry | None = None
    """Offers STARTTLS with this certificate."""
    require_tls: bool = False
    """Takes no mail without STARTTLS."""
    users: dict[str, Secret] = {}
    """Passwords by name: takes mail only from who logs in, after STARTTLS; none: from everybody who may connect."""

    def __post_init__(self) -> None:
        if self.tls is None and (self.require_tls or self.users):
            raise ValueError("`require_tls` and `users` need `tls`, or passwords would travel in the clear")
        if not self.networks:
            raise ValueError("`networks` names nobody, so nobody could connect")


class ListenersEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where mail comes in. A listener is its address, or a mapping."""

    smtp: ListenerEntry | None = None
    """From a mail server that relays, or from the world through one."""
    lmtp: ListenerEntry | None = None
    """From a mail server beside the hub, which learns of each recipient by itself (RFC 2033)."""


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A listener the hub runs; paths are absolute."""

    name: str
    """`smtp` or `lmtp`, which is also what it speaks."""
    host: str
    port: int
    networks: tuple[str, ...] = LOOPBACK
    sessions: int = 100
    tls: tuple[Path, Path] | None = None
    """Certificate and key."""
    require_tls: bool = False
    users: dict[str, Secret] = {}


def written(value: Any) -> Any:
    """The section with every address alone as the mapping it stands for."""
    if not isinstance(value, dict):
        return value
    return {name: {"address": entry} if isinstance(entry, str) else entry for name, entry in value.items()}


def listeners(entry: ListenersEntry, folder: Path) -> dict[str, Listener]:
    """By name; `folder` is the configuration's."""
    configured = {"smtp": entry.smtp, "lmtp": entry.lmtp}
    return {name: _listener(name, one, folder) for name, one in configured.items() if one is not None}


def _listener(name: str, entry: ListenerEntry, folder: Path) -> Listener:
    host, port = addresses.listen(entry.address)
    return Listener(
        name=name,
        host=host,
        port=port,
        networks=entry.networks,
        sessions=entry.sessions,
        tls=(folder / entry.tls.cert, folder / entry.tls.key) if entry.tls else None,
        require_tls=entry.require_tls,
        users=entry.users,
    )
