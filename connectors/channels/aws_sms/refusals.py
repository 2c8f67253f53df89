"""What the refusals of AWS mean, by what the sender does next.

Source: the description of the service that comes with botocore (pinpoint-sms-voice-v2, 2022-03-31; read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.kit.errors import BadPayload, Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300


class Attribute(msgspec.Struct, frozen=True, rename="pascal"):
    name: str = ""
    value: str = ""


class Told(msgspec.Struct, frozen=True, rename="pascal"):
    message_id: str = ""
    message: str | None = None
    message_: str | None = msgspec.field(name="message", default=None)
    reason: str = ""
    type: str = msgspec.field(name="__type", default="")
    account_attributes: tuple[Attribute, ...] = ()


class Row(NamedTuple):
    error: type[Refused | Misconfigured | OptedOut | Unreachable]
    code: ErrorCode


OURS: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
LOGIN: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
POLICY: Final = Row(Refused, ErrorCode.POLICY_REJECTED)
ROWS: Final[Mapping[str, Row]] = {
    "DESTINATION_PHONE_NUMBER_OPTED_OUT": Row(OptedOut, ErrorCode.OPTED_OUT),
    "DESTINATION_PHONE_NUMBER_NOT_VERIFIED": Row(Unreachable, ErrorCode.UNREACHABLE),
    "DESTINATION_COUNTRY_BLOCKED": POLICY,
    "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION": POLICY,
    "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE": POLICY,
    "INTERNATIONAL_SENDING_NOT_SUPPORTED": POLICY,
    "COUNTRY_NOT_ENABLED": POLICY,
    "PRICE_OVER_THRESHOLD": POLICY,
    **dict.fromkeys(
        (
            "INVALID_ARN",
            "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY",
            "SENDER_ID_NOT_REGISTERED",
            "SENDER_ID_NOT_SUPPORTED",
            "SENDER_ID_REQUIRES_REGISTRATION",
        ),
        OURS,
    ),
    "ConflictException": OURS,
    "ServiceQuotaExceededException": OURS,
    "ResourceNotFoundException": OURS,
    "ValidationException": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    **dict.fromkeys(
        (
            "AccessDeniedException",
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "IncompleteSignatureException",
            "MissingAuthenticationTokenException",
            "ExpiredTokenException",
        ),
        LOGIN,
    ),
}
"""By the reason, where it is told of, else by the name of the error."""
TOLD: Final = msgspec.json.Decoder(Told)


def told(answer: Answer, pause: float, *, reads: bool = False) -> Told:
    """A success, as it reads. `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    try:
        found = decode(answer.body, TOLD)
    except BadPayload as error:
        if answer.status == HTTPStatus.OK:
            raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        found = Told()
    if answer.status == HTTPStatus.OK:
        return found
    name = (answer.headers.get("x-amzn-errortype", "") or found.type).partition(":")[0].rpartition("#")[2]
    number = (found.reason or name or str(answer.status))[:80]
    detail = (found.message or found.message_ or number)[:LONGEST]
    if name == "ThrottlingException" or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Temporary(detail, retry_after=pause, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status < HTTPStatus.BAD_REQUEST:
        raise doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
    denied = answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    row = ROWS.get(found.reason) or ROWS.get(name) or (LOGIN if denied else Row(Refused, ErrorCode.UNKNOWN))
    raise row.error(detail, code=row.code, provider_code=number)
