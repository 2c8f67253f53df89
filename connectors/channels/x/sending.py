"""A payload as a direct message: a text, a picture, or both. What it cannot hold is refused rather than left out.

Source: docs.x.com/x-api/direct-messages/manage/integrate and docs.x.com/x-api/media (read 2026-11).
"""

import re
from contextlib import ExitStack
from typing import Final

import aiohttp
import msgspec

from connectors.channels.x.api import Api
from connectors.channels.x.capability import LARGEST
from connectors.kit.base import File, Outbound
from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused, Unreachable
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

PERSON: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})


class Made(msgspec.Struct, frozen=True):
    dm_event_id: str


class Sent(msgspec.Struct, frozen=True):
    data: Made


class Named(msgspec.Struct, frozen=True):
    id: str


class Uploaded(msgspec.Struct, frozen=True):
    data: Named


SENT: Final = msgspec.json.Decoder(Sent)
UPLOADED: Final = msgspec.json.Decoder(Uploaded)


async def send(api: Api, outbound: Outbound) -> str:
    """The message's name. Raises the sending errors."""
    person = outbound.address.value
    if not PERSON.fullmatch(person):
        raise Unreachable("not the number of an account", code=ErrorCode.INVALID_ADDRESS)
    picture = _picture(outbound)
    body: dict[str, object] = {"text": outbound.payload.text} if outbound.payload.text else {}
    if picture is not None:
        body["attachments"] = [{"media_id": await _upload(api, picture)}]
    answer = await api.send(f"/2/dm_conversations/with/{person}/messages", body)
    try:
        return decode(answer.body, SENT).data.dm_event_id
    except BadPayload as error:
        unread = f"an answer that names no message: {error.detail}"
        raise OutcomeUnknown(unread, code=ErrorCode.PROVIDER_DOWN) from None


def _picture(outbound: Outbound) -> File | None:
    """Raises Refused."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.actions or payload.cards:
        raise Refused("a message carries text and a picture only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.media:
        if not payload.text:
            raise Refused("a message without content", code=ErrorCode.CONTENT_UNSUPPORTED)
        return None
    if len(payload.media) > 1:
        raise Refused("more than one picture", code=ErrorCode.MEDIA_UNSUPPORTED)
    file = outbound.files.get(payload.media[0].attachment_id)
    if file is None:
        raise Refused("the picture is not here", code=ErrorCode.MEDIA_UNREACHABLE)
    if file.media_type not in PICTURES:
        raise Refused(f"no such pictures on X: {file.media_type}", code=ErrorCode.MEDIA_UNSUPPORTED)
    if file.size > LARGEST:
        raise Refused(f"a picture of more than {LARGEST} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    return file


async def _upload(api: Api, file: File) -> str:
    with ExitStack() as opened:
        try:
            handle = opened.enter_context(file.path.open("rb"))
        except OSError as error:
            detail = f"the stored file cannot be read: {error.strerror}"
            raise Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
        form = aiohttp.FormData()
        form.add_field("media_category", "dm_image")
        form.add_field("media", handle, filename=file.name, content_type=file.media_type)
        return (await api.upload("/2/media/upload", form, UPLOADED)).data.id
