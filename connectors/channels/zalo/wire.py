"""What a consulting message carries, and reactions.

Source: zalo-sdk 0.3.0, which names developers.zalo.me; developers-zns.goby.vn for pictures; public integrations for
files and for the icons of reactions (read 2026-11).
"""

from collections.abc import Mapping
from typing import Any, Final

from connectors.kit.base import Outbound
from connectors.kit.errors import Refused
from connectors.kit.outbound import File
from normalizer.errors import ErrorCode

PICTURES: Final = frozenset({"image/jpeg", "image/png"})
LARGEST_PICTURE: Final = 1_000_000
DOCUMENTS: Final = frozenset(
    {
        "application/pdf",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)
LARGEST_DOCUMENT: Final = 5_000_000
ICONS: Final[Mapping[str, str]] = {
    "❤️": "/-heart",
    "👍": "/-strong",
    "😂": ":>",
    "😮": ":o",
    "😢": ":-((",
    "😠": ":-h",
}
REMOVED: Final = "/-remove"
EMOJI: Final[Mapping[str, str]] = {icon: emoji for emoji, icon in ICONS.items()}


def file_of(outbound: Outbound) -> File | None:
    """The one file of a message. Raises Refused where a message cannot hold what is to be sent."""
    payload = outbound.payload
    files = [outbound.files[part.attachment_id] for part in payload.media]
    others = payload.location or payload.contact_card or payload.actions
    if others or len(files) > 1 or bool(files) == bool(payload.text):
        raise Refused("a message carries text or one file", code=ErrorCode.CONTENT_UNSUPPORTED)
    return files[0] if files else None


def words(outbound: Outbound) -> dict[str, Any]:
    quoted = {"quote_message_id": outbound.reply_to} if outbound.reply_to else {}
    return {"text": outbound.payload.text, **quoted}


def picture(attachment_id: str) -> dict[str, Any]:
    elements = [{"media_type": "image", "attachment_id": attachment_id}]
    return {"attachment": {"type": "template", "payload": {"template_type": "media", "elements": elements}}}


def document(token: str) -> dict[str, Any]:
    return {"attachment": {"type": "file", "payload": {"token": token}}}


def reaction(emoji: str | None, external_id: str) -> dict[str, Any]:
    """None takes ours back."""
    icon = REMOVED if emoji is None else ICONS.get(emoji) or ICONS.get(f"{emoji}\ufe0f")
    if icon is None:
        raise Refused("Zalo has no such reaction", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {"react_icon": icon, "react_message_id": external_id}
