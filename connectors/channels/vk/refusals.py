"""What VK's answers mean, by what the sender does next. They are 200 with an `error` of their own.

Source: `errors.json` of vk-api-schema on GitHub (5.199, read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar

import msgspec

from connectors.channels.vk.config import Config
from connectors.kit.errors import (
    BadPayload,
    KitError,
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

T = TypeVar("T")
TOO_MANY: Final = 6
"""Calls within a second."""
FLOOD: Final = 9
LIMIT: Final = 29
AWAY: Final = 43
"""A part of VK is out of service."""
DOUBTFUL: Final = frozenset({1, 10, 13, 36})
"""Something broke on the way: the message may have left."""
A_SECOND: Final = 1.0
LONGEST: Final = 300
"""Characters of a message that are kept."""


class Row(NamedTuple):
    error: type[Refused | OptedOut | Unreachable | Misconfigured]
    code: ErrorCode


UNFIT: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
NO_FILE: Final = Row(Refused, ErrorCode.MEDIA_UNSUPPORTED)
BARRED: Final = Row(Refused, ErrorCode.POLICY_REJECTED)
LEFT: Final = Row(OptedOut, ErrorCode.OPTED_OUT)
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)
GONE: Final = Row(Unreachable, ErrorCode.UNREACHABLE)
DENIED: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
UNABLE: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)

ROWS: Final[Mapping[int, Row]] = {
    2: UNABLE,
    3: UNABLE,
    4: DENIED,
    5: DENIED,
    14: UNABLE,  # wants somebody to solve a captcha
    15: UNABLE,  # the token lacks a right
    17: UNABLE,
    27: DENIED,
    28: DENIED,
    42: DENIED,  # our address is not on the token's list
    912: UNABLE,  # the community's bot is switched off
    1117: DENIED,
    7: BARRED,
    1012: BARRED,
    211: BARRED,  # comments are closed, or to others
    212: BARRED,
    213: BARRED,
    222: BARRED,  # links are forbidden in them
    18: GONE,
    37: GONE,
    3610: GONE,
    39: NOBODY,
    113: NOBODY,
    936: NOBODY,
    917: GONE,
    922: GONE,
    925: GONE,
    927: GONE,
    932: GONE,
    945: GONE,
    946: GONE,
    900: LEFT,  # whom the community put on its list of the unwanted
    901: LEFT,  # never wrote, or forbade it
    902: LEFT,
    950: Row(Refused, ErrorCode.WINDOW_CLOSED),
    22: NO_FILE,
    105: NO_FILE,
    129: NO_FILE,
    8: UNFIT,
    100: UNFIT,
    911: UNFIT,
    913: UNFIT,
    914: UNFIT,
    940: UNFIT,
}
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)


class Fault(msgspec.Struct, frozen=True):
    error_code: int
    error_msg: str = ""


class Told(msgspec.Struct, frozen=True):
    response: msgspec.Raw = msgspec.Raw()
    """Empty where there is none."""
    error: Fault | None = None


TOLD = msgspec.json.Decoder(Told)


def told(answer: Answer, kind: msgspec.json.Decoder[T], config: Config, *, reads: bool = False) -> T:
    """A success, as it reads; `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    if answer.status != HTTPStatus.OK:
        raise by_status(answer, config.rate_pause, doubt)
    try:
        found = decode(answer.body, TOLD)
        if found.error is None and (response := bytes(found.response)):
            return decode(response, kind)
    except BadPayload as error:
        raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
    if found.error is None:
        raise doubt("an answer that says nothing", code=ErrorCode.PROVIDER_DOWN)
    raise refusal(found.error.error_code, found.error.error_msg, config, doubt)


def refusal(code: int, words: str, config: Config, doubt: type[Temporary | OutcomeUnknown]) -> KitError:
    detail, number = words[:LONGEST] or f"error {code}", str(code)
    waits = {TOO_MANY: A_SECOND, FLOOD: config.rate_pause, LIMIT: config.quota_pause, AWAY: config.rate_pause}
    if code in waits:
        kind = ErrorCode.PROVIDER_DOWN if code == AWAY else ErrorCode.RATE_LIMITED
        return Temporary(detail, retry_after=waits[code], code=kind, provider_code=number)
    if code in DOUBTFUL:
        return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
    row = ROWS.get(code, UNKNOWN)
    return row.error(detail, code=row.code, provider_code=number)
