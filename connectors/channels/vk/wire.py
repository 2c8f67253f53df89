"""A payload as the fields of `messages.send`. What a message cannot hold is refused rather than left out."""

import re
from hashlib import sha256
from typing import Final

import msgspec

from connectors.channels.vk.buttons import keyboard
from connectors.channels.vk.capability import ATTACHMENTS, LARGEST, LARGEST_PHOTO, PHOTOS, VOICES
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused, Unreachable
from normalizer.errors import ErrorCode
from normalizer.parts import MediaKind, MediaPart

PEER: Final = re.compile(r"-?[0-9]{1,16}", re.ASCII)
EXTERNAL: Final = re.compile(r"(?P<peer>-?[0-9]{1,16}):(?P<number>[0-9]{1,16})", re.ASCII)

Files = list[tuple[str, File]]
"""Each with what it is sent as: `photo`, `voice` or `doc`."""


def files_of(outbound: Outbound) -> Files:
    """Those that have to be with VK first. Raises Refused."""
    payload = outbound.payload
    if payload.contact_card is not None or payload.cards or len(payload.media) > ATTACHMENTS:
        raise Refused("a message carries text, files, buttons and a place only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.text and not payload.media and payload.location is None:
        raise Refused("a message without words, file or place", code=ErrorCode.CONTENT_UNSUPPORTED)
    return [_file(outbound, part) for part in payload.media]


def message(outbound: Outbound, attachments: list[str]) -> dict[str, str | int]:
    """Raises Refused, Unreachable."""
    payload, peer = outbound.payload, outbound.address.value
    if not PEER.fullmatch(peer):
        raise Unreachable("no number of a person or chat", code=ErrorCode.INVALID_ADDRESS)
    fields: dict[str, str | int] = {"peer_ids": peer, "random_id": random_id(outbound.token)}
    if payload.text:
        fields["message"] = payload.text
    if attachments:
        fields["attachment"] = ",".join(attachments)
    if payload.location is not None:
        fields |= {"lat": str(payload.location.latitude), "long": str(payload.location.longitude)}
    if payload.actions:
        fields["keyboard"] = keyboard(payload.actions)
    quoted = EXTERNAL.fullmatch(outbound.reply_to or "")
    if quoted is not None:
        ids = {"peer_id": int(quoted["peer"]), "conversation_message_ids": [int(quoted["number"])], "is_reply": True}
        fields["forward"] = msgspec.json.encode(ids).decode()
    return fields


def random_id(token: str) -> int:
    """By which VK knows a message again for an hour. Never 0, nor so in its lower half, in case only that counts."""
    digest = sha256(token.encode()).digest()
    return (int.from_bytes(digest[:4], "big") & 0x1FFFFF) << 32 | int.from_bytes(digest[4:8], "big") | 1


def _file(outbound: Outbound, part: MediaPart) -> tuple[str, File]:
    file = outbound.files.get(part.attachment_id)
    if file is None:
        raise Refused(f"attachment {part.attachment_id} is not there", code=ErrorCode.MEDIA_UNREACHABLE)
    photo = part.kind is MediaKind.IMAGE and file.media_type in PHOTOS
    most = LARGEST_PHOTO if photo else LARGEST
    if file.size > most:
        raise Refused(f"a file of more than {most} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    if photo:
        return "photo", file
    return "voice" if part.kind is MediaKind.VOICE and file.media_type in VOICES else "doc", file
