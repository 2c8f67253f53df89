"""What an answer that is no success means by its HTTP status alone, where the provider's own word is not to be had."""

from http import HTTPStatus

from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from normalizer.errors import ErrorCode


def by_status(answer: Answer, pause: float, doubt: type[Temporary | OutcomeUnknown]) -> KitError:
    """The error it stands for. `pause`: seconds to wait where there was too much; `doubt`: what it is if the provider
    may have done what it was asked, or is down."""
    detail, number = f"HTTP status {answer.status}", str(answer.status)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Temporary(detail, retry_after=pause, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Misconfigured(detail, code=ErrorCode.AUTH_FAILED, provider_code=number)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(detail, code=ErrorCode.UNKNOWN, provider_code=number)
    return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
