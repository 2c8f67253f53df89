"""A payload as the fields of `messages/reply`. What a message cannot hold is refused rather than left out.

Source: open.weibo.com/wiki/Send_Customer_Service_Message (read 2026-11).
"""

from collections.abc import Mapping

import msgspec

from connectors.kit.base import Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode


def message(outbound: Outbound, *, save: bool) -> dict[str, str]:
    """Raises Refused."""
    payload = outbound.payload
    if payload.media or payload.contact_card is not None or payload.actions or payload.cards:
        raise Refused("a message carries text or a place only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if bool(payload.text) == (payload.location is not None):
        raise Refused("a message is a text or a place", code=ErrorCode.CONTENT_UNSUPPORTED)
    if payload.location is None:
        return _fields(outbound, "text", {"text": payload.text}, save)
    at = payload.location
    return _fields(outbound, "position", {"longitude": str(at.longitude), "latitude": str(at.latitude)}, save)


def _fields(outbound: Outbound, kind: str, data: Mapping[str, str], save: bool) -> dict[str, str]:
    return {
        "type": kind,
        "data": msgspec.json.encode(data).decode(),
        "receiver_id": outbound.address.value,
        "save_sender_box": "1" if save else "0",
    }
