"""A payload as the arguments of Twilio's `messages.create`."""

from typing import Any
from urllib.parse import urlencode

from connectors.channels.twilio_whatsapp.capability import MEDIA
from connectors.channels.twilio_whatsapp.config import Config
from connectors.channels.twilio_whatsapp.people import PREFIX, recipient
from connectors.channels.twilio_whatsapp.templates import Filled
from connectors.families.twilio.fields import TOKEN
from connectors.kit.approved import refused
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import LocationPart


def message(outbound: Outbound, config: Config, webhook: str, template: Filled | None = None) -> dict[str, Any]:
    """`template` is what is sent of one, where the payload is one. Raises Refused, Unreachable."""
    arguments = {
        "to": recipient(outbound.address),
        "from_": PREFIX + config.number,
        "messaging_service_sid": config.messaging_service_sid,
        **(_content(outbound) if template is None else _approved(outbound, template)),
        "status_callback": overridden(f"{webhook}?{urlencode({TOKEN: outbound.token})}", config) if webhook else None,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def _approved(outbound: Outbound, template: Filled) -> dict[str, Any]:
    if outbound.payload.media:
        raise refused("a template at Twilio holds its own file; what is new of its address fills a place of the header")
    return {"content_sid": template.sid, "content_variables": template.variables or None}


def _content(outbound: Outbound) -> dict[str, Any]:
    payload = outbound.payload
    if payload.contact_card is not None or payload.actions or payload.cards or len(payload.media) > 1:
        raise Refused("a message carries a text, a file or a place", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.text and not payload.media and payload.location is None:
        raise Refused("a message without content", code=ErrorCode.CONTENT_UNSUPPORTED)
    place = payload.location
    return {
        "body": payload.text or (_named(place) if place is not None else None),
        "media_url": [_address(outbound, part.attachment_id) for part in payload.media] or None,
        "persistent_action": [_point(place)] if place is not None else None,
    }


def overridden(url: str, config: Config) -> str:
    """The URL with what Twilio shall do when it fails, which it neither sends nor signs.

    Source: twilio.com/docs/usage/webhooks/webhooks-connection-overrides (read 2026-11).
    """
    return f"{url}#rc={config.webhook_retries}&rp=all" if config.webhook_retries else url


def _named(place: LocationPart) -> str:
    return place.name or place.address or f"{place.latitude:.6f}, {place.longitude:.6f}"


def _point(place: LocationPart) -> str:
    label = place.address or place.name
    return f"geo:{place.latitude:.6f},{place.longitude:.6f}" + (f"|{label}" if label else "")


def _address(outbound: Outbound, attachment_id: str) -> str:
    """Where Twilio fetches a file. Raises Refused."""
    file: File | None = outbound.files.get(attachment_id)
    if file is None or file.url is None:
        raise Refused(f"no address to fetch attachment {attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
    most = MEDIA.octets(file.media_type)
    if file.size > most:
        raise Refused(f"{file.media_type} of more than {most} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    return file.url
