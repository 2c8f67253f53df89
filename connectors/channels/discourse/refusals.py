"""What the forum's refusals mean, by what the sender does next.

Source: github.com/discourse/discourse, app/controllers/application_controller.rb (`render_rate_limit_error`,
`rescue_discourse_actions`) and posts_controller.rb (read 2026-11).
"""

from http import HTTPStatus
from typing import Final

from connectors.channels.discourse.event import PROBLEM, Problem
from connectors.kit.errors import BadPayload, KitError, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
LONGEST_WAIT: Final = 3600.0


def refusal(answer: Answer, pause: float, *, reads: bool = False) -> KitError:
    """The error an answer stands for that is no success. `reads`: nothing was to change."""
    problem = _problem(answer)
    detail = (problem.errors[0] if problem.errors else f"HTTP status {answer.status}")[:LONGEST]
    number = problem.error_type or str(answer.status)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        seconds = problem.extras.wait_seconds if problem.extras else None
        wait = min(max(seconds, 1.0), LONGEST_WAIT) if seconds is not None else pause
        return Temporary(detail, retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Misconfigured(detail, code=ErrorCode.AUTH_FAILED, provider_code=number)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(detail, code=ErrorCode.POLICY_REJECTED, provider_code=number)
    return (Temporary if reads else OutcomeUnknown)(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)


def _problem(answer: Answer) -> Problem:
    try:
        return decode(answer.body, PROBLEM)
    except BadPayload:
        return Problem()
