"""What Graph's errors mean, by what the sender does next. Their `code` decides, with its `error_subcode` where a table
tells them apart; the HTTP status where there is no code.

What is not in the tables and came with 5xx may have been performed. Source:
developers.facebook.com/docs/graph-api/guides/error-handling (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.kit.errors import (
    BadPayload,
    KitError,
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of a message that are kept."""
PERMISSIONS: Final = range(200, 300)


class Row(NamedTuple):
    error: type[Temporary | OutcomeUnknown | Refused | OptedOut | Unreachable | Misconfigured]
    code: ErrorCode
    pauses: bool = False
    """Of Temporary: the whole lane waits, for as long as the operator set."""
    alone: bool = False
    """Of Temporary: as `Temporary.alone`."""


Table = Mapping[int | tuple[int, int], Row]
"""By code, or by code and subcode, which comes first."""

RATE: Final = Row(Temporary, ErrorCode.RATE_LIMITED, pauses=True)
BUSY: Final = Row(Temporary, ErrorCode.PROVIDER_DOWN)
TOKEN: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
PERMISSION: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
COMMON: Final[Table] = {
    0: TOKEN,
    1: Row(OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    2: BUSY,
    3: PERMISSION,
    4: RATE,
    10: PERMISSION,
    17: RATE,
    32: RATE,
    102: TOKEN,
    190: TOKEN,
    463: TOKEN,
    467: TOKEN,
    613: RATE,
    80007: RATE,
}


class Data(msgspec.Struct, frozen=True, kw_only=True):
    details: str = ""


class Error(msgspec.Struct, frozen=True, kw_only=True):
    message: str = ""
    title: str = ""
    code: int | None = None
    error_subcode: int | None = None
    error_data: Data = Data()


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """An error in the older form of a list, as WhatsApp on premises had it."""

    code: int | None = None
    title: str = ""
    details: str = ""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    error: Error = Error()
    errors: list[Plain] = []

    @property
    def told(self) -> Error:
        if not self.errors:
            return self.error
        first = self.errors[0]
        return Error(code=first.code, message=first.title, error_data=Data(details=first.details))


FAILED: Final = msgspec.json.Decoder(Failed)


def failure(answer: Answer, table: Table, pause: float, *, reads: bool = False) -> KitError:
    """The error an answer that is no success stands for. `pause` seconds are waited where Meta had too much; `reads`
    where nothing was to change."""
    try:
        told = decode(answer.body, FAILED).told
    except BadPayload:  # not Graph's own form, such as a proxy's page: its status speaks alone
        told = Error()
    details = told.error_data.details
    detail = (f"{told.message} ({details})" if details and details != told.message else told.message)[:LONGEST]
    detail = detail or f"HTTP status {answer.status}"
    row = _by_status(answer.status) if told.code is None else row_of(told, table)
    if row is None:
        row = Row(OutcomeUnknown, ErrorCode.PROVIDER_DOWN) if answer.status >= 500 or answer.status < 400 else UNKNOWN
    return _made(row, detail, _named(told, answer.status), pause, reads=reads)


def row_of(told: Error, table: Table) -> Row | None:
    """None for what no table knows."""
    if told.code is None:
        return None
    if told.error_subcode is not None and (told.code, told.error_subcode) in table:
        return table[told.code, told.error_subcode]
    return table.get(told.code) or COMMON.get(told.code) or (PERMISSION if told.code in PERMISSIONS else None)


def _made(row: Row, detail: str, number: str, pause: float, *, reads: bool) -> KitError:
    if row.error is Temporary:
        wait = pause if row.pauses else None
        return Temporary(detail, retry_after=wait, alone=row.alone, code=row.code, provider_code=number)
    if row.error is OutcomeUnknown and reads:
        return Temporary(detail, code=row.code, provider_code=number)
    return row.error(detail, code=row.code, provider_code=number)


def _named(told: Error, status: int) -> str:
    if told.code is None:
        return str(status)
    return str(told.code) if told.error_subcode is None else f"{told.code}/{told.error_subcode}"


def _by_status(status: int) -> Row | None:
    return STATUSES.get(status)


STATUSES: Final[Mapping[int, Row]] = {
    HTTPStatus.UNAUTHORIZED: TOKEN,
    HTTPStatus.FORBIDDEN: PERMISSION,
    HTTPStatus.TOO_MANY_REQUESTS: RATE,
}
