"""What App Store Connect's refusals mean, by what the asker does next.

Source: developer.apple.com/documentation/appstoreconnectapi: interpreting-and-handling-errors,
identifying-rate-limits (read 2026-11).
"""

from http import HTTPStatus
from typing import Final

from connectors.channels.appstore_reviews.event import PROBLEMS, Problem
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
GOOD: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})


def refusal(answer: Answer, pause: float, *, reads: bool = False) -> KitError:
    """The error an answer stands for that is no success. `reads`: nothing was to change."""
    problem = _problem(answer)
    detail = (problem.detail or problem.title or f"HTTP status {answer.status}")[:LONGEST]
    number = problem.code or str(answer.status)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Temporary(detail, retry_after=pause, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Misconfigured(detail, code=ErrorCode.AUTH_FAILED, provider_code=number)
    if answer.status == HTTPStatus.NOT_FOUND and not reads:
        return Unreachable(detail, code=ErrorCode.UNREACHABLE, provider_code=number)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        if reads:
            return Misconfigured(detail, provider_code=number)
        return Refused(detail, code=ErrorCode.POLICY_REJECTED, provider_code=number)
    return (Temporary if reads else OutcomeUnknown)(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)


def _problem(answer: Answer) -> Problem:
    try:
        errors = decode(answer.body, PROBLEMS).errors
    except BadPayload:
        errors = ()
    return errors[0] if errors else Problem()
