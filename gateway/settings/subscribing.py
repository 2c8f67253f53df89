"""A subscription as the configuration has it: who gets which events, and where to.

Each reading function gives the value back in its plain form, or raises ValueError with a sentence for the operator.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from connectors.kit.secret import Secret
from gateway.settings.readings import Seconds, read_by

Scope = Literal["read", "write", "admin"]
"""As `gateway.keys.Scope`, which brings the store along."""
WHSEC = "whsec_"
LEAST_OCTETS, MOST_OCTETS = 24, 64
"""Of a signing secret. Source: https://www.standardwebhooks.com (specification, read 2026-11)."""
MOST_RETRIES = 100
MOST_AT_ONCE = 64
"""Requests to one webhook: with those of replays and urgent events fewer than a client has connections."""
MOST_URL = 2000
LONGEST_TIMEOUT = 600.0
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
SIGNING = (
    f"expected {WHSEC} and {LEAST_OCTETS} to {MOST_OCTETS} octets in base64:"
    ' echo "whsec_$(openssl rand -base64 32)" makes one'
)
RETRIES = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""As Standard Webhooks suggests: 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h after the first attempt."""


def webhook_url(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_URL:
        raise ValueError("expected an http or https URL such as https://crm.example.com/hook")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError("expected an http or https URL such as https://crm.example.com/hook") from error
    legal = all("!" <= letter <= "~" for letter in value)
    if parts.scheme not in ("http", "https") or not parts.hostname or not legal:
        raise ValueError("expected an http or https URL such as https://crm.example.com/hook")
    if parts.username or parts.password or parts.fragment:
        raise ValueError("expected a URL without user and fragment; the signature says who posts")
    return value


def signing_secret(value: Any) -> Secret:
    """A secret whose `signing_key` is what signs."""
    if not isinstance(value, str):
        raise ValueError("a secret is a string")
    signing_key(Secret(value))
    return Secret(value)


def signing_key(secret: Secret) -> bytes:
    """The octets that sign. Raises ValueError."""
    text = secret.reveal()
    encoded = text.removeprefix(WHSEC)
    try:
        if not text.startswith(WHSEC) or not BASE64.fullmatch(encoded):
            raise ValueError(SIGNING)
        key = b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4))
    except Error as error:
        raise ValueError(SIGNING) from error
    if not LEAST_OCTETS <= len(key) <= MOST_OCTETS:
        raise ValueError(SIGNING)
    return key


def new_secret(octets: bytes) -> Secret:
    """The secret of these octets, as receivers want it."""
    return Secret(WHSEC + b64encode(octets).decode())


def event_type(value: Any) -> str:
    """A short name (`message.received`) or a pattern (`message.*`) that stands for some event."""
    from gateway.feed import UnknownType, expand  # brings the store's engine along, which most commands never need

    if not isinstance(value, str):
        raise ValueError("expected an event type such as message.received, or message.*")
    try:
        expand([value])
    except UnknownType as error:
        hint = f'; did you mean "{error.nearest}"?' if error.nearest else ""
        raise ValueError(f"there is no such event type{hint}") from error
    return value


def command_scopes(value: Any) -> tuple["Scope", ...]:
    """`true` is what a helpdesk needs: reading and writing."""
    if isinstance(value, bool):
        return ("read", "write") if value else ()
    known: tuple[Scope, ...] = get_args(Scope)
    if not isinstance(value, list | tuple) or any(one not in known for one in value):
        raise ValueError(f"expected true, false or a list of {', '.join(known)}")
    return tuple(dict.fromkeys(value))


class SubscriptionEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscription: which events, and where to: `queue: true`, or a `webhook` with its `secret`."""

    queue: bool = False
    """A copy of each event goes to the queue `onethread.q.<name>` on the bus."""
    webhook: Annotated[str, read_by(webhook_url, "Each event is posted here, signed.")] | None = None
    secret: Annotated[Secret, read_by(signing_secret, "Signs the webhook: whsec_ and base64.")] | None = None
    previous_secret: Annotated[Secret, read_by(signing_secret, "Signs too, while receivers change over.")] | None = None
    types: tuple[Annotated[str, read_by(event_type, "A type, or a pattern such as message.*")], ...] = ()
    """Short names or patterns of event types; none is all."""
    connectors: tuple[str, ...] = ()
    """Only events of these connectors; none is all, and those of no connector."""
    channels: tuple[str, ...] = ()
    """Only events of these channels; none is all, and those of no channel."""
    inboxes: tuple[str, ...] = ()
    """Only events of these inboxes; none is all, and those of no inbox."""
    commands: Annotated[
        tuple[Scope, ...],
        read_by(command_scopes, "true, or scopes: what may be asked on its queue.", also="boolean"),
    ] = ()
    """Commands it may put on `onethread.cmd.<name>`: `true` (read and write), or a list of scopes."""
    start: Literal["newest", "oldest"] = "newest"
    """Where it begins when it is new: after the newest event there is, or with the oldest that is kept."""
    timeout: Seconds = 15.0
    """How long a webhook may take to answer."""
    at_once: Annotated[int, msgspec.Meta(ge=1, le=MOST_AT_ONCE)] = 32
    """How many requests a webhook gets at the same time, each of another conversation."""
    retries: tuple[Seconds, ...] = RETRIES
    """Pauses before further attempts of an event that was not taken; after the last its conversation is parked."""
    park_after: Seconds = 86_400.0
    """How long a target may take nothing at all before the subscription is parked."""
    cursor_every: Seconds = 60.0
    """How often an idle subscriber is told the newest position (`bus.cursor`); 0: never."""

    def __post_init__(self) -> None:
        if self.queue == (self.webhook is not None):
            raise ValueError("expected either `queue: true` or a `webhook`")
        if (self.secret is None) != (self.webhook is None):
            raise ValueError("a webhook and its `secret` go together")
        if self.previous_secret is not None and self.secret is None:
            raise ValueError("`previous_secret` goes with a `secret`")
        if len(self.retries) > MOST_RETRIES:
            raise ValueError(f"expected at most {MOST_RETRIES} retries")
        if not 0 < self.timeout <= LONGEST_TIMEOUT:
            raise ValueError("`timeout` is more than nothing and at most ten minutes")

    def secrets(self) -> tuple[Secret, ...]:
        """Those that sign, the newest first."""
        return tuple(secret for secret in (self.secret, self.previous_secret) if secret is not None)
