"""A payload as the body of `message/custom/send`. What a message cannot hold is refused rather than left out."""

from typing import Any

from connectors.channels.wechat.capability import LARGEST, UPLOADS
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode


def file_of(outbound: Outbound) -> tuple[str, File] | None:
    """The file that has to be with WeChat first, and as what; None for a text. Raises Refused."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.actions or payload.cards:
        raise Refused("a message carries text or a file only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if bool(payload.text) == bool(payload.media) or len(payload.media) > 1:
        raise Refused("a message is a text or one file", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.media:
        return None
    name = payload.media[0].attachment_id
    file = outbound.files.get(name)
    if file is None:
        raise Refused(f"attachment {name} is not there", code=ErrorCode.MEDIA_UNREACHABLE)
    kind = UPLOADS.get(file.media_type)
    if kind is None:
        raise Refused(f"a file of type {file.media_type}", code=ErrorCode.MEDIA_UNSUPPORTED)
    if file.size > LARGEST[kind]:
        raise Refused(f"a file of more than {LARGEST[kind]} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    return kind, file


def text(outbound: Outbound) -> dict[str, Any]:
    return {"touser": outbound.address.value, "msgtype": "text", "text": {"content": outbound.payload.text}}


def media(outbound: Outbound, kind: str, media_id: str) -> dict[str, Any]:
    return {"touser": outbound.address.value, "msgtype": kind, kind: {"media_id": media_id}}
