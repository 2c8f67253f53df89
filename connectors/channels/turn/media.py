"""Files by Turn.io's media endpoint: what leaves is brought there first, what came is had by its id."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec

from connectors.families.meta.failure import Table, failure
from connectors.families.meta.graph import DONE, Limits
from connectors.families.meta.whatsapp.files import MEDIA
from connectors.kit.errors import BadPayload, Refused, Temporary
from connectors.kit.http import Http
from connectors.kit.outbound import File
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode

ID: Final = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
GONE: Final = frozenset({404, 410})


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _Brought(msgspec.Struct, frozen=True, kw_only=True):
    media: Annotated[list[_Named], msgspec.Meta(min_length=1)]


BROUGHT: Final = msgspec.json.Decoder(_Brought)


class Shelf:
    """One number's files."""

    def __init__(self, http: Http, base: str, token: Secret, table: Table, limits: Limits) -> None:
        self._http, self._base, self._token = http, f"{base.rstrip('/')}/v1/media", token
        self._table, self._limits = table, limits

    def __repr__(self) -> str:
        return "Shelf(***)"

    async def bring(self, file: File) -> str:
        """The id of a file that may now be sent. It changes nothing for the reader, so it may be repeated. Raises
        Temporary, Refused, Misconfigured."""
        answer = await self._http.request(
            "POST",
            self._base,
            headers={**self._headers, "content-type": file.media_type},
            body=await asyncio.to_thread(file.path.read_bytes),
            seconds=self._limits.seconds,
            reads=True,
        )
        if answer.status not in DONE:
            raise failure(answer, self._table, self._limits.pause, reads=True)
        try:
            return decode(answer.body, BROUGHT).media[0].id
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def octets(self, source: str, most: int) -> AsyncIterator[bytes]:
        """A file that came. Raises Refused for one that is gone or too large, Temporary."""
        async with self._http.stream("GET", self._address(source), headers=self._headers, most=most) as stream:
            if stream.status != 200:
                kind = Refused if stream.status in GONE else Temporary
                detail = f"the file is not to be had: HTTP status {stream.status}"
                raise kind(detail, code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk

    def _address(self, source: str) -> str:
        number = source.removeprefix(MEDIA)
        if not source.startswith(MEDIA) or not ID.fullmatch(number):
            raise Refused("no file of a message", code=ErrorCode.MEDIA_UNREACHABLE)
        return f"{self._base}/{number}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token.reveal()}"}
