"""What X's refusals mean, by what the sender does next.

Version 2 answers with a problem (`type`, `title`, `detail`), older parts with numbered errors. Source: developer.x.com,
response codes; docs.x.com/x-api/fundamentals/response-codes-and-errors and rate-limits (read 2026-11). What version 2
says of somebody who may not be written to is not documented; a refusal without a number is told as it came.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

import msgspec

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
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of a detail that are kept."""
RESET: Final = "x-rate-limit-reset"
SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
MOST_WAIT: Final = 86_400.0
"""Seconds: the longest of X's windows."""


class Row(NamedTuple):
    error: type[Refused | OptedOut | Unreachable | Misconfigured | Temporary]
    code: ErrorCode


BY_NUMBER: Final[Mapping[int, Row]] = {
    32: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    50: Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    63: Row(Unreachable, ErrorCode.UNREACHABLE),  # the customer's account is suspended
    64: Row(Misconfigured, ErrorCode.MISCONFIGURED),  # ours is
    88: Row(Temporary, ErrorCode.RATE_LIMITED),
    89: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    93: Row(Misconfigured, ErrorCode.AUTH_FAILED),  # the app may not touch direct messages
    135: Row(Misconfigured, ErrorCode.AUTH_FAILED),  # the clock is wrong
    150: Row(Refused, ErrorCode.NOT_OPTED_IN),  # they do not follow us
    215: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    226: Row(Refused, ErrorCode.POLICY_REJECTED),
    261: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    326: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    349: Row(OptedOut, ErrorCode.OPTED_OUT),
}
BY_TYPE: Final[Mapping[str, Row]] = {
    "client-forbidden": Row(Misconfigured, ErrorCode.AUTH_FAILED),
    "invalid-request": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "oauth1-permissions": Row(Misconfigured, ErrorCode.AUTH_FAILED),
    "resource-not-found": Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    "unsupported-authentication": Row(Misconfigured, ErrorCode.AUTH_FAILED),
    "usage-capped": Row(Misconfigured, ErrorCode.MISCONFIGURED),
}
"""By what the address in `type` ends in."""
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
BY_STATUS: Final[Mapping[int, Row]] = {
    HTTPStatus.UNAUTHORIZED: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    HTTPStatus.PAYMENT_REQUIRED: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    HTTPStatus.NOT_FOUND: Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Row(Refused, ErrorCode.MEDIA_TOO_LARGE),
    HTTPStatus.TOO_MANY_REQUESTS: Row(Temporary, ErrorCode.RATE_LIMITED),
}


class Numbered(msgspec.Struct, frozen=True):
    code: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)] | None = None
    message: str = ""


class Problem(msgspec.Struct, frozen=True):
    type: str = ""
    title: str = ""
    detail: str = ""
    errors: tuple[Numbered, ...] = ()


PROBLEM: Final = msgspec.json.Decoder(Problem)


def refusal(answer: Answer, now: datetime, pause: float, *, reads: bool = False) -> KitError:
    """The error an answer that is no success stands for. `pause` seconds are waited where X had too much and does not
    say until when; `reads` where nothing at X was to change."""
    problem = _problem(answer.body)
    numbered = next((one for one in problem.errors if one.code is not None), None)
    messages = (problem.detail, *(one.message for one in problem.errors), problem.title)
    detail = next((text for text in messages if text), f"HTTP status {answer.status}")[:LONGEST]
    told = str(numbered.code) if numbered is not None else str(answer.status)
    if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        doubt = Temporary if reads else OutcomeUnknown
        return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=told)
    row = BY_STATUS.get(answer.status) or BY_TYPE.get(problem.type.rpartition("/")[2], UNKNOWN)
    if numbered is not None and numbered.code is not None:
        row = BY_NUMBER.get(numbered.code, row)
    if row.error is Temporary:
        wait = _wait(answer.headers, now, pause)
        return Temporary(detail, retry_after=wait, code=row.code, provider_code=told)
    return row.error(detail, code=row.code, provider_code=told)


def _problem(body: bytes) -> Problem:
    try:
        return decode(body, PROBLEM)
    except BadPayload:  # not X's own form, such as a proxy's page: its status speaks alone
        return Problem()


def _wait(headers: Mapping[str, str], now: datetime, pause: float) -> float:
    """Until X's window ends, a second later at the least."""
    told = headers.get(RESET, "")
    if not SECONDS.fullmatch(told):
        return pause
    return min(max(float(told) - now.timestamp(), 1.0), MOST_WAIT)
