"""What an operator sets for a mailbox."""

import re
from functools import lru_cache
from typing import Annotated, Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from connectors.channels.email.imap_account import Account, After, read_account, read_after
from connectors.channels.email.signing import Signer
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret
from normalizer.addresses import InvalidAddress, normalise

PORTS: Final = {"smtp": 587, "smtps": 465}
SHORTEST_SECRET: Final = 16
LONGEST_LOCAL: Final = 20
"""Characters before the `@` that leave room for a token and its MAC."""
_SELECTOR: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_LINE: Final = re.compile(r"[^\x00-\x1f\x7f]{0,200}")

Seconds = Annotated[float, msgspec.Meta(gt=0, le=110)]
Octets = Annotated[int, msgspec.Meta(gt=0)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One address customers write to."""

    address: str
    """What customers write to, and what answers come from."""
    smtp: Secret
    """The relay for outgoing mail: `smtp://user:password@host:587`, or `smtps://…:465` for TLS from the start."""
    name: str = ""
    """Stands before the address in `From`, such as `Example Support`."""
    aliases: tuple[str, ...] = ()
    """Further addresses whose mail belongs here; `*@example.com` stands for all of a domain."""
    secret: Secret | None = None
    """Signs the addresses that answers and bounces come back to; 16 characters at least. Without it, neither is known
    by address, and threads are followed by message ids alone."""
    return_address: str | None = None
    """Whose `+` extensions bring answers and bounces back, if not `address`: for one of more than 20 characters before
    the `@`, or a server that knows no extensions of it."""
    authserv_ids: tuple[str, ...] = ()
    """Names under which mail servers of your own write `Authentication-Results`. Only their word proves a sender."""
    tls: Literal["required", "offered", "none"] = "required"
    """Of `smtp://`: STARTTLS always, where it is offered, or never. A password leaves in the clear only with `none`."""
    ca_file: str | None = None
    """PEM file of who signed the mail server's certificate, where no public authority did."""
    dkim_key: Secret | None = None
    """RSA private key in PEM form: signs outgoing mail for the domain of `address`, if no relay does."""
    dkim_selector: str | None = None
    """Under which the public key stands in DNS: `<selector>._domainkey.<domain>`."""
    subject: str = "Your message"
    """Of mails that begin a conversation without a subject."""
    most_octets: Octets = 25_000_000
    """All files of one mail together, before they grow by a third on the way."""
    send_seconds: Seconds = 60.0
    imap: Secret | None = None
    """A mailbox that is asked for mail: `imaps://user:password@host/INBOX`, or `imap://…` for STARTTLS. What is not
    allowed in a URL is written with `%`, such as `%40` for the `@` of a user."""
    imap_tls: Literal["required", "none"] = "required"
    """Of `imap://`: STARTTLS, or all in the clear, the password too."""
    imap_token: Secret | None = None
    """An OAuth 2 access token, instead of a password (XOAUTH2) …"""
    imap_token_file: str | None = None
    """… or a file that always holds a fresh one, read at each login."""
    imap_after: str = "leave"
    """What becomes of a mail there once the hub has it: `leave`, `seen`, `keyword:<name>` or `move:<folder>`."""
    imap_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 0
    """Days of the past that are collected too when the mailbox is first asked."""
    imap_most_octets: Annotated[int, msgspec.Meta(ge=1 << 10, le=200 << 20)] = 50 << 20
    """Of one mail; a larger one stays in the mailbox, and is shown in quarantine."""
    imap_idle_seconds: Annotated[float, msgspec.Meta(ge=0, le=540)] = 540.0
    """How long one IDLE may last; 0: IDLE is not used."""
    imap_poll_seconds: Annotated[float, msgspec.Meta(ge=0.1, le=600)] = 30.0
    """How often a mailbox is asked whose server has no IDLE."""

    def __post_init__(self) -> None:
        for setting in ("address", "return_address"):
            _check_address(setting, getattr(self, setting))
        for alias in self.aliases:
            _check_address("aliases", alias.replace("*@", "any@", 1) if alias.startswith("*@") else alias)
        if not _LINE.fullmatch(self.name) or not _LINE.fullmatch(self.subject):
            raise ValueError("name and subject: one line of 200 characters at most")
        if self.secret is not None and len(self.secret.reveal()) < SHORTEST_SECRET:
            raise ValueError(f"secret: {SHORTEST_SECRET} characters at least")
        if self.secret is not None and len(self.returns.partition("@")[0]) > LONGEST_LOCAL:
            raise ValueError(f"return_address: needed where more than {LONGEST_LOCAL} characters stand before the @")
        self.relay()
        self.after()
        account = self.account()
        ways = (account and account.password, self.imap_token, self.imap_token_file)
        if account and sum(way is not None for way in ways) != 1:
            raise ValueError("imap: one of a password, imap_token and imap_token_file")

    def account(self) -> Account | None:
        """Of the mailbox that is asked. Raises ValueError, whose text holds nothing of the address."""
        return None if self.imap is None else read_account(self.imap)

    def after(self) -> After:
        """Raises ValueError."""
        return read_after(self.imap_after)

    @property
    def own(self) -> str:
        """`address`, normalised."""
        return normalise("mailto", self.address)

    @property
    def returns(self) -> str:
        return normalise("mailto", self.return_address or self.address)

    @property
    def domain(self) -> str:
        return self.own.rpartition("@")[2]

    def takes(self, recipient: str) -> bool:
        """Its address and aliases, with any `+` extension, and the signed addresses that answers come to."""
        try:
            local, _, domain = normalise("mailto", recipient).rpartition("@")
        except InvalidAddress:
            return False
        written = {f"{local.partition('+')[0]}@{domain}", f"{local}@{domain}", f"*@{domain}"}
        return bool(written & {self.own, self.returns}) or not written.isdisjoint(_named(self.aliases))

    def signer(self) -> Signer:
        return Signer(self.secret, self.returns)

    def relay(self) -> "Relay":
        """Raises ValueError, whose text holds nothing of the address."""
        try:
            url = urlsplit(self.smtp.reveal())
            port = url.port
        except ValueError:
            url, port = SplitResult("", "", "", "", ""), None
        if url.scheme not in PORTS or not url.hostname or url.path.strip("/") or url.query:
            raise ValueError("smtp: of the form smtp://user:password@host:587 or smtps://user:password@host:465")
        if (url.username is None) != (url.password is None):
            raise ValueError("smtp: a user and a password, or neither")
        return Relay(
            host=url.hostname,
            port=port or PORTS[url.scheme],
            implicit_tls=url.scheme == "smtps",
            user=unquote(url.username) if url.username else None,
            password=Secret(unquote(url.password)) if url.password else None,
        )


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """Where outgoing mail is handed in."""

    host: str
    port: int
    implicit_tls: bool
    user: str | None
    password: Secret | None


def _check_address(setting: str, address: str | None) -> None:
    if address is None:
        return
    try:
        normalise("mailto", address)
    except InvalidAddress as error:
        raise ValueError(f"{setting}: {error.detail}") from error


@lru_cache(maxsize=64)
def _named(aliases: tuple[str, ...]) -> frozenset[str]:
    """As addresses are compared."""
    return frozenset((name if name.startswith("*@") else normalise("mailto", name)).lower() for name in aliases)
