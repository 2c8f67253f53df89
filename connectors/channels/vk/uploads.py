"""Files on their way to VK: a place is asked for, the octets are put there, and what came of them is saved.

Source: dev.vk.com/en/api/upload/photo-in-message, /document-in-message (read 2026-11).
"""

from collections.abc import Mapping
from typing import Final

from connectors.channels.vk.answers import DOCUMENT, FILE, PHOTO, PHOTOS, PLACE, Saved
from connectors.channels.vk.api import Api
from connectors.kit.base import File
from connectors.kit.errors import Temporary
from normalizer.errors import ErrorCode

TYPES: Final[Mapping[str, str]] = {"doc": "doc", "voice": "audio_message"}


async def uploaded(api: Api, kind: str, file: File, peer: str) -> str:
    """The file as the field `attachment` names it. Raises Temporary, Refused, Misconfigured."""
    if kind == "photo":
        place = await api.call("photos.getMessagesUploadServer", {"peer_id": peer}, PLACE)
        put = await api.upload(place.upload_url, "photo", file, PHOTO)
        fields: dict[str, str | int] = {"server": put.server, "photo": put.photo, "hash": put.hash}
        (photo, *_) = await api.call("photos.saveMessagesPhoto", fields, PHOTOS)
        return _named("photo", photo)
    place = await api.call("docs.getMessagesUploadServer", {"type": TYPES[kind], "peer_id": peer}, PLACE)
    taken = await api.upload(place.upload_url, "file", file, FILE)
    saved = await api.call("docs.save", {"file": taken.file, "title": file.name}, DOCUMENT)
    if saved.audio_message is not None:
        return _named("audio_message", saved.audio_message)
    if saved.doc is None:
        raise Temporary("an answer that names no file", code=ErrorCode.PROVIDER_DOWN)
    return _named("doc", saved.doc)


def _named(kind: str, saved: Saved) -> str:
    key = f"_{saved.access_key}" if saved.access_key else ""
    return f"{kind}{saved.owner_id}_{saved.id}{key}"
