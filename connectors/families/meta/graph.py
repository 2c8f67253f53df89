"""The Graph API over the hub's HTTP client: one version, one token, which goes in a header and never in an address.

Some who carry WhatsApp for others speak it too, without a version and with a header of their own. Source:
developers.facebook.com/docs/graph-api/overview (read 2026-11).
"""

import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec

from connectors.families.meta.failure import Table, failure
from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer, Http
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode

T = TypeVar("T")
AGENT: Final = "onethread"
"""Meta's file servers refuse some clients that name none, or a common one."""
BEARS: Final = "authorization"
"""The header that says `Bearer` before the token; any other has it alone."""
DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
VERSION: Final = re.compile(r"v[1-9][0-9]?\.[0-9]", re.ASCII)
NUMBER: Final = re.compile(r"[0-9]{1,32}", re.ASCII)
"""An id of a page, an account or a number of theirs."""
TOKEN: Final = re.compile(r"[\x21-\x7e]{6,4096}", re.ASCII)
"""What may stand in a header; Meta says no more of its form."""
RAN_OUT: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
"""What a file's address answers once it is over."""


class Limits(NamedTuple):
    seconds: float
    """For one answer."""
    pause: float
    """Seconds waited where they had too much; they name none."""


class Graph:
    """One account's access. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(
        self,
        http: Http,
        base: str,
        version: str,
        token: Secret,
        table: Table,
        limits: Limits,
        header: str = BEARS,
    ) -> None:
        self._http = http
        self._base = "/".join(filter(None, (base.rstrip("/"), version)))
        self._token = token
        self._header = header
        self._table = table
        self._seconds, self._pause = limits

    def __repr__(self) -> str:
        return "Graph(***)"

    async def ask(
        self,
        method: str,
        path: str,
        kind: msgspec.json.Decoder[T],
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> T:
        """Calls what may be repeated without harm. Raises Temporary, Misconfigured, Refused and their like."""
        answer = await self._call(method, path, body, query or {}, reads=True)
        try:
            return decode(answer.body, kind)
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def send(self, path: str, body: Mapping[str, Any], kind: msgspec.json.Decoder[T]) -> T:
        """Posts what must not be repeated. Raises the sending errors."""
        answer = await self._call("POST", path, body, {}, reads=False)
        try:
            return decode(answer.body, kind)
        except BadPayload as error:
            raise OutcomeUnknown(
                f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN
            ) from None

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str], *, reads: bool
    ) -> Answer:
        headers = self._headers if body is None else {**self._headers, "content-type": "application/json"}
        answer = await self._http.request(
            method,
            f"{self._base}/{path}{'?' if query else ''}{urlencode(query)}",
            headers=headers,
            body=None if body is None else msgspec.json.encode(body),
            seconds=self._seconds,
            reads=reads,
        )
        if answer.status not in DONE:
            raise failure(answer, self._table, self._pause, reads=reads)
        return answer

    async def octets(self, url: str, most: int, *, known: bool) -> AsyncIterator[bytes]:
        """A file. `known`: Graph itself gave the address, and it wants the token; asked anew it gives another, so an
        address that is over is Temporary, else Refused."""
        headers = self._headers if known else {"user-agent": AGENT}
        async with self._http.stream("GET", url, headers=headers, most=most) as stream:
            number = str(stream.status)
            if stream.status in RAN_OUT and not known:
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=number)
            if stream.status != HTTPStatus.OK:
                raise Temporary("the file is not to be had", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=number)
            async for chunk in stream.chunks:
                yield chunk

    @property
    def _headers(self) -> Mapping[str, str]:
        token = self._token.reveal()
        return {self._header: f"Bearer {token}" if self._header == BEARS else token, "user-agent": AGENT}


def well_formed(version: str, app_secret: Secret, verify_token: Secret, access_token: Secret) -> None:
    """What every channel of Meta's asks of its settings. Raises ValueError, whose text names the setting."""
    if not VERSION.fullmatch(version):
        raise ValueError("version: not like v25.0")
    if not app_secret:
        raise ValueError("app_secret: empty")
    if not verify_token:
        raise ValueError("verify_token: empty")
    if not TOKEN.fullmatch(access_token.reveal()):
        raise ValueError("access_token: not what a header can hold")


def gone(error: Refused) -> Refused:
    """Of a file that was asked for by its id: no fault of the connector's."""
    return Refused(error.detail, code=ErrorCode.MEDIA_UNREACHABLE, provider_code=error.provider_code)
