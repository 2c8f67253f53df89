"""One webhook to what the hub records. Pure. A message read from the list of messages is told in the same fields.

Source: twilio.com/docs/messaging/guides/webhook-request, twilio.com/docs/whatsapp/api (read 2026-11).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.channels.twilio_whatsapp.people import peer
from connectors.families.twilio.fields import SID, Fields, form_of, media_of, reported, sid_of, token_of
from connectors.families.twilio.statuses import INCOMING
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import Request, decode
from normalizer.inbound import ConsentChanged, Inbound, Media, MessageReceived, Unreadable
from normalizer.model import ConsentState
from normalizer.parts import ChoicePart, LocationPart, NativePart, Part

MOST_MEDIA: Final = 10
DEEPEST: Final = 20
CONSENT: Final[Mapping[str, ConsentState]] = {"STOP": ConsentState.OPTED_OUT, "START": ConsentState.OPTED_IN}
"""By `OptOutType`, which Twilio sends with Advanced Opt-Out; HELP changes nothing."""
NATIVE: Final[Mapping[str, str]] = {"InteractiveData": "interactive", "FlowData": "flow"}
"""Fields that hold JSON, and what it is."""
_DEGREES: Final = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,18})?", re.ASCII)
_object: Final = msgspec.json.Decoder(dict[str, Any])


def parse(request: Request) -> list[Inbound]:
    """What a webhook says. Raises BadPayload where not even the message's SID can be read."""
    fields = form_of(request)
    sid = sid_of(fields)
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or "received"
    try:
        if status in INCOMING:
            return received(fields, request.received_at)
        now = "read" if fields.get("EventType") == "READ" else status
        return [reported(fields, sid, now, token_of(request))]
    except BadPayload as error:
        return [Unreadable(key=f"unreadable:{sid}:{status[:32]}", slice=request.body, reason=error.detail)]


def received(fields: Fields, occurred_at: datetime) -> list[Inbound]:
    """A message, and the consent it may be beside. Raises BadPayload."""
    sid = sid_of(fields)
    sender = peer(fields.get("From", ""), fields.get("ProfileName", ""))
    media, parts = media_of(fields, MOST_MEDIA), _parts(fields)
    found: list[Inbound] = [
        MessageReceived(
            key=f"message:{sid}",
            external_id=sid,
            peer=sender,
            text=_text(fields, parts, media),
            parts=parts,
            media=media,
            reply_to=_quoted(fields),
            occurred_at=occurred_at,
        )
    ]
    told = fields.get("OptOutType", "")
    if (state := CONSENT.get(told)) is not None:
        source = f"OptOutType {told}"
        key = f"consent:{sid}"
        found.append(ConsentChanged(key=key, peer=sender, state=state, source=source, occurred_at=occurred_at))
    return found


def _quoted(fields: Fields) -> str | None:
    sid = fields.get("OriginalRepliedMessageSid", "")
    return sid if SID.fullmatch(sid) else None


def _parts(fields: Fields) -> tuple[Part, ...]:
    found: list[Part] = []
    latitude, longitude = fields.get("Latitude", ""), fields.get("Longitude", "")
    if _DEGREES.fullmatch(latitude) and _DEGREES.fullmatch(longitude):
        named = {"name": fields.get("Label") or None, "address": fields.get("Address") or None}
        found.append(LocationPart(latitude=float(latitude), longitude=float(longitude), **named))
    if label := fields.get("ButtonText"):
        found.append(ChoicePart(value=fields.get("ButtonPayload") or label, label=label))
    for name, kind in NATIVE.items():
        if told := fields.get(name):
            found.append(NativePart(kind=kind, data=_data(told)))
    return tuple(found)


def _data(told: str) -> dict[str, Any]:
    """What no part of ours expresses, as it came."""
    try:
        return bounded(decode(told.encode("utf-8", "surrogatepass"), _object), DEEPEST)
    except BadPayload:
        return {"text": told}


def _text(fields: Fields, parts: tuple[Part, ...], media: tuple[Media, ...]) -> str:
    body = fields.get("Body", "")
    if body.strip():
        return body
    lines = [f"[{file.kind}]" for file in media]
    for part in parts:
        match part:
            case ChoicePart(label=str(label)):
                lines.append(label)
            case LocationPart(name=name):
                lines.append(f"[location: {name}]" if name else "[location]")
            case NativePart(kind=kind):
                lines.append(f"[{kind}]")
    return "\n".join(lines) or "[empty message]"
