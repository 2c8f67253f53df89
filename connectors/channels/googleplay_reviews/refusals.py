"""What Google's refusals mean, by what the asker does next.

Source: google.aip.dev/193 (statuses), developers.google.com/android-publisher/reply-to-reviews and /quotas (read
2026-11). A quota that is used up is told by 429, or by 403 with its reason.
"""

import re
from http import HTTPStatus
from typing import Final

from connectors.channels.googleplay_reviews.event import PROBLEM, Error
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
LONGEST_WAIT: Final = 3600.0
TOO_MUCH: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})
_SECONDS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


def refusal(answer: Answer, pause: float, *, reads: bool = False) -> KitError:
    """The error an answer stands for that is no success. `reads`: nothing was to change."""
    problem = _problem(answer)
    detail = (problem.message or f"HTTP status {answer.status}")[:LONGEST]
    reason = next((cause.reason for cause in problem.errors if cause.reason), None)
    number = problem.status or reason or str(answer.status)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or reason in TOO_MUCH:
        return Temporary(detail, retry_after=_wait(answer, pause), code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Misconfigured(detail, code=ErrorCode.AUTH_FAILED, provider_code=number)
    if answer.status == HTTPStatus.NOT_FOUND and not reads:
        return Unreachable(detail, code=ErrorCode.UNREACHABLE, provider_code=number)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        if reads:
            return Misconfigured(detail, provider_code=number)
        return Refused(detail, code=ErrorCode.POLICY_REJECTED, provider_code=number)
    return (Temporary if reads else OutcomeUnknown)(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)


def _wait(answer: Answer, pause: float) -> float:
    told = answer.headers.get("retry-after", "")
    return min(max(float(told), 1.0), LONGEST_WAIT) if _SECONDS.fullmatch(told) else pause


def _problem(answer: Answer) -> Error:
    try:
        return decode(answer.body, PROBLEM).error
    except BadPayload:
        return Error()
