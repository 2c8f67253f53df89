"""What FCM's errors mean, by what the sender does next.

Sources: firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode, firebase.google.com/docs/cloud-messaging/error-codes
(read 2026-11).
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

LONGEST: Final = 200
"""Characters kept of FCM's own words."""
TOKEN_FIELD: Final = "message.token"  # noqa: S105 - a field's name


class Violation(msgspec.Struct, frozen=True):
    field: str = ""


class Detail(msgspec.Struct, frozen=True, rename={"error_code": "errorCode", "violations": "fieldViolations"}):
    error_code: str = ""
    violations: tuple[Violation, ...] = ()


class Error(msgspec.Struct, frozen=True):
    message: str = ""
    status: str = ""
    details: tuple[Detail, ...] = ()

    @property
    def code(self) -> str:
        """FCM's own word, else that of all of Google's interfaces."""
        return next((detail.error_code for detail in self.details if detail.error_code), self.status)

    @property
    def fields(self) -> tuple[str, ...]:
        """What of the request was wrong."""
        return tuple(one.field for detail in self.details for one in detail.violations)


class Told(msgspec.Struct, frozen=True):
    error: Error = Error()


TOLD: Final = msgspec.json.Decoder(Told)


class Row(NamedTuple):
    error: type[Refused | Misconfigured | OutcomeUnknown | Temporary]
    code: ErrorCode


ROWS: Final[Mapping[str, Row]] = {
    "INVALID_ARGUMENT": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "THIRD_PARTY_AUTH_ERROR": Row(Refused, ErrorCode.MISCONFIGURED),  # of one platform; the others go on
    "APNS_AUTH_ERROR": Row(Refused, ErrorCode.MISCONFIGURED),
    "UNAVAILABLE": Row(Temporary, ErrorCode.PROVIDER_DOWN),
    "INTERNAL": Row(OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    "UNAUTHENTICATED": Row(Misconfigured, ErrorCode.AUTH_FAILED),
    "PERMISSION_DENIED": Row(Misconfigured, ErrorCode.AUTH_FAILED),
    "NOT_FOUND": Row(Misconfigured, ErrorCode.MISCONFIGURED),  # not the device, which is UNREGISTERED: the project
}
BY_STATUS: Final[Mapping[int, Row]] = {
    HTTPStatus.UNAUTHORIZED: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    HTTPStatus.FORBIDDEN: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    HTTPStatus.NOT_FOUND: Row(Misconfigured, ErrorCode.MISCONFIGURED),
}
GONE: Final[Mapping[str, ErrorCode]] = {
    "UNREGISTERED": ErrorCode.UNREACHABLE,
    "SENDER_ID_MISMATCH": ErrorCode.INVALID_ADDRESS,  # a device of another project, as anybody may bring
}


def refusal(answer: Answer, pause: float) -> KitError:
    """What went wrong. `pause` seconds are waited where there was too much and FCM does not say for how long."""
    number, told = str(answer.status), _told(answer)
    words, name = told.message[:LONGEST] or f"HTTP status {number}", told.code[:100] or number
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = waiting(answer, pause)
        return Temporary(words, retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=name)
    if name in GONE:
        return Unreachable(words, for_good=True, code=GONE[name], provider_code=name)
    if name == "INVALID_ARGUMENT" and set(told.fields) <= {TOKEN_FIELD} and told.details:
        return Unreachable(words, for_good=True, code=ErrorCode.INVALID_ADDRESS, provider_code=name)
    row = ROWS.get(name) or BY_STATUS.get(answer.status) or _other(answer.status)
    if row.error is Temporary:
        told_to_wait = waiting(answer, pause) if "retry-after" in answer.headers else None
        return Temporary(words, retry_after=told_to_wait, code=row.code, provider_code=name)
    return row.error(words, code=row.code, provider_code=name)


def _other(status: int) -> Row:
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Row(Refused, ErrorCode.UNKNOWN)
    return Row(OutcomeUnknown, ErrorCode.PROVIDER_DOWN)


def _told(answer: Answer) -> Error:
    """What FCM says; nothing where it is not FCM that answers."""
    try:
        return decode(answer.body, TOLD).error
    except BadPayload:
        return Error()
