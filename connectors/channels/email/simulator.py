"""A relay over loopback: `python -m connectors.channels.email.simulator` runs it alone.

It asks for the password of the configured `smtp` address, takes mail, refuses it at every stage, hangs, and breaks off
before and after its answer. What it took stands in `requests`: envelope and the mail's own header as headers, what
follows as body.
"""

import argparse
import asyncio
import itertools
import logging
import re
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from secrets import token_hex
from typing import Any, ClassVar, Final
from urllib.parse import quote, unquote, urlsplit

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from connectors.channels.email.refusals import Stage
from connectors.kit.fixtures import WireRequest
from connectors.kit.request import Request
from connectors.kit.testing.mutate import header_dropped, header_emptied
from connectors.kit.testing.simulator import HUB_URL, WORDLESS, Failure, LoopbackSimulator, Reply, run
from normalizer.addresses import normalise

STAGES: Final[Mapping[Failure, Stage]] = {
    Failure.RATE_LIMITED: Stage.SENDER,
    Failure.UNAUTHORIZED: Stage.AUTH,
    Failure.BLOCKED: Stage.RECIPIENT,
    Failure.UNREACHABLE: Stage.RECIPIENT,
}
"""Where each failure meets a mail; the others when it has been handed over."""
TAKEN: Final = Reply(250, b"2.0.0 Ok: queued")
LARGEST: Final = 64 << 20
# With every login aiosmtpd warns of an attribute of its own that it will drop one day.
logging.getLogger("mail.log").setLevel(logging.ERROR)
_FOLD: Final = re.compile(r"\r\n[ \t]+")


def _posted(request: Request) -> Request:
    """As if somebody had posted it to the hub's door for webhooks."""
    return replace(request, method="POST", url=f"https://hub.example.com{urlsplit(request.url).path}")


def _of_that_name(request: Request) -> Request:
    """The same with SMTP for a method, which HTTP lets anybody write."""
    return replace(request, url=f"https://hub.example.com{urlsplit(request.url).path}")


def _to_another(request: Request) -> Request:
    return replace(request, headers={**request.headers, "rcpt-to": "somebody@elsewhere.example"})


