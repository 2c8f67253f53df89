"""A payload as a direct message: a text, a file, or both. What it cannot hold is refused rather than left out.

Source: docs.x.com/x-api/direct-messages/manage/integrate and docs.x.com/x-api/media (read 2026-11).
"""

import re
from typing import Final

import msgspec

from connectors.channels.x.api import Api
from connectors.channels.x.uploading import KINDS, Uploads
from connectors.kit.base import File, Outbound
from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

PERSON: Final = re.compile(r"[0-9]{1,20}", re.ASCII)


class Made(msgspec.Struct, frozen=True):
    dm_event_id: str


class Sent(msgspec.Struct, frozen=True):
    data: Made


SENT: Final = msgspec.json.Decoder(Sent)


async def send(api: Api, uploads: Uploads, outbound: Outbound) -> str:
    """The message's name. Raises the sending errors."""
    person = outbound.address.value
    if not PERSON.fullmatch(person):
        raise Unreachable("not the number of an account", code=ErrorCode.INVALID_ADDRESS)
    file = _file(outbound)
    body: dict[str, object] = {"text": outbound.payload.text} if outbound.payload.text else {}
    if file is not None:
        body["attachments"] = [{"media_id": await uploads.ready(outbound.token, file)}]
    try:
        answer = await api.send(f"/2/dm_conversations/with/{person}/messages", body)
    except Temporary:
        raise  # what was uploaded goes with the next attempt
    except BaseException:
        uploads.done(outbound.token)
        raise
    uploads.done(outbound.token)
    try:
        return decode(answer.body, SENT).data.dm_event_id
    except BadPayload as error:
        unread = f"an answer that names no message: {error.detail}"
        raise OutcomeUnknown(unread, code=ErrorCode.PROVIDER_DOWN) from None


def _file(outbound: Outbound) -> File | None:
    """Raises Refused."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.actions or payload.cards:
        raise Refused("a message carries text and a file only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.media:
        if not payload.text:
            raise Refused("a message without content", code=ErrorCode.CONTENT_UNSUPPORTED)
        return None
    if len(payload.media) > 1:
        raise Refused("more than one file", code=ErrorCode.MEDIA_UNSUPPORTED)
    file = outbound.files.get(payload.media[0].attachment_id)
    if file is None:
        raise Refused("the file is not here", code=ErrorCode.MEDIA_UNREACHABLE)
    kind = KINDS.get(file.media_type)
    if kind is None:
        raise Refused(f"no such files on X: {file.media_type}", code=ErrorCode.MEDIA_UNSUPPORTED)
    if file.size > kind.largest:
        raise Refused(f"a file of more than {kind.largest} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    return file
