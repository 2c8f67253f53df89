"""What a push service's answer means, by what the sender does next.

Sources: RFC 8030 §5 and §7.3, RFC 8292 §4.2, mozilla-services.github.io/autopush-rs/errors.html,
developer.apple.com, Sending web push notifications in web apps and browsers (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from connectors.families.app.patience import waiting
from connectors.kit.errors import KitError, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Answer
from normalizer.errors import ErrorCode

ACCEPTED: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
REFUSED: Final[Mapping[int, ErrorCode]] = {
    HTTPStatus.BAD_REQUEST: ErrorCode.CONTENT_UNSUPPORTED,
    # Our key is not the one this browser subscribed with, or the subject leads nowhere. Any user could bring a
    # subscription of another key: that must not pause the lane of all others.
    HTTPStatus.UNAUTHORIZED: ErrorCode.AUTH_FAILED,
    HTTPStatus.FORBIDDEN: ErrorCode.AUTH_FAILED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ErrorCode.CONTENT_UNSUPPORTED,
}
LONGEST: Final = 200
"""Characters kept of the service's own words."""


def refusal(answer: Answer, pause: float) -> KitError:
    """What went wrong; `pause` seconds are waited where the service had too much and does not say for how long."""
    number = str(answer.status)
    words = answer.body[:LONGEST].decode(errors="replace").strip()
    detail = f"HTTP status {number}" + (f": {words}" if words else "")
    if answer.status in GONE:
        return Unreachable("the browser's subscription is gone", for_good=True, provider_code=number)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = waiting(answer, pause)
        return Temporary(detail, retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in answer.headers:
        return Temporary(detail, retry_after=waiting(answer, pause), provider_code=number)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(detail, code=REFUSED.get(answer.status, ErrorCode.UNKNOWN), provider_code=number)
    return OutcomeUnknown(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
