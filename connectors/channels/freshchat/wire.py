"""A payload as a message of the API. What a message cannot hold is refused rather than left out."""

from typing import Any, Final

from connectors.channels.freshchat.config import Config
from connectors.kit.base import Outbound
from connectors.kit.errors import Misconfigured, Refused
from normalizer.errors import ErrorCode
from normalizer.parts import MediaPart

AGENT: Final = "agent"


def message(outbound: Outbound, config: Config) -> dict[str, Any]:
    """Raises Refused."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.actions or payload.cards:
        raise Refused("a message carries text and pictures only", code=ErrorCode.CONTENT_UNSUPPORTED)
    texts = [{"text": {"content": payload.text}}] if payload.text else []
    parts = [*texts, *({"image": {"url": _address(outbound, part)}} for part in payload.media)]
    if not parts:
        raise Refused("a message without content", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {"message_parts": parts, "message_type": "normal", "actor_type": AGENT, "actor_id": config.agent_id}


def conversation(outbound: Outbound, config: Config) -> dict[str, Any]:
    """A conversation that begins with the message. Raises Refused, Misconfigured."""
    if config.channel_id is None:
        raise Misconfigured("no `channel_id` is set in which a conversation could begin", code=ErrorCode.MISCONFIGURED)
    users = [{"id": outbound.address.value}]
    return {"channel_id": config.channel_id, "users": users, "messages": [message(outbound, config)]}


def _address(outbound: Outbound, part: MediaPart) -> str:
    file = outbound.files.get(part.attachment_id)
    if file is None or file.url is None:
        raise Refused(f"no address to fetch attachment {part.attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
    return file.url
