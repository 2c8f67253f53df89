"""What LINE's refusals mean, by what the sender does next.

There are no codes: the status and words of the message are the key. A 4xx was not performed; a 5xx may have been, and
its repetition under the same retry key does no harm. Source:
developers.line.biz/en/reference/messaging-api/#status-codes, #error-responses, and its FAQ on the monthly limit
(read 2026-11).
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

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
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of a message that are kept."""
WAIT: Final = 1.0
"""Seconds, where LINE names none: its rates are counted by the second."""
_SECONDS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


class Row(NamedTuple):
    status: int
    words: str
    """Somewhere in the message, in lower case; empty: whatever it says."""
    error: type[Refused | Unreachable | Misconfigured]
    code: ErrorCode


ROWS: Final = (
    Row(400, "property, 'to',", Unreachable, ErrorCode.INVALID_ADDRESS),
    Row(400, "failed to send messages", Unreachable, ErrorCode.UNREACHABLE),
    Row(400, "", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row(401, "", Misconfigured, ErrorCode.AUTH_FAILED),
    Row(403, "", Misconfigured, ErrorCode.MISCONFIGURED),
    Row(404, "not found", Unreachable, ErrorCode.UNREACHABLE),
    Row(410, "", Refused, ErrorCode.MEDIA_UNREACHABLE),
    Row(413, "", Refused, ErrorCode.MEDIA_TOO_LARGE),
    Row(415, "", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    # The account's quota: nothing passes until the month, or the plan, is another.
    Row(429, "monthly limit", Refused, ErrorCode.RATE_LIMITED),
)
"""The first that fits."""
UNKNOWN: Final = Row(0, "", Refused, ErrorCode.UNKNOWN)


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    message: str = ""
    property: str = ""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """`{"message": …, "details": [{"message": …, "property": "messages[0].text"}]}`."""

    message: str = ""
    details: list[Detail] = []


FAILURE: Final = msgspec.json.Decoder(Failure)


def refusal(answer: Answer, *, reads: bool = False) -> KitError:
    """The error an answer that is no success stands for; `reads` where nothing at LINE was to change."""
    try:
        told = decode(answer.body, FAILURE)
    except BadPayload:  # not LINE's own form, such as a proxy's page: its status speaks alone
        told = Failure()
    detail = _worded(told) or f"HTTP status {answer.status}"
    provider_code = str(answer.status)
    if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        doubt = Temporary if reads else OutcomeUnknown
        return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=provider_code)
    row = _row(answer.status, told.message.lower())
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and row is UNKNOWN:
        wait = _told(answer.headers)
        return Temporary(detail, retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=provider_code)
    return row.error(detail, code=row.code, provider_code=provider_code)


def _row(status: int, message: str) -> Row:
    return next((row for row in ROWS if row.status == status and row.words in message), UNKNOWN)


def _worded(told: Failure) -> str:
    details = "; ".join(f"{one.property}: {one.message}" for one in told.details)
    return (f"{told.message} ({details})" if details else told.message)[:LONGEST]


def _told(headers: Mapping[str, str]) -> float:
    header = headers.get("retry-after", "")
    return max(float(header), WAIT) if _SECONDS.fullmatch(header) else WAIT
