"""What APNs' reasons mean, by what the sender does next.

Source: developer.apple.com, Handling notification responses from APNs (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.families.app.patience import waiting
from connectors.kit.errors import BadPayload, KitError, Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode


class Told(msgspec.Struct, frozen=True):
    reason: str = ""


TOLD: Final = msgspec.json.Decoder(Told)
EXPIRED: Final = "ExpiredProviderToken"


class Row(NamedTuple):
    error: type[Refused | Misconfigured | OutcomeUnknown]
    code: ErrorCode


UNTAKEN: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
CREDENTIALS: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
SET_UP: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
DOUBT: Final = Row(OutcomeUnknown, ErrorCode.PROVIDER_DOWN)

ROWS: Final[Mapping[str, Row]] = {
    "BadCollapseId": UNTAKEN,
    "BadExpirationDate": UNTAKEN,
    "BadMessageId": UNTAKEN,
    "BadPriority": UNTAKEN,
    "DuplicateHeaders": UNTAKEN,
    "InvalidPushType": UNTAKEN,
    "PayloadEmpty": UNTAKEN,
    "PayloadTooLarge": UNTAKEN,
    "BadPath": UNTAKEN,
    "MethodNotAllowed": UNTAKEN,
    "MissingDeviceToken": UNTAKEN,
    "BadTopic": SET_UP,
    "MissingTopic": SET_UP,
    "TopicDisallowed": SET_UP,
    "BadCertificate": CREDENTIALS,
    "BadCertificateEnvironment": CREDENTIALS,
    "BadEnvironmentKeyIdInToken": CREDENTIALS,
    "ExpiredProviderToken": CREDENTIALS,
    "Forbidden": CREDENTIALS,
    "InvalidProviderToken": CREDENTIALS,
    "MissingProviderToken": CREDENTIALS,
    "UnrelatedKeyIdInToken": CREDENTIALS,
    "InternalServerError": DOUBT,
}
GONE: Final[Mapping[str, ErrorCode]] = {
    "BadDeviceToken": ErrorCode.INVALID_ADDRESS,
    "DeviceTokenNotForTopic": ErrorCode.INVALID_ADDRESS,
    "ExpiredToken": ErrorCode.UNREACHABLE,
    "Unregistered": ErrorCode.UNREACHABLE,
}
WAITS: Final = frozenset({"TooManyRequests", "TooManyProviderTokenUpdates"})
UNTAKEN_YET: Final = frozenset({"ServiceUnavailable", "Shutdown", "IdleTimeout"})
"""APNs says that it does nothing at the moment."""


def refusal(answer: Answer, pause: float) -> KitError:
    """What went wrong; `pause` seconds are waited where there was too much."""
    reason = _reason(answer)
    name = reason or str(answer.status)
    words = reason or f"HTTP status {answer.status}"
    if reason in WAITS or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = waiting(answer, pause)
        # Of one device only, unless it is about our tokens: but who is told to wait had better do.
        return Temporary(words, retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=name)
    if reason in GONE or answer.status == HTTPStatus.GONE:
        return Unreachable(words, for_good=True, code=GONE.get(reason, ErrorCode.UNREACHABLE), provider_code=name)
    if reason in UNTAKEN_YET:
        return Temporary(words, provider_code=name)
    row = ROWS.get(reason) or _by_status(answer.status)
    return row.error(words, code=row.code, provider_code=name)


def _by_status(status: int) -> Row:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return CREDENTIALS
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Row(Refused, ErrorCode.UNKNOWN)
    return DOUBT


def _reason(answer: Answer) -> str:
    """Apple's word; empty where it is not APNs that answers."""
    try:
        return decode(answer.body, TOLD).reason[:100]
    except BadPayload:
        return ""
