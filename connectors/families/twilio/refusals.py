"""What Twilio's answers that are no success mean, by what the asker does next.

A 4xx was not performed; a 5xx may have been. Source: twilio.com/docs/usage/twilios-response#response-formats-exceptions
(read 2026-11).
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.families.twilio.statuses import BUSY, CODES, NO_ACCESS, NO_SENDER, UNKNOWN, Row
from connectors.kit.errors import BadPayload, KitError, OutcomeUnknown, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of a message that are kept."""
_SECONDS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)

STATUSES: Final[Mapping[int, Row]] = {
    HTTPStatus.UNAUTHORIZED: NO_ACCESS,
    HTTPStatus.FORBIDDEN: NO_ACCESS,
    HTTPStatus.NOT_FOUND: NO_SENDER,
    HTTPStatus.TOO_MANY_REQUESTS: BUSY,
}
"""What the status says by itself, where no code is known."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """`{"code": …, "message": …, "more_info": …, "status": …}`."""

    code: int | None = None
    message: str | None = None


FAILURE: Final = msgspec.json.Decoder(Failure)


def refusal(answer: Answer, *, reads: bool = False) -> KitError:
    """The error an answer stands for; `reads` where nothing at Twilio was to change."""
    try:
        told = decode(answer.body, FAILURE)
    except BadPayload:  # not Twilio's own form, such as a proxy's page: its status speaks alone
        told = Failure()
    detail = (told.message or "")[:LONGEST] or f"HTTP status {answer.status}"
    provider_code = str(told.code or answer.status)
    if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        doubt = Temporary if reads else OutcomeUnknown
        return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=provider_code)
    row = CODES.get(told.code or 0) or STATUSES.get(answer.status, UNKNOWN)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and row.error is not Temporary:
        row = BUSY
    if row.error is Temporary:
        wait = _told(answer.headers.get("retry-after"), row.wait)
        return Temporary(detail, retry_after=wait, code=row.code, provider_code=provider_code)
    return row.error(detail, code=row.code, provider_code=provider_code)


def _told(header: str | None, otherwise: float | None) -> float | None:
    """Seconds to wait, at least one: what is told to come again at once would never stop coming."""
    return max(float(header), 1.0) if header is not None and _SECONDS.fullmatch(header) else otherwise
