"""A payload as the body of `POST /v1/messages`. What a message cannot hold is refused rather than left out."""

from typing import Any, Final
from urllib.parse import quote

from connectors.channels.vonage.channels import CHANNELS, Channel
from connectors.channels.vonage.config import Config
from connectors.channels.vonage.people import NUMBER, recipient
from connectors.kit.base import File, Outbound, OutboundReaction
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import Action, CallAction, LinkAction, LocationPart, MediaPart, ReplyAction, ShareLocationAction

READ: Final = {"status": "read", "replying_indicator": {"show": True, "type": "text"}}
"""Of a message of theirs: it was read, and somebody writes."""
LONGEST_REFERENCE: Final = 100


def message(outbound: Outbound, config: Config, webhook: str, template: dict[str, Any] | None = None) -> dict[str, Any]:
    """`template` is what is sent of one, where the payload is one. Raises Refused, Unreachable."""
    channel = CHANNELS[config.channel]
    content = _content(outbound, config, channel) if template is None else _custom("template", template)
    body = {**content, **_ends(outbound, config)}
    if outbound.reply_to is not None and outbound.payload.quotes and channel.capability.replies:
        body["context"] = {"message_uuid": outbound.reply_to}
    if len(outbound.token) <= LONGEST_REFERENCE:
        body["client_ref"] = outbound.token
    if channel.lasts and config.lasts_seconds is not None:
        body["ttl"] = config.lasts_seconds
    if webhook:
        body |= {"webhook_url": webhook, "webhook_version": "v1"}
    return body


def reaction(outbound: OutboundReaction, config: Config) -> dict[str, Any]:
    """Source: the class `WhatsappReactionRequest` of Vonage's Java SDK (read 2026-11). Raises Refused, Unreachable."""
    if config.channel != "whatsapp":
        raise Refused("reactions are WhatsApp's alone", code=ErrorCode.CONTENT_UNSUPPORTED)
    told = {"action": "react", "emoji": outbound.reaction} if outbound.reaction else {"action": "unreact"}
    ends = {"to": recipient(outbound.address, config.channel), "from": config.sender, "channel": config.channel}
    context = {"message_uuid": outbound.external_id}
    return {"message_type": "reaction", "reaction": told, **ends, "context": context}


def _ends(outbound: Outbound, config: Config) -> dict[str, str]:
    return {
        "to": recipient(outbound.address, config.channel),
        "from": config.sender,
        "channel": config.channel,
    }


def _content(outbound: Outbound, config: Config, channel: Channel) -> dict[str, Any]:
    payload = outbound.payload
    if payload.contact_card is not None or payload.cards:
        raise Refused("neither contact cards nor cards", code=ErrorCode.CONTENT_UNSUPPORTED)
    if payload.location is not None:
        return _place(payload.location, channel)
    if payload.media:
        if len(payload.media) > 1 or payload.actions:
            raise Refused("a message carries one file, and no buttons with it", code=ErrorCode.CONTENT_UNSUPPORTED)
        return _file(outbound, payload.media[0], config, channel)
    if not payload.text:
        raise Refused("a message without content", code=ErrorCode.CONTENT_UNSUPPORTED)
    if payload.actions:
        return _choices(payload.text, payload.actions, config.channel)
    return {"message_type": "text", "text": payload.text}


def _custom(kind: str, told: dict[str, Any]) -> dict[str, Any]:
    """As Meta words it, which Vonage passes on."""
    return {"message_type": "custom", "custom": {"type": kind, kind: told}}


def _place(place: LocationPart, channel: Channel) -> dict[str, Any]:
    if not channel.capability.location:
        raise Refused("no places on this channel", code=ErrorCode.CONTENT_UNSUPPORTED)
    told: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    told |= {name: text for name, text in (("name", place.name), ("address", place.address)) if text}
    return _custom("location", told)


def _file(outbound: Outbound, part: MediaPart, config: Config, channel: Channel) -> dict[str, Any]:
    file: File | None = outbound.files.get(part.attachment_id)
    limit, kind = channel.capability.media, channel.types.get(part.kind)
    if limit is None or kind is None:
        raise Refused("no such files on this channel", code=ErrorCode.MEDIA_UNSUPPORTED)
    if file is None or file.url is None:
        raise Refused(f"no address to fetch attachment {part.attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
    most = config.media_octets or limit.octets(file.media_type)
    if file.size > most:
        raise Refused(f"{file.media_type} of more than {most} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    if outbound.payload.text and limit.caption is None:
        raise Refused("a file has no words of its own", code=ErrorCode.CONTENT_UNSUPPORTED)
    told = {"url": file.url} | ({"caption": outbound.payload.text} if outbound.payload.text else {})
    if kind == "file" and channel.longest_name:
        told["name"] = file.name[-channel.longest_name :]  # its end is kept, by which the reader's device opens it
    return {"message_type": kind, kind: told}


def _choices(text: str, actions: tuple[Action, ...], channel: str) -> dict[str, Any]:
    if channel == "rcs":
        return {"message_type": "text", "text": text, "suggestions": [_suggestion(action) for action in actions]}
    if channel != "whatsapp":
        raise Refused("no buttons on this channel", code=ErrorCode.CONTENT_UNSUPPORTED)
    buttons = [{"type": "reply", "reply": {"id": _value(action), "title": action.label}} for action in actions]
    told = {"type": "button", "body": {"text": text}, "action": {"buttons": buttons}}
    return _custom("interactive", told)


def _value(action: Action) -> str:
    if not isinstance(action, ReplyAction):
        raise Refused("buttons that answer, and no others", code=ErrorCode.CONTENT_UNSUPPORTED)
    return action.value or action.label


def _suggestion(action: Action) -> dict[str, str]:
    match action:
        case ReplyAction():
            return {"type": "reply", "text": action.label, "postback_data": action.value or action.label}
        case LinkAction():
            url = {"url": quote(action.url, safe="%/:?#[]@!$&'()*+,;=~"), "description": action.label}
            return {"type": "open_url", "text": action.label, "postback_data": action.label, **url}
        case CallAction() if NUMBER.fullmatch(action.number):
            number = action.number.removeprefix("+")
            return {"type": "dial", "text": action.label, "postback_data": action.label, "phone_number": number}
        case ShareLocationAction():
            return {"type": "share_location", "text": action.label, "postback_data": action.label}
    raise Refused("a button that RCS has not", code=ErrorCode.CONTENT_UNSUPPORTED)
