"""The Web API over the hub's HTTP client.

Source: docs.slack.dev/apis/web-api (read 2026-11): what writes takes JSON, what reads takes forms.
"""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec

from connectors.channels.slack.answers import OK
from connectors.channels.slack.config import Config
from connectors.channels.slack.refusals import refusal
from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused, Temporary
from connectors.kit.guard import origin
from connectors.kit.http import Answer, Http
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

T = TypeVar("T")
JSON: Final = "application/json; charset=utf-8"
FORM: Final = "application/x-www-form-urlencoded"
PAGE: Final = "text/html"


class Api:
    """One app's access. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, http: Http, config: Config) -> None:
        self._http = http
        self._config = config

    async def ask(self, method: str, fields: Mapping[str, str], kind: msgspec.json.Decoder[T]) -> T:
        """Calls what changes nothing that people see. Raises Temporary, Misconfigured, Refused, Unreachable."""
        body = urlencode(fields).encode()
        return _read(await self._post(method, FORM, body, reads=True), kind, reads=True)

    async def send(self, method: str, arguments: Mapping[str, Any], kind: msgspec.json.Decoder[T]) -> T:
        """Calls what must not be repeated blindly."""
        body = msgspec.json.encode(arguments)
        return _read(await self._post(method, JSON, body, reads=False), kind, reads=False)

    async def _post(self, method: str, content_type: str, body: bytes, *, reads: bool) -> Answer:
        return await self._http.request(
            "POST",
            f"{self._config.api_base.rstrip('/')}/{method}",
            headers={**self._bearer, "content-type": content_type},
            body=body,
            seconds=self._config.send_seconds,
            reads=reads,
        )

    async def upload(self, url: str, form: aiohttp.FormData) -> None:
        """Hands over a file's octets, which nobody sees yet. Raises Temporary, Refused."""
        answer = await self._http.request("POST", url, body=form, seconds=self._config.upload_seconds, reads=True)
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, reads=True)

    async def file(self, url: str) -> AsyncIterator[bytes]:
        """A file's octets. The token goes to Slack only, not where it redirects to.

        Raises Temporary, Refused, Misconfigured.
        """
        if _origin(url) not in (_origin(self._config.files_origin), _origin(self._config.api_base)):
            raise Refused("the file is not at Slack", code=ErrorCode.MEDIA_UNREACHABLE)
        async with self._http.stream("GET", url, headers=self._bearer, most=self._config.download_octets) as stream:
            if stream.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != HTTPStatus.OK:
                raise refusal(Answer(stream.status, stream.headers, b""), reads=True)
            if _is_page(stream.headers.get("content-type", ""), url):
                # Whoever may not see a file is sent to a page to sign in, with status 200. An operator can mend the
                # app's scopes within the day that is tried; for what cannot be mended, nobody waits longer.
                raise Temporary(
                    "a page instead of the file: has the token files:read?", code=ErrorCode.MEDIA_UNREACHABLE
                )
            async for chunk in stream.chunks:
                yield chunk

    @property
    def _bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._config.token.reveal()}"}


def _read(answer: Answer, kind: msgspec.json.Decoder[T], *, reads: bool) -> T:
    try:
        accepted = answer.status == HTTPStatus.OK and decode(answer.body, OK).ok
        if accepted:
            return decode(answer.body, kind)
    except BadPayload as error:
        doubt = Temporary if reads else OutcomeUnknown
        raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
    raise refusal(answer, reads=reads)


def _origin(url: str) -> str:
    try:
        return origin(url)
    except Refused:
        return ""


def _is_page(content_type: str, url: str) -> bool:
    return content_type.startswith(PAGE) and not urlsplit(url).path.lower().endswith((".html", ".htm"))
