"""WeChat's API over the hub's HTTP client. Every call carries the access token in its address.

A call whose token does not count any longer was not performed: it is made once more with another one. Source:
developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html,
.../Asset_Management/Get_temporary_materials.html (read 2026-11).
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import msgspec

from connectors.channels.wechat.config import Config
from connectors.channels.wechat.refusals import STALE, Told, refusal, told
from connectors.families.access import Access
from connectors.kit.base import File
from connectors.kit.errors import Refused, Temporary
from connectors.kit.http import Answer, Http, Stream
from normalizer.errors import ErrorCode

WORDS: Final = ("application/json", "text/plain")
"""Media types of an answer that is no file."""
LONGEST: Final = 64 << 10
"""Octets of such an answer."""


class Api:
    """One account's access. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, http: Http, config: Config, access: Access) -> None:
        self._http = http
        self._config = config
        self._access = access

    def __repr__(self) -> str:
        return "Api(***)"

    async def post(self, path: str, body: Mapping[str, Any], *, reads: bool = False) -> Told:
        """`reads`: it does no harm to do it twice."""
        for _ in range(2):
            token = await self._access.token()
            headers = {"content-type": "application/json"}
            encoded = msgspec.json.encode(body)  # UTF-8: WeChat shows escapes as they are
            found = await self._call("POST", self._url(path, token), headers=headers, body=encoded, reads=reads)
            if found.errcode not in STALE:
                return found
            self._access.forget(token)
        raise refusal(found, self._config)

    async def get(self, path: str) -> Told:
        for _ in range(2):
            token = await self._access.token()
            found = await self._call("GET", self._url(path, token), reads=True)
            if found.errcode not in STALE:
                return found
            self._access.forget(token)
        raise refusal(found, self._config)

    async def upload(self, kind: str, file: File) -> str:
        """The name under which WeChat keeps a file for three days; nobody sees it yet. Raises Temporary, Refused."""
        for _ in range(2):
            token = await self._access.token()
            url = self._url("/cgi-bin/media/upload", token, type=kind)
            try:
                with file.path.open("rb") as octets:
                    form = aiohttp.FormData()
                    form.add_field("media", octets, filename=file.name, content_type=file.media_type)
                    found = await self._call("POST", url, body=form, reads=True)
            except OSError as error:
                detail = f"the stored file cannot be read: {error.strerror}"
                raise Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
            if found.errcode not in STALE:
                return _named(found)
            self._access.forget(token)
        raise refusal(found, self._config)

    async def file(self, media_id: str) -> AsyncIterator[bytes]:
        """A file's octets; those of a video lie elsewhere. Raises Temporary, Refused, Misconfigured."""
        for _ in range(2):
            token = await self._access.token()
            url = self._url("/cgi-bin/media/get", token, media_id=media_id)
            async with self._http.stream("GET", url, most=self._config.download_octets) as stream:
                if stream.status == 200 and not _is_words(stream):
                    async for chunk in stream.chunks:
                        yield chunk
                    return
                found = told(Answer(stream.status, stream.headers, await _whole(stream)), self._config, reads=True)
            if found.video_url:
                async for chunk in self._elsewhere(found.video_url):
                    yield chunk
                return
            if found.errcode not in STALE:
                raise Temporary("an answer without a file", code=ErrorCode.MEDIA_UNREACHABLE)
            self._access.forget(token)
        raise refusal(found, self._config)

    async def _elsewhere(self, url: str) -> AsyncIterator[bytes]:
        async with self._http.stream("GET", url, most=self._config.download_octets) as stream:
            if stream.status in (403, 404, 410):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != 200:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk

    async def _call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | aiohttp.FormData | None = None,
        reads: bool,
    ) -> Told:
        answer = await self._http.request(
            method, url, headers=headers, body=body, seconds=self._config.send_seconds, reads=reads
        )
        return told(answer, self._config, reads=reads)

    def _url(self, path: str, token: str, **more: str) -> str:
        query = "".join(f"&{name}={quote(value, safe='')}" for name, value in more.items())
        return f"{self._config.api_base.rstrip('/')}{path}?access_token={quote(token, safe='')}{query}"


def _is_words(stream: Stream) -> bool:
    return stream.headers.get("content-type", "").partition(";")[0].strip().lower() in WORDS


async def _whole(stream: Stream) -> bytes:
    got = bytearray()
    async for chunk in stream.chunks:
        got += chunk
        if len(got) > LONGEST:
            raise Temporary("a long answer instead of a file", code=ErrorCode.MEDIA_UNREACHABLE)
    return bytes(got)


def _named(found: Told) -> str:
    if not found.media_id:
        raise Temporary("an answer that names no file", code=ErrorCode.PROVIDER_DOWN)
    return found.media_id
