"""One request of `connectors.kit.http` under way: where it stands, what its failures are called, where it turns."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import aiohttp
from yarl import URL

from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.guard import origin_of, turned
from normalizer.errors import ErrorCode

TRAVELS: Final = frozenset({"accept", "accept-language", "range", "user-agent"})
"""The only headers that follow a redirect to another origin: any other may hold a credential."""
UNFINISHED: Final = "given up by its caller"
LARGE: Final = 1 << 20
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""What no field value may have, but for a tab. Source: RFC 9110, section 5.5."""


@dataclass
class Call:
    """One request under way; changes from hop to hop."""

    method: str
    url: URL
    headers: Mapping[str, str]
    data: bytes | aiohttp.Payload | None
    shown: bytes
    """The body as the log has it."""
    ends: float
    doubt: type[OutcomeUnknown | Temporary]
    """What a failure is called once the request may have left."""
    started: float
    left: bool = False
    status: int | None = None
    answer: bytes = b""
    error: str | None = UNFINISHED

    def named(self, error: Exception) -> KitError:
        if isinstance(error, aiohttp.InvalidURL):
            return Refused("not an http address", code=ErrorCode.MEDIA_UNREACHABLE)
        # Texts of aiohttp's errors hold the URL, and some providers' URLs hold the token: only the kind is kept.
        timed_out = isinstance(error, TimeoutError)
        kind = type(error.__cause__ or error).__name__
        if not self.left:
            return Temporary("no connection in time" if timed_out else f"no connection: {kind}")
        code = ErrorCode.TIMED_OUT if timed_out else ErrorCode.PROVIDER_DOWN
        return self.doubt("no answer in time" if timed_out else f"no complete answer: {kind}", code=code)

    def redirect(self, target: str) -> None:
        """Turns to where the answer pointed. Raises Refused."""
        url = turned(self.url, target)
        if origin_of(url) != origin_of(self.url):
            self.headers = {name: value for name, value in self.headers.items() if name.lower() in TRAVELS}
        self.url, self.data, self.shown = url, None, b""
        self.left, self.status, self.error, self.started = False, None, UNFINISHED, perf_counter()


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises Misconfigured for what would end a header before its end, such as the end of a line in a token."""
    for name, value in headers.items():
        if _CONTROL.search(name) or _CONTROL.search(value):
            told = _CONTROL.sub("", name)
            raise Misconfigured(
                f"the header {told} has a line end or another control character in it; check the settings"
            )


def prepared(body: bytes | aiohttp.FormData | None) -> tuple[aiohttp.Payload | None, bytes]:
    """The body to send, and what the log shows of it."""
    if isinstance(body, aiohttp.FormData):
        form = body()
        if isinstance(form, aiohttp.MultipartWriter):
            return form, "\n".join(_part(part) for part, *_ in form).encode()
        return form, form.decode().encode()
    if not body:
        return None, b""
    # aiohttp warns of large bodies in one piece; from a file object it sends them piece by piece.
    return aiohttp.BytesPayload(body) if len(body) <= LARGE else aiohttp.BytesIOPayload(io.BytesIO(body)), body


def _part(part: Any) -> str:
    name = f"{part.headers.get('content-disposition', 'form-data')}: "
    if part.filename is None and isinstance(part, aiohttp.BytesPayload):
        return name + part.decode(errors="replace")
    return f"{name}({part.size} octets)"
