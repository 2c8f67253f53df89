"""What SendGrid's refusals mean, by what the sender does next: its status, and the field that is wrong.

Source: twilio.com/docs/sendgrid/api-reference/mail-send/errors, …/how-to-use-the-sendgrid-v3-api/responses (read
2026-11).
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.kit.errors import BadPayload, Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of an answer that are kept."""
MOST_PAUSE: Final = 300.0


class Problem(msgspec.Struct, frozen=True):
    message: str | None = None
    field: str | None = None


class Told(msgspec.Struct, frozen=True):
    errors: Sequence[Problem] = ()


class Row(NamedTuple):
    error: type[Refused | Misconfigured | Unreachable]
    code: ErrorCode


ROWS: Final[Mapping[int, Row]] = {
    400: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    401: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    403: Row(Misconfigured, ErrorCode.MISCONFIGURED),  # the sender is not verified, or the key may not send
    413: Row(Refused, ErrorCode.MEDIA_TOO_LARGE),
}
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
TAKEN: Final = frozenset({200, 201, 202, 204})
RECIPIENT: Final = "personalizations.0.to"
TOLD: Final = msgspec.json.Decoder(Told)


def judge(answer: Answer, pause: float, now: float, *, reads: bool = False) -> None:
    """Returns for a success. `now` is in seconds since 1970; `reads`: nothing was to change. Raises the sending
    errors."""
    doubt = Temporary if reads else OutcomeUnknown
    number = str(answer.status)
    if answer.status in TAKEN:
        return
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        seconds = _pause(answer, pause, now)
        raise Temporary("too many requests", retry_after=seconds, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status < HTTPStatus.BAD_REQUEST:
        raise doubt(f"HTTP status {number}", code=ErrorCode.PROVIDER_DOWN, provider_code=number)
    try:
        problems = decode(answer.body, TOLD).errors
    except BadPayload:
        problems = ()
    first = problems[0] if problems else Problem()
    wrong = answer.status == HTTPStatus.BAD_REQUEST and (first.field or "").startswith(RECIPIENT)
    row = NOBODY if wrong else ROWS.get(answer.status, UNKNOWN)
    detail = (first.message or f"HTTP status {number}")[:LONGEST]
    raise row.error(detail, code=row.code, provider_code=number)


def _pause(answer: Answer, pause: float, now: float) -> float:
    """Until the window that SendGrid tells begins."""
    told = answer.headers.get("x-ratelimit-reset", "")
    left = float(told) - now if told.isdecimal() and len(told) < 12 else 0.0
    return min(left, MOST_PAUSE) if left > 0 else pause
