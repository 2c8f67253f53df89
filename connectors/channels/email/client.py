"""Handing a mail to the relay: one connection, one mail, one recipient.

How far the dialogue came is what is known of its outcome: until the dot that ends the mail nothing was accepted, after
it only the server's answer tells (RFC 5321 §4.5.3.2.6, §6.1). The connection is encrypted as configured, before
any password.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, cast

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPResponseException, SMTPServerDisconnected

from connectors.channels.email.config import Config, Relay
from connectors.channels.email.refusals import Stage, refusal
from connectors.families.mail.compose import Letter
from connectors.kit.base import Account
from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Http
from normalizer.errors import ErrorCode

CONNECT_SECONDS = 15.0
SHOWN = 4096
"""Octets of a mail that the exchange log is given; it cuts further."""
ACCEPTED = frozenset({250, 251, 252})
GO_AHEAD = 354
ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""Errors of TLS that say no more than that the connection ended."""
_DOTS = re.compile(rb"(?m)^\.")


@dataclass
class _Course:
    """How far a dialogue came."""

    started: float = field(default_factory=perf_counter)
    stage: Stage = Stage.CONNECT
    dotted: bool = False
    """The end of the mail was sent: it may have been accepted."""
    reply: int | None = None
    answer: str = ""

    def lost(self, detail: str, code: ErrorCode) -> KitError:
        """The error for a connection that told no more."""
        if self.dotted:
            return OutcomeUnknown(f"{detail} after the mail had left", code=code)
        return Temporary(detail, code=code)


class Client:
    def __init__(self, config: Config, http: Http) -> None:
        self._config = config
        self._relay: Relay = config.relay()
        self._http = http
        self._url = f"{'smtps' if self._relay.implicit_tls else 'smtp'}://{self._relay.host}:{self._relay.port}"

    async def send(self, letter: Letter) -> None:
        """Returns once the relay has taken the mail. Raises the sending errors of the kit."""
        course = _Course()
        error: str | None = "given up by its caller"
        try:
            await self._within(course, self._send(letter, course))
            error = None
        except KitError as failure:
            error = failure.detail
            raise
        finally:
            self._http.note(
                "SMTP",
                self._url,
                request=_shown(letter),
                status=course.reply,
                answer=course.answer.encode("utf-8", "replace"),
                error=error,
                started=course.started,
            )

    async def check(self) -> Account:
        """Connects and logs in, and sends nothing. Raises Misconfigured, Temporary."""
        course = _Course()
        told: dict[str, str] = {}

        async def ask() -> None:
            async with self._session(course) as smtp:
                encrypted = smtp.get_transport_info("sslcontext") is not None
                told.update(relay=self._url, tls="yes" if encrypted else "no", user=self._relay.user or "")
                told.update(size=smtp.esmtp_extensions.get("size", ""))

        await self._within(course, ask())
        return Account(name=self._config.own, details={key: text for key, text in told.items() if text})

    async def _within(self, course: _Course, dialogue: Coroutine[Any, Any, None]) -> None:
        """Runs a dialogue, and names what goes wrong. Errors of libraries hold addresses and stay here."""
        failure: KitError
        try:
            async with asyncio.timeout(self._config.send_seconds):
                await dialogue
            return
        except KitError:
            raise
        except SMTPResponseException as error:
            course.reply, course.answer = error.code, error.message
            failure = refusal(course.stage, error.code, error.message)
        except TimeoutError:
            failure = course.lost("no answer in time", ErrorCode.TIMED_OUT)
        except (SMTPException, OSError) as error:
            failure = self._lost(course, error)
        # Raised outside the handlers, so that no traceback shows the cause, whose text may hold a password.
        raise failure

    @staticmethod
    def _lost(course: _Course, error: Exception) -> KitError:
        cause = error.__cause__ or error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Misconfigured(f"the relay's certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError) and not course.dotted and not isinstance(cause, ENDED):
            return Misconfigured(f"no TLS with the relay: {cause.reason}")
        if isinstance(cause, FileNotFoundError | PermissionError) and course.stage is Stage.CONNECT:
            return Misconfigured("ca_file cannot be read")
        kind = type(cause).__name__
        what = "no connection" if course.stage is Stage.CONNECT else "the connection was lost"
        return course.lost(f"{what}: {kind}", ErrorCode.PROVIDER_DOWN)

    async def _send(self, letter: Letter, course: _Course) -> None:
        async with self._session(course) as smtp:
            wide = not (letter.recipient.isascii() and letter.mail_from.isascii())
            if wide and not smtp.supports_extension("smtputf8"):
                raise Refused("the relay takes no addresses beyond ASCII", code=ErrorCode.INVALID_ADDRESS)
            encoding = "utf-8" if wide else "ascii"
            course.stage = Stage.SENDER
            await smtp.mail(letter.mail_from, options=_options(smtp, letter, wide), encoding=encoding)
            course.stage = Stage.RECIPIENT
            await smtp.rcpt(letter.recipient, encoding=encoding)
            course.stage = Stage.CONTENT
            await _begin(smtp)
            writer = _writer(smtp)  # it warns where it ends before its connection, so it is kept until that is closed
            await _hand_over(writer, letter, course)
            course.reply, course.answer = await _told(smtp)
            if course.reply not in ACCEPTED:
                raise refusal(Stage.CONTENT, course.reply, course.answer)

    @asynccontextmanager
    async def _session(self, course: _Course) -> AsyncIterator[aiosmtplib.SMTP]:
        """Connected, encrypted as configured, and logged in."""
        relay = self._relay
        smtp = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.implicit_tls,
            start_tls=False,
            cert_bundle=self._config.ca_file,
            local_hostname=self._config.domain,
            timeout=min(CONNECT_SECONDS, self._config.send_seconds),
        )
        try:
            await smtp.connect()
            smtp.timeout = self._config.send_seconds
            await smtp.ehlo()
            if not relay.implicit_tls:
                await self._encrypt(smtp)
            course.stage = Stage.AUTH
            await self._log_in(smtp)
            yield smtp
        finally:
            _leave(smtp, course)

    async def _encrypt(self, smtp: aiosmtplib.SMTP) -> None:
        offered = smtp.supports_extension("starttls")
        if self._config.tls == "none" or (self._config.tls == "offered" and not offered):
            return
        if not offered:
            raise Misconfigured("the relay offers no STARTTLS; with `tls: none` mail and password go unencrypted")
        await smtp.starttls()
        await smtp.ehlo()

    async def _log_in(self, smtp: aiosmtplib.SMTP) -> None:
        user, password = self._relay.user, self._relay.password
        if user is None or password is None:
            return
        encrypted = smtp.get_transport_info("sslcontext") is not None
        if not encrypted and self._config.tls != "none":
            raise Misconfigured("the password would leave unencrypted; with `tls: none` it does")
        if not smtp.supported_auth_methods:
            raise Misconfigured("the relay offers no way to log in that we know", code=ErrorCode.AUTH_FAILED)
        await smtp.login(user, password.reveal())


