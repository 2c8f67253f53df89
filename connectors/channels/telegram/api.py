"""The Bot API over the hub's HTTP client. The token stands in every URL, so no URL leaves this module.

Source: core.telegram.org/bots/api#making-requests (read 2026-11).
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from connectors.channels.telegram.refusals import refusal
from connectors.kit.errors import BadPayload, Refused, Temporary
from connectors.kit.http import Http
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode

T = TypeVar("T")
JSON = {"content-type": "application/json"}


class Api:
    """One bot's access. Raises the sending errors of `connectors.kit.errors`, and nothing that holds the token."""

    def __init__(self, http: Http, base: str, token: Secret) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._token = token

    async def ask(
        self,
        method: str,
        arguments: Mapping[str, Any],
        kind: msgspec.json.Decoder[T],
        *,
        seconds: float,
        most: int = 1 << 20,
    ) -> tuple[T, bytes]:
        """Calls what may be repeated without harm; the answer read as `kind`, and its bytes.

        Raises Temporary, Misconfigured, Refused.
        """
        url = f"{self._base}/bot{self._token.reveal()}/{method}"
        body = msgspec.json.encode(arguments)
        answer = await self._http.request("POST", url, headers=JSON, body=body, seconds=seconds, most=most, reads=True)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, reads=True)
        try:
            return decode(answer.body, kind), answer.body
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def send(self, url: str, body: bytes | aiohttp.FormData, *, seconds: float) -> bytes:
        """One request that must not be repeated blindly; the whole answer of a success."""
        headers = JSON if isinstance(body, bytes) else None
        answer = await self._http.request("POST", url, headers=headers, body=body, seconds=seconds)
        if answer.status != 200:
            raise refusal(answer.status, answer.body)
        return answer.body

    async def file(self, path: str, most: int) -> AsyncIterator[bytes]:
        """The octets of a file by its `file_path`, at most `most`. Raises Temporary, Refused, Misconfigured."""
        url = f"{self._base}/file/bot{self._token.reveal()}/{quote(path)}"
        async with self._http.stream("GET", url, most=most) as stream:
            if stream.status == 404:
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code="404")
            if stream.status != 200:
                raise refusal(stream.status, b"", reads=True)
            async for chunk in stream.chunks:
                yield chunk
