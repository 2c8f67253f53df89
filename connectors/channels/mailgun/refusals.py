"""What Mailgun's refusals mean, by what the sender does next: its status, and for a wrong address its words.

Source: documentation.mailgun.com, API reference, *Messages* (read 2026-11).
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.kit.errors import BadPayload, Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of an answer that are kept."""


class Told(msgspec.Struct, frozen=True):
    message: str = ""
    id: str = ""


class Row(NamedTuple):
    error: type[Refused | Misconfigured | Unreachable]
    code: ErrorCode


ROWS: Final[Mapping[int, Row]] = {
    400: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    401: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    402: Row(Misconfigured, ErrorCode.MISCONFIGURED),  # not paid
    403: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    404: Row(Misconfigured, ErrorCode.MISCONFIGURED),  # no such domain
    413: Row(Refused, ErrorCode.MEDIA_TOO_LARGE),
}
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
WRONG_ADDRESS: Final = re.compile(r"'?to'? parameter is not a valid address")
TOLD: Final = msgspec.json.Decoder(Told)


def told(answer: Answer, pause: float, *, reads: bool = False) -> Told:
    """A success, as it reads. `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    number = str(answer.status)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = answer.headers.get("retry-after", "")
        seconds = float(wait) if wait.isdecimal() else pause
        raise Temporary("too many requests", retry_after=seconds, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or HTTPStatus.OK < answer.status < HTTPStatus.BAD_REQUEST:
        raise doubt(f"HTTP status {number}", code=ErrorCode.PROVIDER_DOWN, provider_code=number)
    try:
        found = decode(answer.body, TOLD)
    except BadPayload as error:
        if answer.status == HTTPStatus.OK:
            raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        found = Told()  # some refusals are plain text
    if answer.status == HTTPStatus.OK:
        return found
    wrong = answer.status == HTTPStatus.BAD_REQUEST and WRONG_ADDRESS.search(found.message)
    row = NOBODY if wrong else ROWS.get(answer.status, UNKNOWN)
    raise row.error(found.message[:LONGEST] or f"HTTP status {number}", code=row.code, provider_code=number)


def settled(answer: Answer, pause: float) -> Answer:
    """Of what may be repeated without harm: a success, else raises Temporary, Misconfigured."""
    try:
        told(answer, pause, reads=True)
    except Refused as error:
        raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
    return answer
