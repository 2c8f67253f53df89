"""One webhook to what the hub records. Pure. A message read from the list of messages is told in the same fields.

Source: twilio.com/docs/messaging/guides/webhook-request, twilio.com/docs/messaging/guides/track-outbound-message-status
(read 2026-11).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from connectors.channels.twilio_sms.consent import consent
from connectors.channels.twilio_sms.people import peer
from connectors.families.twilio.signature import is_json
from connectors.families.twilio.statuses import INCOMING, STATUS, row_of
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.inbound import ConsentChanged, Inbound, Media, MessageReceived, StatusChanged, Unreadable
from normalizer.parts import MediaKind
from normalizer.status import Status

TOKEN: Final = "token"  # noqa: S105 - names the query's field that carries an outbound's token
MOST_MEDIA: Final = 100
KINDS: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
"""By the first half of a media type; all else is a file."""
UNTOLD: Final = "application/octet-stream"
_SID: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_WORD: Final = re.compile(r"[a-z_]{1,32}")
_ERROR: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,3}", re.ASCII)
_OWN: Final = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_OBJECT: Final = msgspec.json.Decoder(dict[str, str | int | float | bool | None])

Fields = Mapping[str, str]


def parse(request: Request, *, keywords: bool) -> list[Inbound]:
    """What a webhook says. Raises BadPayload where not even the message's SID can be read."""
    fields = _fields(request)
    sid = _sid(fields)
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or "received"
    try:
        if status in INCOMING:
            return received(fields, request.received_at, keywords=keywords)
        return [_reported(fields, sid, status, _token(request))]
    except BadPayload as error:
        return [Unreadable(key=f"unreadable:{sid}:{status[:32]}", slice=request.body, reason=error.detail)]


def received(fields: Fields, occurred_at: datetime, *, keywords: bool) -> list[Inbound]:
    """A message, and the consent it may be beside. Raises BadPayload."""
    sid, sender = _sid(fields), peer(fields.get("From", ""))
    body, media = fields.get("Body", ""), _media(fields)
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


def _reported(fields: Fields, sid: str, status: str, token: str | None) -> Inbound:
    """Callbacks repeat and overtake each other: status and error name one, whatever else it says."""
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


def _fields(request: Request) -> Fields:
    """The first of each name. Raises BadPayload."""
    if is_json(request) and request.body:
        told = decode(request.body, _OBJECT)
        return {name: value if isinstance(value, str) else str(value) for name, value in told.items() if value}
    if not request.body.isascii():  # a form writes everything else with percent signs
        raise BadPayload("not a form: octets beyond ASCII")
    return dict(reversed(request.query if request.method == "GET" else request.form))


def _sid(fields: Fields) -> str:
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not _SID.fullmatch(sid):
        raise BadPayload("no MessageSid")
    return sid


def _token(request: Request) -> str | None:
    """What we wrote into the address for reports."""
    told = dict(request.query).get(TOKEN, "")
    return told if _OWN.fullmatch(told) else None


def _media(fields: Fields) -> tuple[Media, ...]:
    count = fields.get("NumMedia") or "0"
    if not _COUNT.fullmatch(count) or int(count) > MOST_MEDIA:
        raise BadPayload("NumMedia is no number of files")
    return tuple(_file(fields, n) for n in range(int(count)))


def _file(fields: Fields, n: int) -> Media:
    source = fields.get(f"MediaUrl{n}")
    if not source:
        raise BadPayload(f"no MediaUrl{n}")
    media_type = (fields.get(f"MediaContentType{n}") or UNTOLD).partition(";")[0].strip().lower()
    kind = KINDS.get(media_type.partition("/")[0], MediaKind.FILE)
    return Media(source=source, kind=kind, media_type=media_type)


def _wordless(media: tuple[Media, ...]) -> str:
    return "\n".join(f"[{file.kind}]" for file in media) or "[empty message]"
