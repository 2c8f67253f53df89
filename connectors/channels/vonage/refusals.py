"""What Vonage's refusals mean, by what the sender does next: of a request, and of a message reported `rejected`.

Source: developer.vonage.com/en/api-errors/messages, developer.vonage.com/en/api-errors (read 2026-11). Codes that
are not here are told as they came, and known as `unknown`.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.channels.vonage.event import Fault
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
"""Characters of a detail that are kept."""
CODE: Final = re.compile(r"[0-9]{3,5}", re.ASCII)
SECONDS: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
FAULT: Final = msgspec.json.Decoder(Fault)


class Row(NamedTuple):
    error: type[Refused | Unreachable | Misconfigured | Temporary]
    code: ErrorCode


ROWS: Final[Mapping[str, Row]] = {
    "1000": Row(Temporary, ErrorCode.RATE_LIMITED),
    "1010": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "1020": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "1021": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "1022": Row(Refused, ErrorCode.TEMPLATE_INVALID),
    "1030": Row(Temporary, ErrorCode.PROVIDER_DOWN),
    "1040": Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    "1050": Row(Refused, ErrorCode.POLICY_REJECTED),  # on the account's list of barred numbers
    "1060": Row(Misconfigured, ErrorCode.MISCONFIGURED),
    "1070": Row(Misconfigured, ErrorCode.MISCONFIGURED),  # nothing is left to pay with
    "1080": Row(Misconfigured, ErrorCode.MISCONFIGURED),
    "1090": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "1100": Row(Temporary, ErrorCode.PROVIDER_DOWN),
    "1120": Row(Misconfigured, ErrorCode.MISCONFIGURED),  # the sender is not allowed there
    "1130": Row(Misconfigured, ErrorCode.MISCONFIGURED),
    "1140": Row(Misconfigured, ErrorCode.MISCONFIGURED),
    "1150": Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "1160": Row(Refused, ErrorCode.POLICY_REJECTED),  # a trial account writes to listed numbers only
    "1340": Row(Refused, ErrorCode.WINDOW_CLOSED),
}
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
BY_STATUS: Final[Mapping[int, Row]] = {
    HTTPStatus.UNAUTHORIZED: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    HTTPStatus.PAYMENT_REQUIRED: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    HTTPStatus.FORBIDDEN: Row(Misconfigured, ErrorCode.AUTH_FAILED),
    HTTPStatus.NOT_FOUND: Row(Misconfigured, ErrorCode.MISCONFIGURED),
    HTTPStatus.TOO_MANY_REQUESTS: Row(Temporary, ErrorCode.RATE_LIMITED),
}


def row_of(code: str) -> Row:
    return ROWS.get(code, UNKNOWN)


def code_of(fault: Fault) -> str | None:
    """The number of a fault: its title, or what its type's address ends in."""
    found = (CODE.fullmatch(text) for text in (str(fault.title), fault.type.rpartition("#")[2]))
    return next((match[0] for match in found if match), None)


def refusal(answer: Answer, pause: float, *, reads: bool = False) -> KitError:
    """The error an answer that is no success stands for; `pause` seconds are waited where Vonage had too much and
    names no time, `reads` where nothing at Vonage was to change."""
    fault = _fault(answer.body)
    code = code_of(fault)
    detail = fault.detail[:LONGEST] or str(fault.title)[:LONGEST] or f"HTTP status {answer.status}"
    told = code or str(answer.status)
    if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        doubt = Temporary if reads else OutcomeUnknown
        return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=told)
    row = BY_STATUS.get(answer.status, UNKNOWN)
    row = ROWS.get(code, row) if code else row
    if row.error is Temporary:
        wait = _wait(answer.headers, pause) if row.code is ErrorCode.RATE_LIMITED else None
        return Temporary(detail, retry_after=wait, code=row.code, provider_code=told)
    return row.error(detail, code=row.code, provider_code=told)


def _fault(body: bytes) -> Fault:
    try:
        return decode(body, FAULT)
    except BadPayload:  # not Vonage's own form, such as a proxy's page: its status speaks alone
        return Fault()


def _wait(headers: Mapping[str, str], pause: float) -> float:
    told = headers.get("retry-after", "")
    return max(float(told), 1.0) if SECONDS.fullmatch(told) else pause
