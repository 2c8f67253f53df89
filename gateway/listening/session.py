"""One SMTP or LMTP session: aiosmtpd's, with our own reading of DATA, our replies and our limits."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, AnyStr

from aiosmtpd.smtp import SMTP

from gateway.listening import replies
from gateway.listening.desk import NOBODY, Mail, address_of, path_in
from gateway.listening.incoming import NotTaken, receive
from gateway.listening.mail import Envelope, Verdict, take
from gateway.metrics import MAIL
from gateway.store.times import now

if TYPE_CHECKING:
    from gateway.listening.listener import Open

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # it tells of each command, with the addresses in it
BUFFER = 64 << 10
"""Octets read at a time; twice as many wait at the most."""
LINGER_SECONDS = 10.0
"""How long a session that ended may take to read what was said last."""
COMMANDS = {"MAIL": 1_000, "RCPT": 100_000, "DATA": 1_000, "RSET": 1_000, "AUTH": 5, "*": 100}
"""How often a session may use each."""
LONGEST = {"MAIL": 1_024, "RCPT": 1_024, "AUTH": 2_048}
LONGEST_OTHER = 512
"""Octets of a command."""


class Smtp(SMTP):
    """Belongs to the event loop of its listener."""

    line_length_limit = BUFFER
    speaks = "ESMTP"

    def __init__(self, door: "Open") -> None:
        self._door = door
        self._receiving = False
        self._plain: asyncio.WriteTransport | None = None
        """The connection as it came, without TLS around it."""
        super().__init__(
            door.desk,
            data_size_limit=door.hub.settings.limits.mail,
            enable_SMTPUTF8=True,
            hostname=door.hostname,
            ident=f"{self.speaks} onethread",
            tls_context=door.tls,
            timeout=door.pace.command,
            auth_required=bool(door.listener.users),
            authenticator=door.desk.log_in,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = defaultdict(lambda: LONGEST_OTHER, LONGEST)

    # --- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called again when TLS has come about."""
        if self.session is not None:
            super().connection_made(transport)
            return
        assert isinstance(transport, asyncio.WriteTransport)
        if farewell := self._door.desk.turn_away(transport.get_extra_info("peername"), len(self._door.sessions)):
            transport.write(f"{farewell}\r\n".encode())
            transport.close()
            return
        self._plain = transport
        self._door.add(self)
        super().connection_made(transport)
        assert self._handler_coroutine
        self._handler_coroutine.add_done_callback(self._ended)

    def connection_lost(self, error: Exception | None) -> None:
        if self.session is not None:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self.session is not None:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self.session is not None else None

    def dismiss(self) -> None:
        """Ends the session: at once, or where a message is coming in, after its answer."""
        if not self._receiving:
            self._hang_up(replies.CLOSING)

    def abort(self) -> None:
        """Whatever was not written, or not agreed on, is not waited for."""
        if self._plain is not None and self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
            self._plain.abort()

    def _timeout_cb(self) -> None:
        self.abort()

    def _ended(self, session: "asyncio.Task[None]") -> None:
        """What ended it was told where it happened; here it is only taken, or asyncio would tell it again."""
        self._door.remove(self)
        if not session.cancelled():
            session.exception()
        if self.transport is not None:
            self.loop.call_later(LINGER_SECONDS, self.abort)

    def _hang_up(self, farewell: str = "") -> None:
        """Nothing more is read; what was said is still sent."""
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        if isinstance(self.transport, asyncio.WriteTransport):
            if farewell:
                self.transport.write(f"{farewell}\r\n".encode())
            self.transport.close()

    # --- what is said

    async def push(self, status: AnyStr) -> None:
        await super().push(status if isinstance(status, bytes) else replies.enhanced(status).encode(errors="replace"))

    async def smtp_EHLO(self, hostname: str) -> None:
        if not hostname:
            await self.push("501 whose greeting?")
            return
        assert self.session
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self.session.extended_smtp = True
        self.session.host_name = hostname
        offers = [self.hostname, "PIPELINING", f"SIZE {self.data_size_limit}", "8BITMIME", "SMTPUTF8"]
        if self.tls_context and not self._tls_protocol:
            offers.append("STARTTLS")
        if self._door.listener.users and self._tls_protocol:
            offers.append("AUTH LOGIN PLAIN")
        lines = [f"250-{offer}\r\n" for offer in offers]
        await self.push("".join(lines).encode() + b"250 ENHANCEDSTATUSCODES")

    async def smtp_AUTH(self, arg: str) -> None:
        if self._door.listener.users:
            await super().smtp_AUTH(arg)
        else:
            await self.push(replies.NO_USERS)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if self._door.listener.require_tls and not self._tls_protocol:
            await self.push(replies.NO_TLS)  # the library's own way refuses LHLO too
        elif self._door.hub.writer.late:  # before anything is transferred in vain
            MAIL.labels(self._door.listener.name, "full").inc()
            await self.push(replies.NO_ROOM)
        else:
            await super().smtp_MAIL(arg)

    async def smtp_VRFY(self, _: str) -> None:
        await self.push(replies.NOT_VERIFIED)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Address and parameters of MAIL and RCPT, as they were written: the library's reading of them raises whatever
        it likes, and writes them anew."""
        return path_in(arg)

    # --- messages

    def _create_envelope(self) -> Mail:
        return Mail()

    async def smtp_DATA(self, arg: str) -> None:
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        mail = self.envelope
        assert isinstance(mail, Mail)
        if not mail.recipients:
            await self.push("503 to whom? RCPT comes first")
            return
        if arg:
            await self.push("501 DATA stands alone")
            return
        self._receiving = True
        try:
            await self._receive(mail)
        finally:
            self._receiving = False
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        self._reset_timeout()
        if self._door.closing:
            self.dismiss()

    async def _receive(self, mail: Mail) -> None:
        """Takes a message, and answers it."""
        hub, listener, pace = self._door.hub, self._door.listener.name, self._door.pace
        assert self.data_size_limit
        self._reset_timeout(pace.message + pace.answer)
        await self.push("354 end with a dot on a line of its own")
        try:
            content = await receive(self._reader, hub.files, self.data_size_limit, pace)
        except NotTaken as error:
            MAIL.labels(listener, error.outcome).inc()
            await self.push(self._to_all(mail, error.reply))
            if error.hang_up:
                self._hang_up()
            return
        self._reset_timeout(pace.answer)
        verdicts = await take(hub, self._envelope(mail), content, now())
        for verdict in verdicts.values():
            MAIL.labels(listener, verdict.value).inc()
        await self.push(self._answer(mail, verdicts))

    def _answer(self, _: Mail, verdicts: Mapping[str, Verdict]) -> str:
        return replies.one_for_all(verdicts)

    def _to_all(self, _: Mail, reply: str) -> str:
        """What is said where all hear the same."""
        return reply

    def _envelope(self, mail: Mail) -> Envelope:
        session, transport = self.session, self.transport
        assert session
        assert transport
        secured = transport.get_extra_info("ssl_object")
        return Envelope(
            listener=self._door.listener.name,
            sender="" if mail.mail_from in (None, NOBODY) else str(mail.mail_from),
            recipients=tuple(mail.recipients),
            helo=(session.host_name or "").encode("utf-8", "replace").decode(),
            peer=address_of(session.peer),
            user=session.auth_data if session.authenticated else None,
            tls=secured.version() if secured else None,
        )


class Lmtp(Smtp):
    """RFC 2033: greets by LHLO, and answers a message for each recipient."""

    speaks = "LMTP"

    async def smtp_LHLO(self, hostname: str) -> None:
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, _: str) -> None:
        await self.push("500 LHLO is how one greets here")

    async def smtp_HELO(self, _: str) -> None:
        await self.push("500 LHLO is how one greets here")

    def _answer(self, mail: Mail, verdicts: Mapping[str, Verdict]) -> str:
        return replies.one_for_each(mail.recipients, verdicts)

    def _to_all(self, mail: Mail, reply: str) -> str:
        return "\r\n".join([reply] * len(mail.recipients))


SPEAKS: Mapping[str, type[Smtp]] = {"smtp": Smtp, "lmtp": Lmtp}
