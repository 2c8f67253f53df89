"""What Discord's answers mean, by what the sender does next.

Source: docs.discord.com/developers/topics/opcodes-and-status-codes#json, /topics/rate-limits (read 2026-11).
"""

from collections.abc import Mapping
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

A_WHILE: Final = 5.0
"""Seconds to wait where Discord does not say for how long."""
LONGEST: Final = 300
"""Characters of a message that are kept."""


class Row(NamedTuple):
    error: type[Refused | OptedOut | Unreachable]
    code: ErrorCode


ROWS: Final[Mapping[int, Row]] = {
    50007: Row(OptedOut, ErrorCode.OPTED_OUT),  # their private messages are closed to us
    10003: Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    10013: Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    50001: Row(Refused, ErrorCode.POLICY_REJECTED),
    50013: Row(Refused, ErrorCode.POLICY_REJECTED),
    10008: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),  # there is no such message
    10014: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),  # nor such an emoji
    50005: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),  # it is not ours to change
    50083: Row(Refused, ErrorCode.POLICY_REJECTED),  # the thread is archived
    50006: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    50035: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    40005: Row(Refused, ErrorCode.MEDIA_TOO_LARGE),
}


class Told(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""
    retry_after: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None


TOLD = msgspec.json.Decoder(Told)


def refusal(answer: Answer, *, reads: bool = False) -> KitError:
    """The error of an answer that is no success; `reads`: nothing was to change."""
    try:
        told = decode(answer.body, TOLD)
    except BadPayload:
        told = Told()
    detail = told.message[:LONGEST] or f"HTTP status {answer.status}"
    number = str(told.code or answer.status)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = told.retry_after or A_WHILE
        return Temporary(detail, retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return Misconfigured(detail, code=ErrorCode.AUTH_FAILED, provider_code=number)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        row = ROWS.get(told.code, Row(Refused, ErrorCode.UNKNOWN))
        return row.error(detail, code=row.code, provider_code=number)
    doubt = Temporary if reads else OutcomeUnknown
    return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
