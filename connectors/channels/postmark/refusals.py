"""What Postmark's refusals mean, by what the sender does next.

Source: postmarkapp.com/developer/api/overview#error-codes (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.kit.errors import BadPayload, KitError, Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary
from connectors.kit.errors import Unreachable as Nobody
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of an answer that are kept."""


class Told(msgspec.Struct, frozen=True, rename="pascal"):
    error_code: int = 0
    message: str = ""
    message_id: str = msgspec.field(name="MessageID", default="")


class Row(NamedTuple):
    error: type[Refused | OptedOut | Misconfigured | Nobody]
    code: ErrorCode


LOGIN: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
OURS: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
FORM: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
ROWS: Final[Mapping[int, Row]] = {
    10: LOGIN,
    300: FORM,
    400: OURS,  # the sender signature is not known …
    401: OURS,  # … or not confirmed
    402: FORM,
    403: FORM,
    405: OURS,  # out of credits
    406: Row(OptedOut, ErrorCode.OPTED_OUT),  # bounced, complained or unsubscribed before; the code does not tell which
    409: FORM,
    411: Row(Refused, ErrorCode.MEDIA_UNSUPPORTED),
    412: OURS,  # the account waits for approval
    413: OURS,
    1226: OURS,  # no such message stream
    1235: OURS,
}
INVALID: Final = 300
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
TOLD: Final = msgspec.json.Decoder(Told)


def told(answer: Answer, pause: float, *, reads: bool = False) -> Told:
    """A success, as it reads. `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = answer.headers.get("retry-after", "")
        seconds = float(wait) if wait.isdecimal() else pause
        raise Temporary("too many requests", retry_after=seconds, code=ErrorCode.RATE_LIMITED, provider_code="429")
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or HTTPStatus.OK < answer.status < HTTPStatus.BAD_REQUEST:
        raise doubt(f"HTTP status {answer.status}", code=ErrorCode.PROVIDER_DOWN, provider_code=str(answer.status))
    try:
        found = decode(answer.body, TOLD)
    except BadPayload as error:
        if answer.status != HTTPStatus.OK:
            raise _by_status(answer.status) from None
        raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
    if answer.status == HTTPStatus.OK and found.error_code == 0:
        return found
    raise _refusal(answer.status, found)


def _refusal(status: int, found: Told) -> KitError:
    detail = found.message[:LONGEST] or f"error {found.error_code}"
    if found.error_code == 0:
        return _by_status(status)
    row = ROWS.get(found.error_code, UNKNOWN)
    if found.error_code == INVALID and "'To'" in found.message:
        row = Row(Nobody, ErrorCode.INVALID_ADDRESS)
    return row.error(detail, code=row.code, provider_code=str(found.error_code))


def _by_status(status: int) -> KitError:
    row = LOGIN if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) else UNKNOWN
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        row = Row(Refused, ErrorCode.MEDIA_TOO_LARGE)
    return row.error(f"HTTP status {status}", code=row.code, provider_code=str(status))
