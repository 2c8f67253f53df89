"""One connection to a mailbox, over IMAPClient. Blocks: it belongs to one thread, and only `abort` to any.

Mails are read by pieces and never marked by reading them (`BODY.PEEK`). Raises Temporary and Misconfigured, after which
the connection is of no more use.
"""

import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

from connectors.channels.email.config import Config
from connectors.channels.email.imap_account import Account, Act, After
from connectors.channels.email.imap_refusals import CONNECT, OPEN, naming
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.silence import silence
from normalizer.errors import ErrorCode

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
FLAGS = {Act.SEEN: "\\Seen"}

silence("imapclient")  # its records hold names of people, and at their finest whole mails


@dataclass(frozen=True)
class Box:
    """A mailbox as it was selected."""

    uidvalidity: int
    uidnext: int


@dataclass(frozen=True)
class Found:
    """A mail that waits in the mailbox."""

    uid: int
    size: int
    """Octets, as the server tells."""
    at: datetime
    """When it came there, UTC."""


class _Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient, whose first look after IDLE also sees what came in one packet with the server's consent: that lies in
    a buffer already, and the socket would never tell of it."""

    _begun = False

    def idle(self) -> None:
        super().idle()
        self._begun = True

    def _poll_socket(self, sock: Any, timeout: float | None = None) -> Any:
        if self._begun:
            self._begun = False
            return True
        return super()._poll_socket(sock, timeout)


class Session:
    def __init__(self, config: Config, account: Account) -> None:
        self._config = config
        self._account = account
        self._client: Any = None
        self._aborted = False
        self.box: Box | None = None
        """The mailbox, as it was last selected."""

    def open(self) -> None:
        """Connects, encrypted as configured, and logs in."""
        context = self._context()
        account = self._account
        with naming(CONNECT):
            timeout = SocketTimeout(min(CONNECT_SECONDS, self._config.send_seconds), READ_SECONDS)
            self._client = _Client(
                account.host, account.port, ssl=account.implicit_tls, ssl_context=context, timeout=timeout
            )
            self._client.normalise_times = False
            self._client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._aborted:
                raise Temporary("given up")
            if not account.implicit_tls:
                self._encrypt(context)
        with naming("log in"):
            self._log_in()

    def select(self) -> Box:
        """As it is now. Right before `wait` it leaves nothing unseen between them."""
        readonly = self._config.after().act is Act.LEAVE
        with naming(OPEN):
            told = self._client.select_folder(self._account.folder, readonly=readonly)
        if b"UIDNEXT" not in told or b"UIDVALIDITY" not in told:
            raise Misconfigured("the mail server counts no UIDs that last")
        self.box = Box(told[b"UIDVALIDITY"], told[b"UIDNEXT"])
        return self.box

    def search(self, first: int, last: int, since: date | None = None) -> list[int]:
        """The UIDs there are between two, in their order."""
        criteria: list[Any] = ["UID", f"{first}:{last}"]
        if since is not None:
            criteria += ["SINCE", since]
        with naming("search the mailbox"):
            found = self._client.search(criteria)
        return sorted({uid for uid in found if first <= uid <= last})

    def describe(self, uids: Sequence[int]) -> list[Found]:
        """Those that are still there."""
        with naming("describe mails"):
            told = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
        return [
            Found(uid, told[uid].get(b"RFC822.SIZE", 0), _utc(told[uid].get(b"INTERNALDATE")))
            for uid in uids
            if uid in told
        ]

    def read(self, uids: Sequence[int], offset: int, octets: int, part: str = "") -> dict[int, bytes]:
        """So many octets of each mail, or of its part `HEADER`; without those that are gone, of which some servers tell
        as of mails that hold nothing at all (NIL)."""
        with naming("hand over mails"):
            told = self._client.fetch(uids, [f"BODY.PEEK[{part}]<{offset}.{octets}>"])
        key = f"BODY[{part}]<{offset}>".encode()
        found = {uid: told[uid].get(key) for uid in uids if uid in told}
        return {uid: octets for uid, octets in found.items() if octets or (octets is not None and offset)}

    def deal(self, uids: Sequence[int], after: After) -> None:
        """Does with these mails what is configured; those that are gone do not matter."""
        match after.act:
            case Act.LEAVE:
                return
            case Act.MOVE:
                with naming("move mails"):
                    self._client.move(uids, after.name)
            case act:
                with naming("mark mails"):
                    self._client.add_flags(uids, [FLAGS.get(act, after.name)], silent=True)

    @property
    def idles(self) -> bool:
        with naming("tell what it can"):
            return bool(self._client.has_capability("IDLE"))

    def wait(self, seconds: float) -> None:
        """Until the mailbox grew, or so long (RFC 2177)."""
        end = monotonic() + seconds
        with naming("idle"):
            self._client.idle()
            grew = False
            while not grew and (left := end - monotonic()) > 0:
                told = self._client.idle_check(timeout=left)
                grew = any(b"EXISTS" in response for response in told)
                if any(response[0] == b"BYE" for response in told):
                    raise Temporary("the mail server ends the connection")
                if not told and end - monotonic() > 0.05 and self._ended():
                    raise Temporary("the connection to the mail server was lost")
            self._client.idle_done()

    def abort(self) -> None:
        """Ends whatever it does at once. From any thread."""
        self._aborted = True
        client = self._client
        if client is not None:
            with suppress(OSError):  # ended already
                # of the bare socket: TLS has a state that belongs to the other thread
                socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)

    def close(self) -> None:
        if self._client is not None:
            with suppress(IMAPClientError, OSError):  # ended already
                self._client.shutdown()

    def _ended(self) -> bool:
        """Whether the other side hung up: then a socket that can be read has nothing."""
        with suppress(BlockingIOError, ssl.SSLError):
            return socket.socket.recv(self._client.socket(), 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        return False

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._config.ca_file)
        except OSError as error:
            raise Misconfigured(f"ca_file cannot be used: {error.strerror or 'no certificate in it'}") from error

    def _encrypt(self, context: ssl.SSLContext) -> None:
        if self._config.imap_tls == "none":
            return
        if not self._client.has_capability("STARTTLS"):
            raise Misconfigured("the mail server offers no STARTTLS; with `imap_tls: none` all goes unencrypted")
        self._client.starttls(context)

    def _log_in(self) -> None:
        user, token = self._account.user, self._token()
        if token is not None:
            self._client.oauth2_login(user, token)
        elif self._account.password is not None:
            password = self._account.password.reveal()
            if self._client.has_capability("AUTH=PLAIN"):
                self._client.plain_login(user, password)
            elif not self._client.has_capability("LOGINDISABLED"):
                self._client.login(user, password)
            else:
                raise Misconfigured("the mail server offers no way to log in that we know", code=ErrorCode.AUTH_FAILED)

    def _token(self) -> str | None:
        if self._config.imap_token_file is not None:
            try:
                return Path(self._config.imap_token_file).read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise Misconfigured(f"imap_token_file cannot be read: {type(error).__name__}") from error
        return self._config.imap_token.reveal() if self._config.imap_token else None


def _utc(at: object) -> datetime:
    """A mail without a time is as new as can be."""
    return at.astimezone(UTC) if isinstance(at, datetime) else LATEST