def _options(smtp: aiosmtplib.SMTP, letter: Letter, wide: bool) -> list[str]:
    options = [f"SIZE={letter.size}"] if smtp.supports_extension("size") else []
    return [*options, "SMTPUTF8", "BODY=8BITMIME"] if wide else options


async def _begin(smtp: aiosmtplib.SMTP) -> None:
    code, text = await smtp.execute_command(b"DATA")
    if code != GO_AHEAD:
        raise SMTPResponseException(code, text)


def _writer(smtp: aiosmtplib.SMTP) -> asyncio.StreamWriter:
    """Of the connection: writes no faster than the server reads."""
    protocol, transport = smtp.protocol, smtp.transport
    if protocol is None or transport is None or transport.is_closing():
        raise SMTPServerDisconnected("closed")
    # uvloop's transports have the methods, but are no subclass of asyncio's.
    return asyncio.StreamWriter(cast(asyncio.WriteTransport, transport), protocol, None, asyncio.get_running_loop())


async def _hand_over(writer: asyncio.StreamWriter, letter: Letter, course: _Course) -> None:
    """Sends the mail piece by piece, and the dot that ends it."""
    chunks = letter.chunks()
    try:
        while (chunk := await asyncio.to_thread(_next, chunks)) is not None:
            writer.write(_DOTS.sub(b"..", chunk))
            await writer.drain()
    except FileNotFoundError as error:
        raise Refused("a file of the mail is gone", code=ErrorCode.MEDIA_UNREACHABLE) from error
    course.dotted = True
    writer.write(b".\r\n")


async def _told(smtp: aiosmtplib.SMTP) -> tuple[int, str]:
    if smtp.protocol is None:
        raise SMTPServerDisconnected("closed")
    code, text = await smtp.protocol.read_response(timeout=None)
    return code, text


def _next(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)


def _leave(smtp: aiosmtplib.SMTP, course: _Course) -> None:
    """Says good-bye where the server is listening for commands; within a mail it would be a line of it."""
    within_mail = course.stage is Stage.CONTENT and course.reply is None
    if smtp.is_connected and smtp.protocol is not None and not within_mail:
        smtp.protocol.write(b"QUIT\r\n")
    smtp.close()


def _shown(letter: Letter) -> bytes:
    envelope = f"MAIL FROM:<{letter.mail_from}>\nRCPT TO:<{letter.recipient}>\n\n".encode()
    return envelope + (letter.head + b"\r\n" + letter.body)[:SHOWN].replace(b"\r\n", b"\n")
