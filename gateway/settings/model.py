"""The configuration: what the file may say (`Entries`), and what the hub runs by (`Settings`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.redact import secrets_of
from connectors.kit.secret import Secret
from gateway.settings import addresses
from gateway.settings.listening import Listener, ListenersEntry
from gateway.settings.rate import Rate
from gateway.settings.readings import Count, Octets, Seconds, read_by
from gateway.settings.sealing import Seal
from gateway.settings.serving import InboxEntry
from gateway.settings.subscribing import SubscriptionEntry
from normalizer.model import Inbox


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds on what the hub takes, tries and keeps."""

    body: Octets = 1 << 20
    """The largest request a provider may send; larger ones are refused unread."""
    file: Octets = 50 << 20
    """The largest attachment that is taken or fetched."""
    mail: Octets = 35 << 20
    """The largest message a listener takes: an attachment of 25 MiB, in base64."""
    queue: Count = 10_000
    """How many writes may wait for the store before providers are asked to come again."""
    queue_wait: Seconds = 1.0
    """How long a write may wait for the store before providers and senders are asked to come again."""
    attempts: Count = 10
    """How often a delivery is tried before it fails, on channels without a time of their own."""
    concurrency: Count = 32
    """How many requests one connector may have under way at its provider."""
    lease: Seconds = 5.0
    """How long a lane, a subscription or the polling of a connector belongs to a process that stopped renewing it."""
    drain: Seconds = 10.0
    """How long requests and sends under way may take to come to an end when the hub is told to end."""
    drain_notice: Seconds = 0.0
    """How long a hub that was told to end takes requests still, while `/readyz` says 503: longer than a load balancer
    takes to notice."""
    report_wait: Seconds = 3600.0
    """How long a provider's report about a message nobody knows waits for that message, before it is quarantined."""
    choice_wait: Seconds = 86_400.0
    """How long after numbered text a number is taken for a choice of it."""
    backfill_every: Seconds = 300.0
    """How often providers are asked for what they could not deliver; 0: never."""
    keep_raw: Seconds = 30 * 86_400.0
    """How long raw requests are kept."""
    keep_verifications: Seconds = 30 * 86_400.0
    """How long it is kept which address was to be proven by a code, and how that ended."""
    keep_merges: Seconds = 365 * 86_400.0
    """How long the merge of two contacts can be undone."""


class Entries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration file."""

    public_url: Annotated[str, read_by(addresses.public_url, "How providers reach the hub; http or https.")] = (
        "http://127.0.0.1:8080"
    )
    store: Annotated[
        str, read_by(addresses.store, "sqlite:/// and a file, relative to this one; or postgresql:// and a database.")
    ] = "sqlite:///onethread.db"
    bus: Annotated[
        str, read_by(addresses.bus, "memory:// within one process, amqp:// or amqps:// for RabbitMQ, or redis://.")
    ] = "memory://"
    files: Annotated[
        str, read_by(addresses.folder, "A folder for this store's attachments, relative to this file.")
    ] = "./files"
    proxies: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    """How many reverse proxies stand before the hub, each of which adds to `X-Forwarded-For` whom it speaks for. With 0
    nobody is believed about that; with more, nobody may reach the hub past them."""
    listen: Annotated[str, read_by(addresses.listen_text, "Address and port the server listens on.")] = "127.0.0.1:8080"
    inboxes: dict[str, InboxEntry] = {}
    """By name. With none, `main` exists by itself."""
    connectors: dict[str, dict[str, Any]] = {}
    """By name: `plugin`, `inbox` where there are several, `rate` (`10/s`, `600/m`, `{per_second, burst}`) where it is
    bounded, `give_up_after` (`4h`) where a message shall fail sooner than its channel would have it, and the plugin's
    own settings."""
    subscriptions: dict[str, SubscriptionEntry] = {}
    """By name: who gets which events, and where to."""
    listeners: ListenersEntry = ListenersEntry()
    """Where mail comes in: `smtp` and `lmtp`, each an address or a mapping."""
    limits: Limits = Limits()


class Listen(msgspec.Struct, frozen=True):
    host: str
    port: int


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """A configured plugin."""

    name: str
    plugin: str
    inbox: str
    config: PluginConfig
    rate: Rate | None = None
    """None: as fast as it goes."""
    give_up_after: float | None = None
    """Seconds of waiting between attempts, in all; None: as the channel's plugin says."""

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of its configuration, for redaction."""
        return tuple(secrets_of(self.config))


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the hub runs by; paths are absolute. Its repr shows no secret."""

    path: Path
    public_url: str
    """Without a slash at its end."""
    store: str
    """Without its password."""
    store_password: Secret | None = None
    bus: str
    """Without its password."""
    bus_url: Secret = Secret("memory://")
    """As `gateway.bus.contract.open_bus` takes it."""
    files: Path
    proxies: int = 0
    """How many of those that stand before the hub are believed about whom they speak for."""
    listen: Listen
    inboxes: dict[str, Inbox]
    connectors: dict[str, Connector]
    subscriptions: dict[str, SubscriptionEntry] = {}
    listeners: dict[str, Listener] = {}
    """By name: `smtp`, `lmtp`."""
    limits: Limits
    seal: Seal = Seal()
    """Closes the secrets that the store keeps."""

    def webhook_url(self, connector: str) -> str:
        """Where a provider posts to."""
        return f"{self.public_url}/in/{connector}"

    @property
    def store_url(self) -> str:
        """As `gateway.store.engine.open_store` takes it."""
        return addresses.store_with(self.store, self.store_password)

    def secrets(self) -> Iterator[Secret]:
        """Every configured secret, for redaction."""
        for connector in self.connectors.values():
            yield from connector.secrets()
        for subscription in self.subscriptions.values():
            yield from subscription.secrets()
        for listener in self.listeners.values():
            yield from listener.users.values()
        yield from addresses.passwords(self.bus_url)
        yield from addresses.forms(self.store_password)
        yield from self.seal.keys()
