"""What a listener decides before it has a message: who may connect, who may log in, and whose a recipient is."""

import asyncio
import re
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session, TLSSetupException
from aiosmtpd.smtp import Envelope as Transaction

from gateway.hub import Hub
from gateway.listening import replies
from gateway.listening.mail import Recipient
from gateway.live import LiveConnector
from gateway.settings.listening import Listener

log = structlog.get_logger()
MOST_RECIPIENTS = 100
NOBODY = "<>"
PATH = re.compile(
    r"""(?:<(?:@[^\s<>:"]+:)?(?P<mailbox>|(?:"(?:[^"\\]|\\.)*"|[^\s<>"@]+)@[^\s<>"@]+)>|(?P<bare>[^\s<>"@]+@[^\s<>"@]+))"""
    r"(?P<parameters>|\s.*)"
)
ILLEGAL = frozenset(", \t\r\n")
"""In an address. Only a quoted name could hold them, and nobody's has one."""


class Mail(Transaction):
    """A message on its way, and whose it is."""

    def __init__(self) -> None:
        super().__init__()
        self.recipients: list[Recipient] = []


class Desk:
    """The hooks are aiosmtpd's, named as it wants them."""

    def __init__(self, hub: Hub, listener: Listener) -> None:
        self._hub = hub
        self._listener = listener
        self._networks = [ip_network(network) for network in listener.networks]

    def turn_away(self, peer: Any, sessions: int) -> str | None:
        """What a caller hears who may not come in, `sessions` being there."""
        address = ip_address(address_of(peer))
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if not any(address in network for network in self._networks):
            remedy = f"add it to listeners.{self._listener.name}.networks if it is a mail server of yours"
            log.warning("a caller was turned away", listener=self._listener.name, peer=str(address), remedy=remedy)
            return replies.STRANGER
        if sessions >= self._listener.sessions:
            log.warning("too many sessions", listener=self._listener.name, peer=str(address), sessions=sessions)
            return replies.FULL
        return None

    def log_in(self, _: SMTP, session: Session, __: Transaction, ___: str, login: Any) -> AuthResult:
        assert isinstance(login, LoginPassword)
        name, password = (octets.decode("utf-8", "replace") for octets in login)
        secret = self._listener.users.get(name)
        if secret is None or not secret.matches(password):
            log.warning("a login was refused", listener=self._listener.name, peer=address_of(session.peer))
            return AuthResult(success=False, handled=False, message=replies.BAD_LOGIN)
        return AuthResult(success=True, auth_data=name)

    async def handle_MAIL(self, _: SMTP, __: Session, mail: Mail, address: str, options: list[str]) -> str:
        if not is_written(address):
            return replies.MALFORMED
        mail.mail_from = address
        mail.mail_options.extend(options)
        return replies.OK_SENDER

    async def handle_RCPT(self, _: SMTP, __: Session, mail: Mail, address: str, ___: list[str]) -> str:
        if not is_written(address):
            return replies.MALFORMED
        if len(mail.recipients) >= MOST_RECIPIENTS:
            return replies.TOO_MANY_RECIPIENTS
        try:
            connector = self._whose(address)
        except Exception:
            log.exception("a plugin failed to say whose an address is", listener=self._listener.name)
            return replies.FAULT
        if connector is None:
            return replies.UNKNOWN
        mail.recipients.append(Recipient(address, connector))
        return replies.OK_RECIPIENT

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, TLSSetupException):
            log.info("no TLS came about", listener=self._listener.name, reason=repr(error.__cause__))
        elif not isinstance(error, ConnectionError | asyncio.IncompleteReadError):
            log.error("a session failed", listener=self._listener.name, exc_info=error)
        return replies.FAULT

    def _whose(self, address: str) -> LiveConnector | None:
        """The first connector, as configured, that takes mail to this address."""
        for connector in self._hub.connectors.values():
            if connector.listening is not None and connector.listening.takes(address):
                return connector
        return None


def path_in(argument: str) -> tuple[str | None, str | None]:
    """Address and parameters of `<address> parameters` (RFC 5321 §4.1.2), also without the brackets; `<>` for nobody.

    A source route is left out, as §3.6.1 has it. None where it is no path.
    """
    found = PATH.fullmatch(argument.strip())
    if found is None:
        return None, None
    bare = found["bare"]
    return (bare if bare is not None else found["mailbox"] or NOBODY), found["parameters"].strip()


def is_written(address: str) -> bool:
    """Whether it can be passed on: as UTF-8, and beside others."""
    try:
        address.encode()
    except UnicodeEncodeError:
        return False
    return not ILLEGAL.intersection(address)


def address_of(peer: Any) -> str:
    """The IP address of a socket's name, without an interface."""
    return str(peer[0]).partition("%")[0]
