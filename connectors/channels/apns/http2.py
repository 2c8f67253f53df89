"""HTTP/2, which APNs speaks and the kit's client does not: httpx, held to the rules of `connectors.kit.http`.

One kept connection; bounds of time and size; failures named by whether the request's head left; the same redacted log.
It goes only where the operator said, so no address is guarded, and no redirect is followed. Why httpx:
docs/adr/0027-http2-by-httpx.md.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from connectors.kit.errors import KitError, OutcomeUnknown, Temporary
from connectors.kit.http import CONNECT_SECONDS, Answer, Http
from connectors.kit.silence import silence
from normalizer.errors import ErrorCode

if TYPE_CHECKING:
    import httpx

MOST: Final = 64 << 10
"""Octets of an answer."""
IDLE_SECONDS: Final = 600.0
"""How long a connection is kept that nothing goes over; Apple wants them kept."""
LEAVES: Final = "http2.send_request_headers.started"
"""httpcore's word for handing the head to an open connection."""
UNFINISHED: Final = "given up by its caller"


@dataclass
class Course:
    """How a request goes."""

    left: bool = False
    status: int | None = None
    answer: bytes = b""
    error: str | None = UNFINISHED

    async def hear(self, event: str, _info: Mapping[str, Any]) -> None:
        self.left = self.left or event == LEAVES

    def named(self, error: Exception) -> KitError:
        # Only its kind is kept: the text may hold the address, and so the device.
        timed_out, kind = isinstance(error, TimeoutError), type(error).__name__
        if not self.left:
            return Temporary("no connection in time" if timed_out else f"no connection: {kind}")
        code = ErrorCode.TIMED_OUT if timed_out else ErrorCode.PROVIDER_DOWN
        return OutcomeUnknown("no answer in time" if timed_out else f"no complete answer: {kind}", code=code)


class Http2:
    def __init__(self, http: Http) -> None:
        self._http = http
        self._client: httpx.AsyncClient | None = None
        http.closes(self._close)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
        """One exchange, whatever its status. Raises Temporary, OutcomeUnknown."""
        import httpx  # who has no such connector does not pay for it

        course, started = Course(), perf_counter()
        try:
            async with asyncio.timeout(min(seconds, self._http.longest)):
                return await self._answer(course, url, headers, body)
        except (httpx.HTTPError, OSError) as error:
            failure = course.named(error)
            course.error = failure.detail
        except KitError as error:
            failure, course.error = error, error.detail
        finally:
            self._http.note(
                "POST",
                url,
                request=body,
                status=course.status,
                answer=course.answer,
                error=course.error,
                started=started,
            )
        # Raised outside the handler, so that no traceback shows the cause, whose text may hold the device.
        raise failure

    async def _answer(self, course: Course, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        client, heard = self._opened(), {"trace": course.hear}
        async with client.stream("POST", url, content=body, headers=dict(headers), extensions=heard) as response:
            course.status = response.status_code
            async for chunk in response.aiter_raw():
                course.answer += chunk
                if len(course.answer) > MOST:
                    raise OutcomeUnknown(f"an answer of more than {MOST} octets", code=ErrorCode.PROVIDER_DOWN)
        course.error = None
        return Answer(course.status, {name.lower(): text for name, text in response.headers.items()}, course.answer)

    def _opened(self) -> "httpx.AsyncClient":
        if self._client is None:
            import httpx

            for library in ("httpx", "httpcore", "h2", "hpack"):
                silence(library)
            self._client = httpx.AsyncClient(
                http1=False,
                http2=True,
                trust_env=False,
                timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=4, keepalive_expiry=IDLE_SECONDS),
                headers={"user-agent": "onethread"},
            )
        return self._client

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
