"""The fields of webhooks about messages, by whichever channel: their name, their files, what is reported. Pure.

Source: twilio.com/docs/messaging/guides/webhook-request, twilio.com/docs/messaging/guides/track-outbound-message-status
(read 2026-11).
"""

import re
from collections.abc import Mapping
from typing import Final

from connectors.families.twilio.statuses import STATUS, row_of
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request
from normalizer.inbound import Media, StatusChanged
from normalizer.parts import MediaKind
from normalizer.status import Status

TOKEN: Final = "token"  # noqa: S105 - names the query's field that carries an outbound's token
KINDS: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
"""By the first half of a media type; all else is a file."""
UNTOLD: Final = "application/octet-stream"
SID: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_WORD: Final = re.compile(r"[a-z_]{1,32}")
_ERROR: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,3}", re.ASCII)
_OWN: Final = re.compile(r"[\w.:-]{1,128}", re.ASCII)

Fields = Mapping[str, str]


def form_of(request: Request) -> Fields:
    """The first of each name. Raises BadPayload."""
    if not request.body.isascii():  # a form writes everything else with percent signs
        raise BadPayload("not a form: octets beyond ASCII")
    return dict(reversed(request.query if request.method == "GET" else request.form))


def sid_of(fields: Fields) -> str:
    """The message's. Raises BadPayload."""
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not SID.fullmatch(sid):
        raise BadPayload("no MessageSid")
    return sid


def token_of(request: Request) -> str | None:
    """What we wrote into the address for reports."""
    told = dict(request.query).get(TOKEN, "")
    return told if _OWN.fullmatch(told) else None


def reported(fields: Fields, sid: str, status: str, token: str | None) -> StatusChanged:
    """Callbacks repeat and overtake each other: status and error name one, whatever else it says. Raises BadPayload."""
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


def media_of(fields: Fields, most: int) -> tuple[Media, ...]:
    """Raises BadPayload."""
    count = fields.get("NumMedia") or "0"
    if not _COUNT.fullmatch(count) or int(count) > most:
        raise BadPayload("NumMedia is no number of files")
    return tuple(_file(fields, n) for n in range(int(count)))


def _file(fields: Fields, n: int) -> Media:
    source = fields.get(f"MediaUrl{n}")
    if not source:
        raise BadPayload(f"no MediaUrl{n}")
    media_type = (fields.get(f"MediaContentType{n}") or UNTOLD).partition(";")[0].strip().lower()
    kind = KINDS.get(media_type.partition("/")[0], MediaKind.FILE)
    return Media(source=source, kind=kind, media_type=media_type)
