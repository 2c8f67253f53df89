"""One webhook to what the hub records. Pure. A message read from the list of messages is told in the same fields.

Source: twilio.com/docs/messaging/guides/webhook-request, twilio.com/docs/messaging/guides/track-outbound-message-status
(read 2026-11).
"""

from datetime import datetime
from typing import Final

import msgspec

from connectors.channels.twilio_sms.consent import consent
from connectors.channels.twilio_sms.people import peer
from connectors.families.twilio.fields import Fields, form_of, media_of, reported, sid_of, token_of
from connectors.families.twilio.signature import is_json
from connectors.families.twilio.statuses import INCOMING
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.inbound import ConsentChanged, Inbound, Media, MessageReceived, Unreadable

MOST_MEDIA: Final = 100
_OBJECT: Final = msgspec.json.Decoder(dict[str, str | int | float | bool | None])


def parse(request: Request, *, keywords: bool) -> list[Inbound]:
    """What a webhook says. Raises BadPayload where not even the message's SID can be read."""
    fields = _fields(request)
    sid = sid_of(fields)
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or "received"
    try:
        if status in INCOMING:
            return received(fields, request.received_at, keywords=keywords)
        return [reported(fields, sid, status, token_of(request))]
    except BadPayload as error:
        return [Unreadable(key=f"unreadable:{sid}:{status[:32]}", slice=request.body, reason=error.detail)]


def received(fields: Fields, occurred_at: datetime, *, keywords: bool) -> list[Inbound]:
    """A message, and the consent it may be beside. Raises BadPayload."""
    sid, sender = sid_of(fields), peer(fields.get("From", ""))
    body, media = fields.get("Body", ""), media_of(fields, MOST_MEDIA)
    found: list[Inbound] = [
        MessageReceived(
            key=f"message:{sid}",
            external_id=sid,
            peer=sender,
            text=body if body.strip() else _wordless(media),
            media=media,
            occurred_at=occurred_at,
        )
    ]
    said = consent(fields.get("OptOutType"), body, keywords=keywords)
    if said is not None:
        state, source = said
        key = f"consent:{sid}"
        found.append(ConsentChanged(key=key, peer=sender, state=state, source=source, occurred_at=occurred_at))
    return found


def _fields(request: Request) -> Fields:
    """The first of each name. Raises BadPayload."""
    if is_json(request) and request.body:
        told = decode(request.body, _OBJECT)
        return {name: value if isinstance(value, str) else str(value) for name, value in told.items() if value}
    return form_of(request)


def _wordless(media: tuple[Media, ...]) -> str:
    return "\n".join(f"[{file.kind}]" for file in media) or "[empty message]"
