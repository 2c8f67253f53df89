"""The one HTTP client for everything that goes to a provider.

It bounds time, size and redirects, guards against private addresses, names failures by what is known of them, and
keeps a redacted exchange log. Raises `Temporary` where the request provably did not leave and `OutcomeUnknown` where it
may have.

The line between the two is the moment the request head is handed to an open connection: before it (name resolution,
connecting, TLS, waiting for a free connection) nothing can have left; from it on, anything may have. aiohttp 3.14
repeats GET, HEAD, PUT and DELETE by itself when a connection breaks; some providers send messages by GET, so here
nothing is ever repeated. A kept connection that the provider closed while it was idle is noticed and replaced before
anything is written; only one closed in the very instant of writing is `OutcomeUnknown`, and idle ones are not kept long
(`connectors.kit.session`).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Final, TypeVar

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from connectors.kit.call import Call, check_headers, prepared
from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.exchange import Answer as Answer
from connectors.kit.exchange import Exchange as Exchange
from connectors.kit.guard import check_literal, origin, origin_of, read_url
from connectors.kit.redact import Redactor
from connectors.kit.secret import Secret
from connectors.kit.session import departing, open_session
from normalizer.errors import ErrorCode

CONNECT_SECONDS: Final = 10.0
MOST_REDIRECTS: Final = 3
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
NEVER_REPEATED: Final = frozenset({"POST", "PATCH"})
"""By aiohttp either, so that nothing must keep it from doing so."""
ADDRESSES: Final = 64
"""How many are remembered as the log shows them: many providers have one for all that is sent."""

exchange_subject: ContextVar[str | None] = ContextVar("exchange_subject", default=None)
"""What the exchanges of this task are for, as a delivery or attachment id; goes into the exchange log."""

T = TypeVar("T")


@dataclass(frozen=True)
class Stream:
    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


def _unheard(_exchange: Exchange) -> None:
    """Keeps no log."""


class Http:
    """A client of one connector. `trusted` are origins the operator configured; all others pass the guard.

    `log` hears of every exchange, redacted of `secrets`. `longest` bounds every exchange in seconds, whatever the
    plugin asks. `sessions` opens what connects, guarded or not. Belongs to the loop that uses it, until `close`.
    Raises Misconfigured where a trusted origin is no http address.
    """

    def __init__(
        self,
        connector: str,
        *,
        trusted: Sequence[str] = (),
        log: Callable[[Exchange], None] = _unheard,
        secrets: Sequence[Secret] = (),
        longest: float = 600.0,
        sessions: Callable[[bool], aiohttp.ClientSession] = open_session,
    ) -> None:
        self._connector = connector
        try:
            self._trusted = frozenset(map(origin, trusted))
        except Refused as error:
            raise Misconfigured(f"a trusted address: {error.detail}") from error
        self._log = log
        self._redact = Redactor(secrets)
        self._shown = lru_cache(ADDRESSES)(lambda url: self._redact(str(url)))
        self.longest = longest
        self._open_session = sessions
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._others: list[Callable[[], Awaitable[None]]] = []

    async def close(self) -> None:
        """Ends all connections. The client may be used again afterwards, also on another loop."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()
        for close in self._others:
            await close()

    def closes(self, close: Callable[[], Awaitable[None]]) -> None:
        """Lets go, whenever it closes, of connections of another protocol too; `close` may be called in vain."""
        self._others.append(close)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | aiohttp.FormData | None = None,
        seconds: float = 30.0,
        most: int = 1 << 20,
        reads: bool = False,
    ) -> Answer:
        """One exchange, whatever its status. `most` octets of answer, `seconds` in all.

        `reads` says that the request changes nothing at the provider: with no outcome to doubt, what would be
        OutcomeUnknown is Temporary. Raises Temporary, OutcomeUnknown, Refused for an address the guard bars, and
        Misconfigured for a header that could not stand in a request: settings make them.
        """
        call = self._call(method, url, headers, body, seconds, Temporary if reads else OutcomeUnknown)
        with self._noted(call):
            return await self._named(call, self._answer(call, most))

    async def _answer(self, call: Call, most: int) -> Answer:
        response = await self._follow(call)
        try:
            got = bytearray()
            while not response.content.at_eof():
                got += await response.content.readany()
                if len(got) > most:
                    raise call.doubt(f"an answer of more than {most} octets", code=ErrorCode.PROVIDER_DOWN)
        finally:
            if not response.closed:
                response.close()
        call.answer = bytes(got)
        return Answer(response.status, _lower(response.headers), call.answer)

    def stream(
        self,
        method: str,
        url: str,
        *,
        most: int,
        seconds: float = 300.0,
        headers: Mapping[str, str] | None = None,
    ) -> AbstractAsyncContextManager[Stream]:
        """An answer read in chunks, for files. Raises Refused over `most` octets, else Temporary: reading has no
        outcome to doubt."""
        return self._stream(self._call(method, url, headers, None, seconds, Temporary), most)

    @asynccontextmanager
    async def _stream(self, call: Call, most: int) -> AsyncIterator[Stream]:
        async with self._answered(call) as response:
            if (response.content_length or 0) > most:
                raise Refused(f"larger than {most} octets", code=ErrorCode.MEDIA_TOO_LARGE)
            yield Stream(response.status, _lower(response.headers), self._chunks(call, response, most))

    async def _chunks(self, call: Call, response: aiohttp.ClientResponse, most: int) -> AsyncIterator[bytes]:
        read = 0
        while chunk := await self._named(call, response.content.readany()):
            read += len(chunk)
            if read > most:
                raise Refused(f"larger than {most} octets", code=ErrorCode.MEDIA_TOO_LARGE)
            yield chunk

    def _call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: bytes | aiohttp.FormData | None,
        seconds: float,
        doubt: type[OutcomeUnknown | Temporary],
    ) -> Call:
        check_headers(headers or {})
        now = perf_counter()
        ends = now + min(seconds, self.longest)
        data, shown = prepared(body)
        return Call(method.upper(), read_url(url), headers or {}, data, shown, ends, doubt, now)

    @asynccontextmanager
    async def _answered(self, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer after all redirects."""
        with self._noted(call):
            response = await self._named(call, self._follow(call))
            try:
                yield response
            finally:
                response.close()

    @contextmanager
    def _noted(self, call: Call) -> Iterator[None]:
        """Logs how it ended."""
        try:
            yield
            call.error = None
        except KitError as failure:
            call.error = failure.detail
            raise
        finally:
            self._note(call)

    async def _follow(self, call: Call) -> aiohttp.ClientResponse:
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._open(call)
            target = response.headers.get("location")
            if target is None or response.status not in REDIRECTS or call.method not in ("GET", "HEAD"):
                return response
            response.close()
            call.error = None
            self._note(call)
            call.redirect(target)
        raise Refused(f"more than {MOST_REDIRECTS} redirects", code=ErrorCode.MEDIA_UNREACHABLE)

    async def _open(self, call: Call) -> aiohttp.ClientResponse:
        guarded = origin_of(call.url) not in self._trusted
        if guarded:
            check_literal(call.url)
        if guarded not in self._sessions:
            self._sessions[guarded] = self._open_session(guarded)
        # aiohttp takes a total of nought for no limit at all.
        timeout = aiohttp.ClientTimeout(total=max(call.ends - perf_counter(), 0.001), connect=CONNECT_SECONDS)
        departing.set(call)
        response = await self._sessions[guarded].request(
            call.method,
            call.url,
            headers=call.headers,
            data=call.data,
            allow_redirects=False,
            timeout=timeout,
            middlewares=() if call.method in NEVER_REPEATED else None,
        )
        call.status = response.status
        return response

    async def _named(self, call: Call, awaited: Awaitable[T]) -> T:
        try:
            return await awaited
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            failure = call.named(error)
        # Raised outside the handler, so that no traceback shows the cause, whose text may hold the token.
        raise failure

    def _note(self, call: Call) -> None:
        self.note(
            call.method,
            call.url,
            request=call.shown,
            status=call.status,
            answer=call.answer,
            error=call.error,
            started=call.started,
        )

    def note(
        self,
        method: str,
        url: str | URL,
        *,
        request: bytes,
        status: int | None,
        answer: bytes,
        error: str | None,
        started: float,
    ) -> None:
        """Keeps an exchange in the same redacted log, also one that went by another protocol. `started` is
        `perf_counter()`'s word for its beginning."""
        self._log(
            Exchange(
                connector=self._connector,
                subject=exchange_subject.get(),
                method=method,
                url=self._shown(url),
                request_body=self._redact.body(request),
                status=status,
                response_body=self._redact.body(answer),
                error=error,
                milliseconds=(perf_counter() - started) * 1000,
            )
        )


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
