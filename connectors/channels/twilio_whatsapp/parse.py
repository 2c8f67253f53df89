"""One webhook to what the hub records. Pure. A message read from the list of messages is told in the same fields.

Source: twilio.com/docs/messaging/guides/webhook-request, twilio.com/docs/whatsapp/api (read 2026-11).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.channels.twilio_whatsapp.people import peer
from connectors.families.twilio.statuses import INCOMING, STATUS, row_of
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import Request, decode
from normalizer.inbound import ConsentChanged, Inbound, Media, MessageReceived, StatusChanged, Unreadable
from normalizer.model import ConsentState
from normalizer.parts import ChoicePart, LocationPart, MediaKind, NativePart, Part
from normalizer.status import Status

TOKEN: Final = "token"  # noqa: S105 - names the query's field that carries an outbound's token
MOST_MEDIA: Final = 10
DEEPEST: Final = 20
KINDS: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
"""By the first half of a media type; all else is a file."""
CONSENT: Final[Mapping[str, ConsentState]] = {"STOP": ConsentState.OPTED_OUT, "START": ConsentState.OPTED_IN}
"""By `OptOutType`, which Twilio sends with Advanced Opt-Out; HELP changes nothing."""
NATIVE: Final[Mapping[str, str]] = {"InteractiveData": "interactive", "FlowData": "flow"}
"""Fields that hold JSON, and what it is."""
_SID: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_COUNT: Final = re.compile(r"[0-9]{1,3}", re.ASCII)
_ERROR: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_DEGREES: Final = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,18})?", re.ASCII)
_OWN: Final = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_WORD: Final = re.compile(r"[a-z_]{1,32}")
_object: Final = msgspec.json.Decoder(dict[str, Any])

Fields = Mapping[str, str]


def parse(request: Request) -> list[Inbound]:
    """What a webhook says. Raises BadPayload where not even the message's SID can be read."""
    if not request.body.isascii():  # a form writes everything else with percent signs
        raise BadPayload("not a form: octets beyond ASCII")
    fields = dict(reversed(request.query if request.method == "GET" else request.form))
    sid = _sid(fields)
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or "received"
    try:
        if status in INCOMING:
            return received(fields, request.received_at)
        token = dict(request.query).get(TOKEN, "")
        return [_reported(fields, sid, status, token if _OWN.fullmatch(token) else None)]
    except BadPayload as error:
        return [Unreadable(key=f"unreadable:{sid}:{status[:32]}", slice=request.body, reason=error.detail)]


def received(fields: Fields, occurred_at: datetime) -> list[Inbound]:
    """A message, and the consent it may be beside. Raises BadPayload."""
    sid = _sid(fields)
    sender = peer(fields.get("From", ""), fields.get("ProfileName", ""))
    media, parts = _media(fields), _parts(fields)
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


def _reported(fields: Fields, sid: str, status: str, token: str | None) -> Inbound:
    """Callbacks repeat and overtake each other: status and error name one."""
    if fields.get("EventType") == "READ":
        status = "read"
    known = STATUS.get(status)
    if known is None:
        raise BadPayload(f"a status we do not know: {status if _WORD.fullmatch(status) else '…'}")
    code = fields.get("ErrorCode") or None
    if code is not None and not _ERROR.fullmatch(code):
        code = None
    return StatusChanged(
        key=":".join(filter(None, ("status", sid, status, code))),
        external_id=sid,
        token=token,
        status=known,
        error_code=row_of(code).code if known is Status.FAILED else None,
        provider_code=code,
    )


def _sid(fields: Fields) -> str:
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not _SID.fullmatch(sid):
        raise BadPayload("no MessageSid")
    return sid


def _quoted(fields: Fields) -> str | None:
    sid = fields.get("OriginalRepliedMessageSid", "")
    return sid if _SID.fullmatch(sid) else None


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


def _media(fields: Fields) -> tuple[Media, ...]:
    count = fields.get("NumMedia") or "0"
    if not _COUNT.fullmatch(count) or int(count) > MOST_MEDIA:
        raise BadPayload("NumMedia is no number of files")
    return tuple(_file(fields, n) for n in range(int(count)))


def _file(fields: Fields, n: int) -> Media:
    source = fields.get(f"MediaUrl{n}")
    if not source:
        raise BadPayload(f"no MediaUrl{n}")
    media_type = (fields.get(f"MediaContentType{n}") or "application/octet-stream").partition(";")[0].strip().lower()
    return Media(source=source, kind=KINDS.get(media_type.partition("/")[0], MediaKind.FILE), media_type=media_type)
