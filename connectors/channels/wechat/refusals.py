"""What WeChat's answers mean, by what the sender does next. They are 200 with an `errcode` of their own.

Source: developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html (read 2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.channels.wechat.config import Config
from connectors.channels.wechat.templates import Template
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
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

OK: Final = 0
BUSY: Final = -1
TOO_MANY: Final = 45011
USED_UP: Final = 45009
STALE: Final = frozenset({40001, 40014, 42001})
"""The access token is not the one that counts: another one is fetched, once."""
LONGEST: Final = 300
"""Characters of a message that are kept."""
REMEDY: Final = (
    "WeChat refuses a token it has just given: check app_id and app_secret, and whether anything else renews the"
    " account's stable token by force"
)


class Row(NamedTuple):
    error: type[Refused | OptedOut | Unreachable | Misconfigured]
    code: ErrorCode


UNFIT: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
CLOSED: Final = Row(Refused, ErrorCode.WINDOW_CLOSED)
NO_FILE: Final = Row(Refused, ErrorCode.MEDIA_UNSUPPORTED)
TOO_LARGE: Final = Row(Refused, ErrorCode.MEDIA_TOO_LARGE)
BAD_TEMPLATE: Final = Row(Refused, ErrorCode.TEMPLATE_INVALID)
LEFT: Final = Row(OptedOut, ErrorCode.OPTED_OUT)
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)
DENIED: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
UNABLE: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)

ROWS: Final[Mapping[int, Row]] = {
    40002: DENIED,
    40013: DENIED,
    40125: DENIED,
    40164: DENIED,  # our address is not on the account's list
    41001: DENIED,
    41002: DENIED,
    41004: DENIED,
    48001: UNABLE,  # the account has no right to this interface: it is not verified
    48004: UNABLE,  # the interface is banned
    50002: UNABLE,
    45015: CLOSED,  # nothing was heard of them for 48 hours, or they unsubscribed
    45047: CLOSED,  # as much was said as may be until they speak again
    43004: LEFT,
    43019: LEFT,
    48002: LEFT,
    43101: Row(Refused, ErrorCode.NOT_OPTED_IN),
    40003: NOBODY,
    46004: NOBODY,
    40004: NO_FILE,
    40005: NO_FILE,
    40007: Row(Refused, ErrorCode.MEDIA_UNREACHABLE),  # it was kept for three days
    40008: UNFIT,
    40137: NO_FILE,
    40006: TOO_LARGE,
    40009: TOO_LARGE,
    40010: TOO_LARGE,
    40011: TOO_LARGE,
    40012: TOO_LARGE,
    45001: TOO_LARGE,
    45007: TOO_LARGE,
    44004: UNFIT,
    45002: UNFIT,
    45003: UNFIT,
    45008: UNFIT,
    47001: UNFIT,
    40037: BAD_TEMPLATE,
    47003: BAD_TEMPLATE,  # what fills one of its places does not fit
    45166: Row(Refused, ErrorCode.POLICY_REJECTED),
}
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of any answer."""

    errcode: int = OK
    errmsg: str = ""
    access_token: str = ""
    expires_in: int = 0
    media_id: str = ""
    video_url: str = ""
    ip_list: list[str] = []
    msgid: int = 0
    """Of a template message; reports name it."""
    template_list: list[Template] = []


TOLD = msgspec.json.Decoder(Told)


def told(answer: Answer, config: Config, *, reads: bool = False) -> Told:
    """A success, or that the token is stale; `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    if answer.status != HTTPStatus.OK:
        raise by_status(answer, config.rate_pause, doubt)
    try:
        found = decode(answer.body, TOLD)
    except BadPayload as error:
        raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
    if found.errcode == OK or found.errcode in STALE:
        return found
    raise refusal(found, config)


def refusal(found: Told, config: Config) -> KitError:
    detail, number = found.errmsg[:LONGEST] or f"errcode {found.errcode}", str(found.errcode)
    pauses = {TOO_MANY: config.rate_pause, USED_UP: config.quota_pause}
    if found.errcode in pauses:
        wait = pauses[found.errcode]
        return Temporary(detail, retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if found.errcode == BUSY:
        return Temporary(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=number)
    if found.errcode in STALE:
        return Misconfigured(REMEDY, code=ErrorCode.AUTH_FAILED, provider_code=number)
    row = ROWS.get(found.errcode, UNKNOWN)
    return row.error(detail, code=row.code, provider_code=number)