def _to_both(request: Request) -> Request:
    to = request.headers["rcpt-to"]
    return replace(request, headers={**request.headers, "rcpt-to": f"{to}, somebody@elsewhere.example"})


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: Reply(421, b"4.7.0 Too many messages from you, try again later"),
        Failure.SERVER_ERROR: Reply(451, b"4.3.0 Local error in processing"),
        Failure.UNAUTHORIZED: Reply(535, b"5.7.8 Authentication credentials invalid"),
        Failure.BLOCKED: Reply(550, b"5.7.1 The recipient has blocked you"),
        Failure.UNREACHABLE: Reply(550, b"5.1.1 User unknown"),
        Failure.REFUSED: Reply(554, b"5.7.1 Message rejected as spam"),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "posted": _posted,
        "posted with its method": _of_that_name,
        "recipient dropped": header_dropped("rcpt-to"),
        "recipient emptied": header_emptied("rcpt-to"),
        "to another": _to_another,
        "to another as well": _to_both,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(config, hub_url)
        relay = urlsplit(self.config["smtp"])
        self.login = (unquote(relay.username or ""), unquote(relay.password or "")) if relay.username else None
        self.answers: dict[str, Reply] = {}
        """What a recipient's server says at RCPT, by address: of mailboxes that are full, greylisted, gone."""
        self.stages: dict[Stage, Reply] = {}
        """What everybody hears at `AUTH` or `SENDER`, instead of going on."""
        self.reply: Reply = TAKEN
        """What is answered to a mail that is handed over."""
        self.tls = tls
        self.numbers = itertools.count(1)

    def settings(self) -> dict[str, Any]:
        user = "{}:{}@".format(*(quote(part, safe="") for part in self.login)) if self.login else ""
        return {**self.config, "smtp": f"smtp://{user}{urlsplit(self.url).netloc}", "tls": "none"}

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "SMTP"

    async def answer(self, request: WireRequest) -> Reply:  # noqa: ARG002 - it takes whatever it is given
        return self.reply

    def genuine(self, payload: bytes) -> WireRequest:
        """A mail as the hub's listener hands it on."""
        sender = re.search(rb"^From: .*?([^\s<>]+@[^\s<>]+)", payload, re.MULTILINE)
        envelope = {"mail-from": sender[1].decode() if sender else "", "rcpt-to": self.config["address"]}
        return WireRequest("SMTP", urlsplit(self.hub_url).path, {**envelope, "peer": "192.0.2.1"}, payload)

    def message(self, text: str = "hi", sender: str = "ann@example.net") -> bytes:
        """Raises ValueError for a sender who has no address."""
        normalise("mailto", sender)
        number = next(self.numbers)
        lines = [
            f"From: <{sender}>",
            f"To: <{self.config['address']}>",
            f"Subject: Question {number}",
            f"Message-ID: <{number}.{token_hex(8)}@{sender.rpartition('@')[2]}>",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
            "",
            text,
        ]
        return ("\r\n".join(lines) + "\r\n").encode()

    async def _run(self, started: Future[str]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(self._protocol, "127.0.0.1", 0)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            started.set_result(f"smtp://{host}:{port}")
            await self._stop.wait()
        finally:
            server.close()

    def _protocol(self) -> SMTP:
        return SMTP(
            _Desk(self),
            hostname="relay.example.com",
            ident="ESMTP",
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            authenticator=self._admit,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN"],  # a client tries one after the other, and each would be a failure
            tls_context=self.tls,
            loop=asyncio.get_running_loop(),
        )

    def _admit(self, _server: Any, _session: Session, _envelope: Envelope, _how: str, given: Any) -> AuthResult:
        refused = self.meets(Stage.AUTH)
        if refused:
            return AuthResult(success=False, handled=False, message=_line(refused))
        known = isinstance(given, LoginPassword) and (given.login.decode(), given.password.decode()) == self.login
        return AuthResult(success=known, handled=False)

    def meets(self, stage: Stage, headers: Mapping[str, str] | None = None) -> Reply | None:
        """What is answered instead of going on, where the next failure is one of this stage."""
        with self._changed:
            failure = self._failures[0] if self._failures else None
        if failure is None or STAGES.get(failure) is not stage:
            return self.stages.get(stage)
        self._arrived(WireRequest("SMTP", "/", headers or {}, b""))
        return self.FAILURES[failure]

    async def take(self, request: WireRequest) -> tuple[Reply, Failure | None]:
        """What is answered to a mail that was handed over, and how its answering fails."""
        failure = self._arrived(request)
        if failure is not None and failure not in WORDLESS:
            return self.FAILURES[failure], failure
        reply = await self.answer(request)
        if failure in (None, Failure.LOST_ANSWER) and reply.status < 300:
            with self._changed:
                self.performed.append(request)
        if failure is Failure.HANG and self._stop is not None:
            await self._stop.wait()
        return reply, failure


class _Desk:
    """One session; aiosmtpd finds the methods by their names."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def handle_MAIL(
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._simulator.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if refused := self._simulator.meets(Stage.SENDER, {"mail-from": address}):
            return _line(refused)
        envelope.mail_from, envelope.mail_options = address, options
        return "250 2.1.0 Ok"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        told = {"mail-from": envelope.mail_from or "", "rcpt-to": address}
        refused = self._simulator.meets(Stage.RECIPIENT, told) or self._simulator.answers.get(address)
        if refused:
            return _line(refused)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        reply, failure = await self._simulator.take(_read(envelope))
        if failure in (Failure.RESET, Failure.LOST_ANSWER):
            _reset(server.transport)
        return _line(reply)


def _read(envelope: Envelope) -> WireRequest:
    content = envelope.content if isinstance(envelope.content, bytes) else b""
    head, _, body = content.partition(b"\r\n\r\n")
    lines = _FOLD.sub(" ", head.decode("utf-8", "replace")).split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    told = {"mail-from": envelope.mail_from or "", "rcpt-to": ", ".join(envelope.rcpt_tos)}
    return WireRequest("SMTP", "/", {**fields, **told}, body)


def _line(reply: Reply) -> str:
    return f"{reply.status} {reply.body.decode()}"


def _reset(transport: Any) -> None:
    # Lingering for no time makes the system send a reset instead of an orderly end.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="A mail relay over loopback.")
    wanted.add_argument("--address", default="help@example.com")
    wanted.add_argument("--smtp", default="smtp://hub:simulator-password@relay.example", help="its user and password")
    told = wanted.parse_args()
    run(Simulator({"address": told.address, "smtp": told.smtp}))
