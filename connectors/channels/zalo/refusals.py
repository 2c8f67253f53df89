"""What Zalo's answers mean, by what the sender does next. Its answers are 200 with an `error` of their own.

Source: zalo-sdk 0.3.0, its table of errors (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.channels.zalo.config import Config
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

RATE: Final = -32
QUOTA: Final = -211
LONGEST: Final = 300
"""Characters of a message that are kept."""


class Row(NamedTuple):
    error: type[Refused | OptedOut | Unreachable | Misconfigured]
    code: ErrorCode


CONTENT: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
CLOSED: Final = Row(Refused, ErrorCode.WINDOW_CLOSED)
NOBODY: Final = Row(Unreachable, ErrorCode.UNREACHABLE)
ACCOUNT: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
ROWS: Final[Mapping[int, Row]] = {
    -201: CONTENT,
    -210: CONTENT,
    -233: CONTENT,
    -213: NOBODY,  # does not follow
    -222: NOBODY,  # blocked by Zalo, or away for long
    -227: NOBODY,
    -217: Row(OptedOut, ErrorCode.OPTED_OUT),
    -218: Row(Refused, ErrorCode.RATE_LIMITED),  # this person had too many
    -230: CLOSED,  # seven days
    -305: CLOSED,  # 48 hours
    -311: CLOSED,  # so many replies to one message
    -216: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    **dict.fromkeys((-202, -204, -205, -207, -208, -209, -212, -215, -221, -224, -320, -321), ACCOUNT),
}


class Data(msgspec.Struct, frozen=True):
    message_id: str | None = None
    attachment_id: str | None = None
    """Of a picture that was brought; `token` of a document."""
    token: str | None = None
    name: str | None = None
    oa_id: str | None = None


class Told(msgspec.Struct, frozen=True):
    error: int
    message: str = ""
    data: Data | None = None


TOLD = msgspec.json.Decoder(Told, strict=False)


def told(answer: Answer, config: Config, *, reads: bool = False) -> Data:
    """What a success brings; `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    if answer.status != HTTPStatus.OK:
        raise by_status(answer, config.rate_pause, doubt)
    try:
        found = decode(answer.body, TOLD)
    except BadPayload as error:
        raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
    if found.error == 0:
        return found.data or Data()
    detail, number = found.message[:LONGEST] or f"error {found.error}", str(found.error)
    if found.error in (RATE, QUOTA):
        pause = config.rate_pause if found.error == RATE else config.quota_pause
        raise Temporary(detail, retry_after=pause, code=ErrorCode.RATE_LIMITED, provider_code=number)
    row = ROWS.get(found.error, UNKNOWN)
    raise row.error(detail, code=row.code, provider_code=number)
