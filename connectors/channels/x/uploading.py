"""Files of ours on their way to X: pictures in one request, videos and moving pictures in pieces.

X works on what came in pieces before it can be sent. Nobody waits for that here: the message is put off, and by its
next attempt X is asked how far it is. What is uploaded is remembered by the process alone: another uploads it again,
and what nobody attached X forgets. Source: docs.x.com/x-api/media (limits), docs.x.com/x-api/media/quickstart/
media-upload-chunked, and the client X makes of its own description (`xdk` 0.10.6: paths, fields) (read 2026-11).
"""

import asyncio
from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO, Final, NamedTuple

import aiohttp
import msgspec

from connectors.channels.x.api import Api
from connectors.kit.base import File
from connectors.kit.errors import OptedOut, Refused, Temporary, Unreachable
from normalizer.errors import ErrorCode

PIECE: Final = 4 << 20
"""Octets; X takes five million in one request."""
MOST_REMEMBERED: Final = 1000


class Kind(NamedTuple):
    category: str
    largest: int
    """Octets."""
    whole: bool = False
    """In one request, and ready at once."""


PICTURE: Final = Kind("dm_image", 5_000_000, whole=True)
VIDEO: Final = Kind("dm_video", 512_000_000)
KINDS: Final[Mapping[str, Kind]] = {
    "image/jpeg": PICTURE,
    "image/png": PICTURE,
    "image/webp": PICTURE,
    "image/gif": Kind("dm_gif", 15_000_000),
    "video/mp4": VIDEO,
    "video/quicktime": VIDEO,
}
"""By media type."""


class Trouble(msgspec.Struct, frozen=True):
    name: str = ""
    message: str = ""


class Processing(msgspec.Struct, frozen=True):
    state: str = ""
    error: Trouble | None = None


class Media(msgspec.Struct, frozen=True):
    id: str
    processing_info: Processing | None = None
    """None: it is ready."""


class Told(msgspec.Struct, frozen=True):
    data: Media


TOLD: Final = msgspec.json.Decoder(Told)
READY: Final = "succeeded"
FAILED: Final = "failed"


class Uploads:
    """Of one connector."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._begun: dict[str, str] = {}
        """By the token of the message that waits for it."""

    async def ready(self, token: str, file: File) -> str:
        """The name of the file at X, which may be attached now. Raises Temporary while X works on it, Refused."""
        kind = KINDS[file.media_type]
        if kind.whole:
            return await self._whole(file, kind)
        name = self._begun.get(token)
        if name is None:
            media = await self._in_pieces(file, kind)
            if len(self._begun) >= MOST_REMEMBERED:
                del self._begun[next(iter(self._begun))]
            self._begun[token] = media.id
        else:
            media = await self._asked_after(token, name)
        return self._judged(token, media)

    def done(self, token: str) -> None:
        """The message is not put off any more."""
        self._begun.pop(token, None)

    async def _asked_after(self, token: str, name: str) -> Media:
        try:
            return (await self._api.look(f"/2/media/upload?command=STATUS&media_id={name}", TOLD)).data
        except (Refused, OptedOut, Unreachable) as error:
            self.done(token)
            said = error.detail
        raise Temporary(f"X knows nothing of the file any more; it is uploaded again: {said}", alone=True)

    def _judged(self, token: str, media: Media) -> str:
        processing = media.processing_info
        if processing is None or processing.state == READY:
            return media.id
        if processing.state != FAILED:
            raise Temporary("X still works on the file", alone=True)
        self.done(token)
        said = processing.error.message or processing.error.name if processing.error is not None else ""
        raise Refused(f"X cannot use the file: {said[:300] or 'it says no more'}", code=ErrorCode.MEDIA_UNSUPPORTED)

    async def _whole(self, file: File, kind: Kind) -> str:
        with opened(file) as handle:
            form = aiohttp.FormData()
            form.add_field("media_category", kind.category)
            form.add_field("media", handle, filename=file.name, content_type=file.media_type)
            return (await self._api.upload("/2/media/upload", form, TOLD)).data.id

    async def _in_pieces(self, file: File, kind: Kind) -> Media:
        said = {"media_type": file.media_type, "total_bytes": file.size, "media_category": kind.category}
        name = (await self._api.prepare("/2/media/upload/initialize", said, TOLD)).data.id
        with opened(file) as handle:
            number = 0
            while piece := await asyncio.to_thread(handle.read, PIECE):
                form = aiohttp.FormData()
                form.add_field("segment_index", str(number))
                form.add_field("media", BytesIO(piece), filename="piece", content_type="application/octet-stream")
                await self._api.append(f"/2/media/upload/{name}/append", form)
                number += 1
        return (await self._api.prepare(f"/2/media/upload/{name}/finalize", None, TOLD)).data


def opened(file: File) -> BinaryIO:
    """Raises Refused."""
    try:
        return file.path.open("rb")
    except OSError as error:
        detail = f"the stored file cannot be read: {error.strerror}"
        raise Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
