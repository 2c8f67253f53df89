"""One bound connection to a carrier: requests and their answers, within a window, and what the carrier delivers.

What is delivered waits here until it is asked for, and is answered when whoever asked says so. Belongs to one loop.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Final, NamedTuple, TypeVar

from connectors.channels.smpp import pdu
from connectors.channels.smpp.config import Config
from connectors.channels.smpp.pdu import Pdu
from connectors.channels.smpp.refusals import OK, bind_refusal
from connectors.kit.errors import BadPayload, KitError, Misconfigured, OutcomeUnknown, Temporary
from normalizer.errors import ErrorCode

T = TypeVar("T")
MOST_WAITING: Final = 200
"""Messages delivered to us and not yet answered; more are put off."""
THROTTLED: Final = 0x58
INVALID_COMMAND: Final = 0x03
CLOSE_SECONDS: Final = 2.0
QUIET: Final = frozenset({pdu.OUTBIND, pdu.ALERT_NOTIFICATION})
"""What has no answer."""


class Came(NamedTuple):
    sequence: int
    octets: bytes
    """All of the PDU."""


class Session:
    """`await open()` first, `await close()` at last; `ended` says why it is of no more use."""

    def __init__(self, config: Config, bind: int) -> None:
        self.name = token_hex(4)
        self.ended: KitError | None = None
        self._config = config
        self._bind = bind
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[int, asyncio.Future[Pdu]] = {}
        self._window = asyncio.Semaphore(config.window)
        self._came: deque[Came] = deque()
        self._unanswered = 0
        self._news = asyncio.Event()
        self._heard = asyncio.Event()
        self._sequence = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connects and binds. Raises Temporary, Misconfigured."""
        await self._connect()
        self._tasks.append(asyncio.create_task(self._read(), name="smpp reader"))
        config = self._config
        range_ = pdu.Party(config.address_ton, config.address_npi, config.address_range)
        body = pdu.bind_body(config.system_id, config.password.reveal(), config.system_type, range_)
        try:
            answer = await self._ask(self._bind, body, Temporary)
            if answer.status != OK:
                raise bind_refusal(answer.status, config.throttle_pause)
        except BaseException:
            await self._leave(Temporary("the session was not begun"))
            raise
        self._tasks.append(asyncio.create_task(self._look_after(), name="smpp enquiring"))

    async def submit(self, body: bytes) -> Pdu:
        """The carrier's answer. Raises Temporary where it did not leave, else OutcomeUnknown."""
        try:
            async with asyncio.timeout(self._config.response_seconds):
                await self._window.acquire()
        except TimeoutError:
            raise Temporary("the carrier answers none of what is under way", code=ErrorCode.TIMED_OUT) from None
        try:
            return await self._ask(pdu.SUBMIT_SM, body, OutcomeUnknown)
        finally:
            self._window.release()

    async def delivered(self, seconds: float, most: int) -> list[Came]:
        """What came and was not taken yet, up to so many octets; waits so long for the first. Raises Temporary once the
        session has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._came and self.ended is None:
                    self._news.clear()
                    await self._news.wait()
        if self.ended is not None:
            raise self.ended
        found: list[Came] = []
        size = 0
        while self._came and (not found or size + len(self._came[0].octets) <= most):
            found.append(self._came.popleft())
            size += len(found[-1].octets)
        return found

    def answer(self, sequences: Sequence[int]) -> None:
        """Says of what came that it is kept."""
        for sequence in sequences:
            self._unanswered -= 1
            self._write(Pdu(pdu.DELIVER_SM | pdu.RESPONSE, OK, sequence, b"\0"))

    async def close(self) -> None:
        """Waits for answers that are due, takes leave and hangs up. Raises nothing."""
        if self.ended is None:
            due = list(self._asked.values())
            if due:
                await asyncio.wait(due, timeout=self._config.response_seconds)
            with suppress(KitError):
                await self._ask(pdu.UNBIND, b"", Temporary, CLOSE_SECONDS)
        await self._leave(Temporary("the session was closed"))

    async def _connect(self) -> None:
        config = self._config
        host, port = config.place
        failure: KitError
        try:
            context = ssl.create_default_context(cafile=config.ca_file) if config.tls else None
        except OSError as error:
            raise Misconfigured(f"ca_file cannot be used: {error.strerror or 'no certificate in it'}") from error
        try:
            async with asyncio.timeout(config.connect_seconds):
                self._reader, self._writer = await asyncio.open_connection(host, port, ssl=context)
            return
        except ssl.SSLCertVerificationError as error:
            failure = Misconfigured(f"the carrier's certificate is not trusted: {error.verify_message}")
        except (OSError, TimeoutError) as error:
            failure = Temporary(f"no connection: {type(error).__name__}")
        raise failure

    async def _ask(
        self, command: int, body: bytes, doubt: type[Temporary | OutcomeUnknown], seconds: float | None = None
    ) -> Pdu:
        """The answer to a request. Raises `doubt` where it may have left and none came."""
        if self.ended is not None:
            raise Temporary(self.ended.detail, code=self.ended.code)
        self._sequence = self._sequence % pdu.LAST_SEQUENCE + 1
        sequence = self._sequence
        answer = self._asked[sequence] = asyncio.get_running_loop().create_future()
        self._write(Pdu(command, 0, sequence, body))
        try:
            async with asyncio.timeout(seconds or self._config.response_seconds):
                found: Pdu = await answer
            return found
        except TimeoutError:
            raise doubt("no answer in time", code=ErrorCode.TIMED_OUT) from None
        except _Lost as lost:
            failure = doubt(lost.args[0], code=ErrorCode.PROVIDER_DOWN)
        finally:
            self._asked.pop(sequence, None)
        raise failure

    def _write(self, made: Pdu) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(made.octets())

    async def _read(self) -> None:
        try:
            while True:
                head = await self._reader.readexactly(pdu.HEADER.size)
                octets = head + await self._reader.readexactly(pdu.length(head) - len(head))
                self._heard.set()
                self._take(pdu.read(octets), octets)
        except (OSError, EOFError) as error:
            self._end(f"the connection was lost: {type(error).__name__}")
        except BadPayload as error:
            self._end(f"the carrier does not speak SMPP: {error.detail}")

    def _take(self, came: Pdu, octets: bytes) -> None:
        if came.command & pdu.RESPONSE:
            asked = self._asked.get(came.sequence)
            if asked is not None and not asked.done():
                asked.set_result(came)
        elif came.command == pdu.DELIVER_SM:
            self._deliver(came, octets)
        elif came.command in ANSWERED:
            self._write(Pdu(came.command | pdu.RESPONSE, OK, came.sequence, b""))
            if came.command == pdu.UNBIND:
                self._end("the carrier ends the session")
        elif came.command not in QUIET:
            self._write(Pdu(pdu.GENERIC_NACK, INVALID_COMMAND, came.sequence, b""))

    def _deliver(self, came: Pdu, octets: bytes) -> None:
        if self._unanswered >= MOST_WAITING or self._bind == pdu.BIND_TRANSMITTER:
            self._write(Pdu(pdu.DELIVER_SM | pdu.RESPONSE, THROTTLED, came.sequence, b"\0"))
            return
        self._unanswered += 1
        self._came.append(Came(came.sequence, octets))
        self._news.set()

    async def _look_after(self) -> None:
        """Asks a carrier that says nothing whether it is there."""
        while True:
            self._heard.clear()
            if await _within(self._config.enquire_seconds, self._heard.wait):
                continue
            try:
                await self._ask(pdu.ENQUIRE_LINK, b"", Temporary)
            except KitError as error:
                self._end(error.detail)
                return

    def _end(self, reason: str) -> None:
        if self.ended is None:
            self.ended = Temporary(reason)
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(_Lost(reason))
        self._news.set()
        if self._writer is not None:
            self._writer.close()

    async def _leave(self, reason: Temporary) -> None:
        self._end(reason.detail)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._writer is not None:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._writer.wait_closed()


ANSWERED: Final[Mapping[int, str]] = {pdu.ENQUIRE_LINK: "it is there", pdu.UNBIND: "it goes"}


class _Lost(Exception):
    """The connection ended while an answer was due."""


async def _within(seconds: float, wait: Callable[[], Awaitable[object]]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        return False
    return True
