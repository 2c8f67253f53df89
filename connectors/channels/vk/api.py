"""VK's API over the hub's HTTP client. Source: dev.vk.com/en/api/api-requests, /api/upload (read 2026-11)."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec

from connectors.channels.vk.config import Config
from connectors.channels.vk.refusals import told
from connectors.kit.base import File
from connectors.kit.errors import BadPayload, Refused, Temporary
from connectors.kit.http import Http
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

T = TypeVar("T")
VERSION: Final = "5.199"


class Api:
    """One community's access. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, http: Http, config: Config) -> None:
        self._http = http
        self._config = config

    def __repr__(self) -> str:
        return "Api(***)"

    async def call(
        self, method: str, arguments: Mapping[str, str | int], kind: msgspec.json.Decoder[T], *, reads: bool = True
    ) -> T:
        """`reads`: it does no harm to do it twice."""
        fields = {**arguments, "access_token": self._config.access_token.reveal(), "v": VERSION}
        answer = await self._http.request(
            "POST",
            f"{self._config.api_base.rstrip('/')}/method/{method}",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(fields).encode(),
            seconds=self._config.send_seconds,
            reads=reads,
        )
        return told(answer, kind, self._config, reads=reads)

    async def upload(self, url: str, field: str, file: File, kind: msgspec.json.Decoder[T]) -> T:
        """Hands over a file's octets, which nobody sees yet. Raises Temporary, Refused."""
        try:
            with file.path.open("rb") as octets:
                form = aiohttp.FormData()
                form.add_field(field, octets, filename=file.name, content_type=file.media_type)
                seconds = self._config.upload_seconds
                answer = await self._http.request("POST", url, body=form, seconds=seconds, reads=True)
        except OSError as error:
            detail = f"the stored file cannot be read: {error.strerror}"
            raise Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
        if answer.status != 200:
            raise by_status(answer, self._config.rate_pause, Temporary)
        try:
            return decode(answer.body, kind)
        except BadPayload:
            # What is wrong with a file is told in words that differ from place to place.
            raise Refused("VK did not take the file", code=ErrorCode.MEDIA_UNSUPPORTED) from None

    async def file(self, url: str) -> AsyncIterator[bytes]:
        """A file's octets, from an address that lasts for a while and wants no token. Raises Temporary, Refused."""
        async with self._http.stream("GET", url, most=self._config.download_octets) as stream:
            if stream.status in (403, 404, 410):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != 200:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk
