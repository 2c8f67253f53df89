"""What an operator sets for a mailbox."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from connectors.channels.email.imap_account import Account, After, read_account, read_after
from connectors.families.mail.config import MailConfig
from connectors.kit.secret import Secret

PORTS: Final = {"smtp": 587, "smtps": 465}
_SELECTOR: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")

Seconds = Annotated[float, msgspec.Meta(gt=0, le=110)]


class Config(MailConfig, frozen=True, kw_only=True):
    """One address customers write to."""

    smtp: Secret
    """The relay for outgoing mail: `smtp://user:password@host:587`, or `smtps://…:465` for TLS from the start."""
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
        super().__post_init__()
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
