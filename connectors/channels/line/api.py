"""The Messaging API over the hub's HTTP client.

Source: `messaging-api.yml` of line-openapi, developers.line.biz/en/docs/messaging-api/retrying-api-request
(read 2026-11).
"""

from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec

from connectors.channels.line.config import Config
from connectors.channels.line.refusals import refusal
from connectors.kit.errors import BadPayload, KitError, Refused, Temporary
from connectors.kit.http import Answer, Http
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

T = TypeVar("T")
RETRY_KEY: Final = "x-line-retry-key"
GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
SOON: Final = 3.0
"""Seconds until a file that is being prepared is asked for again."""


class Api:
    """One channel's access. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, http: Http, config: Config) -> None:
        self._http = http
        self._config = config

    def __repr__(self) -> str:
        return "Api(***)"

    async def ask(
        self, method: str, path: str, kind: msgspec.json.Decoder[T], body: Mapping[str, Any] | None = None
    ) -> T:
        """Calls what may be repeated without harm. Raises Temporary, Misconfigured, Refused and their like."""
        return await self._asked(method, f"{_base(self._config.api_base)}{path}", kind, body)

    async def push(self, body: Mapping[str, Any], retry_key: str) -> Answer:
        """One push: performed (200), or known to have been before under the same key (409)."""
        headers = {**self._headers, "content-type": "application/json", RETRY_KEY: retry_key}
        url = f"{_base(self._config.api_base)}/v2/bot/message/push"
        encoded = msgspec.json.encode(body)
        answer = await self._http.request("POST", url, headers=headers, body=encoded, seconds=self._seconds)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.CONFLICT):
            raise refusal(answer)
        return answer

    async def prepared(self, message: str, kind: msgspec.json.Decoder[T]) -> T:
        """How far LINE is with a video or sound. Raises Temporary, Refused, Misconfigured."""
        return await self._asked("GET", self._content(message, "/transcoding"), kind, None, file=True)

    async def file(self, message: str) -> AsyncIterator[bytes]:
        """The octets of a message's file. Raises Temporary, Refused, Misconfigured."""
        async for chunk in self._octets(self._content(message), self._headers, refusal):
            yield chunk

    async def external(self, url: str) -> AsyncIterator[bytes]:
        """The octets of a file elsewhere, which is told nothing of us. Raises Temporary, Refused."""
        async for chunk in self._octets(url, {}, _elsewhere):
            yield chunk

    async def _octets(
        self, url: str, headers: Mapping[str, str], named: Callable[..., KitError]
    ) -> AsyncIterator[bytes]:
        async with self._http.stream("GET", url, headers=headers, most=self._config.download_octets) as stream:
            if stream.status == HTTPStatus.ACCEPTED:
                raise unready()
            if stream.status in GONE:
                raise _gone(stream.status, "the file is gone")
            if stream.status != HTTPStatus.OK:
                raise named(Answer(stream.status, stream.headers, b""), reads=True)
            async for chunk in stream.chunks:
                yield chunk

    async def _asked(
        self,
        method: str,
        url: str,
        kind: msgspec.json.Decoder[T],
        body: Mapping[str, Any] | None,
        *,
        file: bool = False,
    ) -> T:
        headers = {**self._headers, "content-type": "application/json"} if body else self._headers
        answer = await self._http.request(
            method,
            url,
            headers=headers,
            body=msgspec.json.encode(body) if body else None,
            seconds=self._seconds,
            reads=True,
        )
        if answer.status in GONE:
            raise _gone(answer.status, "the file is gone" if file else "LINE has no such thing")
        if answer.status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
            raise refusal(answer, reads=True)
        try:
            return decode(answer.body or b"{}", kind)  # what has nothing to say may say nothing at all
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    def _content(self, message: str, after: str = "") -> str:
        return f"{_base(self._config.data_base)}/v2/bot/message/{message}/content{after}"

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._config.access_token.reveal()}"}

    @property
    def _seconds(self) -> float:
        return self._config.send_seconds


def unready() -> Temporary:
    return Temporary("the file is being prepared", retry_after=SOON, code=ErrorCode.MEDIA_UNREACHABLE)


def _elsewhere(answer: Answer, *, reads: bool) -> KitError:
    """The error of another server's answer: that it wants a password, say, is no fault of ours."""
    error = refusal(answer, reads=reads)
    return error if isinstance(error, Temporary) else _gone(answer.status, "the file is not to be had")


def _gone(status: int, detail: str) -> Refused:
    return Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(status))


def _base(address: str) -> str:
    return address.rstrip("/")
