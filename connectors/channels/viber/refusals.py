"""What Viber's answers mean, by what the sender does next. Its answers are 200 with a `status` of their own.

Source: creators.viber.com/docs/bots-api/resources/error-codes (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

import msgspec

from connectors.channels.viber.event import Token
from connectors.kit.errors import (
    BadPayload,
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.http import Answer
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

OK: Final = 0
TOO_MANY: Final = 12
LONGEST: Final = 300
"""Characters of a message that are kept."""


class Row(NamedTuple):
    error: type[Refused | OptedOut | Unreachable | Misconfigured]
    code: ErrorCode


ROWS: Final[Mapping[int, Row]] = {
    1: Row(Refused, ErrorCode.MEDIA_UNREACHABLE),
    2: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    3: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    4: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    5: Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    6: Row(OptedOut, ErrorCode.OPTED_OUT),
    7: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    8: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    9: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    10: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    11: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    13: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    14: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    15: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    21: Row(Refused, ErrorCode.POLICY_REJECTED),
    23: Row(Misconfigured, ErrorCode.MISCONFIGURED),  # the quota of free messages is used up
    24: Row(Misconfigured, ErrorCode.MISCONFIGURED),  # nothing is left to pay with
}
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    status: Annotated[int, msgspec.Meta(ge=0)]
    status_message: str = ""
    message_token: Token | None = None


TOLD = msgspec.json.Decoder(Told)


def told(answer: Answer, pause: float, *, reads: bool = False) -> Told:
    """A success, as it reads. `pause` seconds are waited where Viber had too much; `reads`: nothing was to change.
    Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    if answer.status != HTTPStatus.OK:
        raise by_status(answer, pause, doubt)
    try:
        found = decode(answer.body, TOLD)
    except BadPayload as error:
        raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
    if found.status == OK:
        return found
    detail, number = found.status_message[:LONGEST] or f"status {found.status}", str(found.status)
    if found.status == TOO_MANY:
        raise Temporary(detail, retry_after=pause, code=ErrorCode.RATE_LIMITED, provider_code=number)
    row = ROWS.get(found.status, UNKNOWN)
    raise row.error(detail, code=row.code, provider_code=number)
