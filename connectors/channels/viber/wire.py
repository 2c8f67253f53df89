"""A payload as the body of Viber's `send_message`. What a message cannot hold is refused rather than left out."""

from typing import Any, Final

from connectors.channels.viber.capability import LARGEST
from connectors.channels.viber.config import Config
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import MediaKind, MediaPart

PICTURES: Final = frozenset({"image/jpeg", "image/png"})
VIDEOS: Final = frozenset({"video/mp4"})
LONGEST_NAME: Final = 256
LONGEST_ADDRESS: Final = 2000


def message(outbound: Outbound, config: Config) -> dict[str, Any]:
    """Raises Refused."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.actions or payload.cards:
        raise Refused("a message carries text or a file only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if bool(payload.text) == bool(payload.media) or len(payload.media) > 1:
        raise Refused("a message is a text or one file", code=ErrorCode.CONTENT_UNSUPPORTED)
    sender = {"name": config.sender} | ({"avatar": config.avatar} if config.avatar else {})
    said = _file(outbound, payload.media[0], config) if payload.media else {"type": "text", "text": payload.text}
    return {"receiver": outbound.address.value, "min_api_version": 1, "sender": sender, **said}


def _file(outbound: Outbound, part: MediaPart, config: Config) -> dict[str, Any]:
    file = outbound.files.get(part.attachment_id)
    if file is None or file.url is None or len(file.url) > LONGEST_ADDRESS:
        raise Refused(f"no address to fetch attachment {part.attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
    if file.size > LARGEST:
        raise Refused(f"a file of more than {LARGEST} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    if part.kind is MediaKind.IMAGE and file.media_type in PICTURES and file.size <= config.picture_octets:
        return {"type": "picture", "text": "", "media": file.url}
    if part.kind is MediaKind.VIDEO and file.media_type in VIDEOS and file.size <= config.video_octets:
        return {"type": "video", "media": file.url, "size": file.size}
    return {"type": "file", "media": file.url, "size": file.size, "file_name": _name(file)}


def _name(file: File) -> str:
    """Its end is kept, by which the reader's device opens it."""
    return file.name[-LONGEST_NAME:]
