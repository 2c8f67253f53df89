"""What Weibo's answers mean, by what the sender does next. A refusal has an `error_code`, under various statuses.

Source: open.weibo.com/wiki/Error_code (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple, TypeVar

import msgspec

from connectors.channels.weibo.config import Config
from connectors.kit.errors import (
    BadPayload,
    KitError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.http import Answer
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

T = TypeVar("T")
LIMITS: Final = frozenset({10022, 10023, 10024})
BUSY: Final = frozenset({10002, 10009})
"""Out of service, or with too much in hand: nothing was done."""
DOUBTFUL: Final = frozenset({10001, 10003, 10010, 10011})
"""Something broke on the way: the message may have left."""
LONGEST: Final = 300
"""Characters of a message that are kept."""
Number = Annotated[int, msgspec.Meta(ge=0)]


class Row(NamedTuple):
    error: type[Refused | Unreachable | Misconfigured]
    code: ErrorCode


DENIED: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
UNABLE: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
UNFIT: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)

ROWS: Final[Mapping[int, Row]] = {
    10004: DENIED,  # our address may not call
    10005: UNABLE,
    10006: UNABLE,
    10014: UNABLE,
    10020: UNABLE,
    10008: UNFIT,
    10016: UNFIT,
    10017: UNFIT,
    10018: UNFIT,
    20012: UNFIT,
    10013: NOBODY,
    20003: NOBODY,
    21314: DENIED,
    21315: DENIED,
    21316: DENIED,
    21317: DENIED,
    21327: DENIED,
    21332: DENIED,
}
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)


class Fault(msgspec.Struct, frozen=True):
    error_code: Number | str | None = None
    error: str = ""


FAULT = msgspec.json.Decoder(Fault)


def told(answer: Answer, kind: msgspec.json.Decoder[T], config: Config, *, reads: bool = False) -> T:
    """A success, as it reads; `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    fault = _fault(answer)
    if fault is not None:
        raise _refusal(*fault, config, doubt)
    if answer.status != HTTPStatus.OK:
        raise by_status(answer, config.rate_pause, doubt)
    try:
        return decode(answer.body, kind)
    except BadPayload as error:
        raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None


def _fault(answer: Answer) -> tuple[int, str] | None:
    """A number, which some answers write as text."""
    try:
        found = decode(answer.body, FAULT)
        return None if found.error_code is None else (int(found.error_code), found.error)
    except (BadPayload, ValueError):
        return None


def _refusal(code: int, words: str, config: Config, doubt: type[Temporary | OutcomeUnknown]) -> KitError:
    detail, number = words[:LONGEST] or f"error {code}", str(code)
    if code in LIMITS:
        wait = config.rate_pause
        return Temporary(detail, retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if code in BUSY:
        return Temporary(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
    if code in DOUBTFUL:
        return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
    row = ROWS.get(code, UNKNOWN)
    return row.error(detail, code=row.code, provider_code=number)
