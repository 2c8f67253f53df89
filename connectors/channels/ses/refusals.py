"""What the refusals of SES mean, by what the sender does next.

Source: docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, …/CommonErrors.html (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.kit.errors import BadPayload, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of an answer that are kept."""


class Told(msgspec.Struct, frozen=True):
    message_id: str = msgspec.field(name="MessageId", default="")
    message: str | None = None
    message_: str | None = msgspec.field(name="Message", default=None)
    type: str | None = msgspec.field(name="__type", default=None)


class Row(NamedTuple):
    error: type[Refused | Misconfigured]
    code: ErrorCode


OURS: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
LOGIN: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
ROWS: Final[Mapping[str, Row]] = {
    "AccountSuspendedException": OURS,
    "SendingPausedException": OURS,
    "MailFromDomainNotVerifiedException": OURS,
    "NotFoundException": OURS,  # no such configuration set
    "BadRequestException": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "MessageRejected": Row(Refused, ErrorCode.POLICY_REJECTED),
    "AccessDeniedException": LOGIN,
    "UnrecognizedClientException": LOGIN,
    "InvalidClientTokenId": LOGIN,
    "InvalidSignatureException": LOGIN,
    "SignatureDoesNotMatch": LOGIN,
    "IncompleteSignature": LOGIN,
    "MissingAuthenticationToken": LOGIN,
    "ExpiredTokenException": LOGIN,
    "OptInRequired": LOGIN,
}
UNVERIFIED: Final = "not verified"
"""What a rejection says of an identity of ours, or of anybody while the account is in the sandbox."""
BUSY: Final = frozenset({"TooManyRequestsException", "ThrottlingException", "LimitExceededException", "Throttling"})
"""Nothing was accepted."""
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
TOLD: Final = msgspec.json.Decoder(Told)


def told(answer: Answer, pause: float, *, reads: bool = False) -> Told:
    """A success, as it reads. `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    name = answer.headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2]
    try:
        found = decode(answer.body, TOLD)
    except BadPayload as error:
        if answer.status == HTTPStatus.OK:
            raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        found = Told()
    if answer.status == HTTPStatus.OK:
        return found
    name = name or (found.type or "").partition(":")[0].rpartition("#")[2]
    detail = (found.message or found.message_ or name or f"HTTP status {answer.status}")[:LONGEST]
    number = name or str(answer.status)
    if name in BUSY or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Temporary(detail, retry_after=pause, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status < HTTPStatus.BAD_REQUEST:
        raise doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
    row = ROWS.get(name) or _by_status(answer.status)
    if name == "MessageRejected" and UNVERIFIED in detail:
        row = OURS
    raise row.error(detail, code=row.code, provider_code=number)


def _by_status(status: int) -> Row:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return LOGIN
    return Row(Refused, ErrorCode.MEDIA_TOO_LARGE) if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else UNKNOWN
