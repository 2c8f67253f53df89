"""JioChat's API over the hub's HTTP client. Every call carries the access token in a header.

A call whose token does not count any longer was not performed: it is made once more with another one. Source:
github.com/nyaruka/courier, handlers/jiochat/jiochat.go; github.com/rapidpro/rapidpro,
temba/channels/types/jiochat/client.py (read 2026-11).
"""

from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import msgspec

from connectors.channels.jiochat.config import Config
from connectors.families.access import Access
from connectors.kit.base import Fetched
from connectors.kit.errors import OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer, Http
from connectors.kit.refusing import by_status
from normalizer.errors import ErrorCode

SEND: Final = "/custom/custom_send.action"
FILE: Final = "/media/download.action"
STALE: Final = HTTPStatus.UNAUTHORIZED
"""The access token is not the one that counts (RFC 6750, section 3.1): another one is fetched, once."""
GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
WORDS: Final = ("application/json", "text/html", "text/plain")
"""Media types of an answer that is no file."""


class Api:
    """One channel's access. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, http: Http, config: Config, access: Access) -> None:
        self._http = http
        self._config = config
        self._access = access

    def __repr__(self) -> str:
        return "Api(***)"

    async def say(self, to: str, text: str) -> None:
        """Any success will do: what its body says is published nowhere."""
        asked = {"msgtype": "text", "touser": to, "text": {"content": text}}
        answer = await self._post(msgspec.json.encode(asked))
        if not 200 <= answer.status < 300:
            raise by_status(answer, self._config.rate_pause, OutcomeUnknown)

    async def _post(self, body: bytes) -> Answer:
        for last in (False, True):
            token = await self._access.token()
            answer = await self._http.request(
                "POST",
                self._url(SEND),
                headers={"content-type": "application/json", "accept": "application/json", **_bearer(token)},
                body=body,
                seconds=self._config.send_seconds,
            )
            if answer.status != STALE:
                break
            self._access.forget(token)
            if last:
                break
        return answer

    async def file(self, media_id: str) -> Fetched:
        """Raises Temporary, Refused, Misconfigured."""
        chunks = self._chunks(media_id)
        # What is read first is the media type: by then the connection is open, and is closed with the chunks.
        media_type = (await anext(chunks)).decode("latin-1")
        return Fetched(chunks, media_type=media_type or None)

    async def _chunks(self, media_id: str) -> AsyncGenerator[bytes, None]:
        for last in (False, True):
            token = await self._access.token()
            url = f"{self._url(FILE)}?media_id={quote(media_id, safe='')}"
            most = self._config.download_octets
            async with self._http.stream("GET", url, headers=_bearer(token), most=most) as stream:
                if stream.status == HTTPStatus.OK:
                    media_type = stream.headers.get("content-type", "").partition(";")[0].strip().lower()
                    if media_type in WORDS:
                        raise Temporary("an answer without a file", code=ErrorCode.MEDIA_UNREACHABLE)
                    yield media_type.encode("latin-1", "replace")
                    async for chunk in stream.chunks:
                        yield chunk
                    return
                if stream.status in GONE:
                    code = str(stream.status)
                    raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=code)
                if stream.status != STALE or last:
                    raise by_status(Answer(stream.status, stream.headers, b""), self._config.rate_pause, Temporary)
            self._access.forget(token)

    def _url(self, path: str) -> str:
        return f"{self._config.api_base.rstrip('/')}{path}"


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
