"""A payload as the arguments of Twilio's `messages.create`.

One payload is one message. What a message cannot hold is refused rather than left out; `render` knows most of it from
the capability.
"""

from typing import Any
from urllib.parse import urlencode

from connectors.channels.twilio_sms.capability import MEDIA
from connectors.channels.twilio_sms.config import Config
from connectors.channels.twilio_sms.people import recipient
from connectors.families.twilio.fields import TOKEN
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode


def message(outbound: Outbound, config: Config, webhook: str) -> dict[str, Any]:
    """Raises Refused, Unreachable."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.actions:
        raise Refused("a text message carries text and files only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.text and not payload.media:
        raise Refused("a message without content", code=ErrorCode.CONTENT_UNSUPPORTED)
    if len(payload.media) > MEDIA.album:
        raise Refused(f"more than {MEDIA.album} files", code=ErrorCode.MEDIA_UNSUPPORTED)
    arguments = {
        "to": recipient(outbound.address),
        "from_": config.sender,
        "messaging_service_sid": config.messaging_service_sid,
        "body": payload.text or None,
        "media_url": [_address(outbound, part.attachment_id) for part in payload.media] or None,
        "status_callback": overridden(f"{webhook}?{urlencode({TOKEN: outbound.token})}", config) if webhook else None,
        "validity_period": config.validity_seconds,
        "smart_encoded": config.smart_encoded or None,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def overridden(url: str, config: Config) -> str:
    """The URL with what Twilio shall do when it fails, which it neither sends nor signs.

    Source: twilio.com/docs/usage/webhooks/webhooks-connection-overrides (read 2026-11).
    """
    return f"{url}#rc={config.webhook_retries}&rp=all" if config.webhook_retries else url


def _address(outbound: Outbound, attachment_id: str) -> str:
    """Where Twilio fetches a file. Raises Refused."""
    file: File | None = outbound.files.get(attachment_id)
    if file is None or file.url is None:
        raise Refused(f"no address to fetch attachment {attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
    most = MEDIA.octets(file.media_type)
    if file.size > most:
        raise Refused(f"{file.media_type} of more than {most} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    return file.url
