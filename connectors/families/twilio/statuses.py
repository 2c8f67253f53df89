"""What Twilio's codes mean: statuses of a message, errors of a report, refusals of a request.

Source: twilio.com/docs/messaging/api/message-resource#message-status-values, twilio.com/docs/api/errors (read 2026-11).
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from connectors.kit.errors import Misconfigured, OptedOut, Refused, Temporary, Unreachable
from normalizer.errors import ErrorCode
from normalizer.status import Status

STATUS: Final[Mapping[str, Status]] = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "partially_delivered": Status.DELIVERED,
    "read": Status.READ,
    "undelivered": Status.FAILED,
    "failed": Status.FAILED,
    "canceled": Status.CANCELLED,
}
INCOMING: Final = frozenset({"receiving", "received"})
"""Statuses of what people write to us."""
UNDONE: Final = frozenset({Status.FAILED, Status.CANCELLED})


_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


class Row(NamedTuple):
    error: type[Temporary | Refused | OptedOut | Unreachable | Misconfigured]
    """What a request that was answered so raises."""
    code: ErrorCode
    """What a report with this code says, too."""
    wait: float | None = None
    """Seconds, where Twilio names none with it."""


BUSY: Final = Row(Temporary, ErrorCode.RATE_LIMITED, 1.0)
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)
OUT_OF_REACH: Final = Row(Unreachable, ErrorCode.UNREACHABLE)
# The operator has something to mend, and yet it stops messages to some people only: the lane goes on.
NOT_ALLOWED: Final = Row(Unreachable, ErrorCode.MISCONFIGURED)
NO_ACCESS: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
NO_SENDER: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
NO_CONTENT: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
NO_MEDIA: Final = Row(Refused, ErrorCode.MEDIA_UNSUPPORTED)
TOO_LARGE: Final = Row(Refused, ErrorCode.MEDIA_TOO_LARGE)
NOT_FETCHED: Final = Row(Refused, ErrorCode.MEDIA_UNREACHABLE)
FILTERED: Final = Row(Refused, ErrorCode.POLICY_REJECTED)
CAPPED: Final = Row(Refused, ErrorCode.RATE_LIMITED)
UNREGISTERED: Final = Row(Refused, ErrorCode.MISCONFIGURED)
UPSTREAM: Final = Row(Refused, ErrorCode.PROVIDER_DOWN)
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)

CODES: Final[Mapping[int, Row]] = {
    # limits
    14107: BUSY,
    20429: BUSY,
    21611: Row(Temporary, ErrorCode.RATE_LIMITED, 60.0),  # the sender's queue holds ten hours of messages already
    # credentials
    20003: NO_ACCESS,
    20005: NO_ACCESS,  # the account is suspended or closed
    20006: NO_ACCESS,
    20008: NO_ACCESS,  # test credentials
    20403: NO_ACCESS,
    20404: NO_SENDER,
    # the sender, or what it is told to call
    21212: NO_SENDER,
    21603: NO_SENDER,
    21606: NO_SENDER,
    21607: NO_SENDER,
    21609: NO_SENDER,  # the address for reports is none
    21659: NO_SENDER,
    21660: NO_SENDER,
    21661: NO_SENDER,
    21701: NO_SENDER,
    21703: NO_SENDER,  # the messaging service has no numbers
    21704: NO_SENDER,
    21705: NO_SENDER,
    21218: NO_SENDER,  # no such TwiML application
    # the recipient
    21211: NOBODY,
    21217: NOBODY,
    21604: NOBODY,
    21614: NOBODY,
    21214: OUT_OF_REACH,
    21612: OUT_OF_REACH,
    21635: OUT_OF_REACH,  # a landline
    21202: OUT_OF_REACH,  # an emergency or service number
    21215: NOT_ALLOWED,  # calls to the country are not permitted
    21408: NOT_ALLOWED,  # the country is not permitted
    21608: NOT_ALLOWED,  # a trial account writes to verified numbers only
    21610: Row(OptedOut, ErrorCode.OPTED_OUT),
    # the content
    21602: NO_CONTENT,
    21605: NO_CONTENT,
    21617: NO_CONTENT,
    21619: NO_CONTENT,
    21621: NO_MEDIA,
    21622: NO_MEDIA,
    21623: NO_MEDIA,
    21620: NOT_FETCHED,
    21654: Row(Refused, ErrorCode.TEMPLATE_INVALID),
    21655: Row(Refused, ErrorCode.TEMPLATE_INVALID),  # the content was deleted meanwhile
    21656: Row(Refused, ErrorCode.TEMPLATE_INVALID),  # a value is empty, or of several lines
    # mostly reported later
    11200: NOT_FETCHED,
    11751: TOO_LARGE,
    12300: NO_MEDIA,
    30001: CAPPED,
    30002: NO_ACCESS,
    30003: OUT_OF_REACH,
    30004: Row(OptedOut, ErrorCode.OPTED_OUT),
    30005: NOBODY,
    30006: OUT_OF_REACH,
    30007: FILTERED,
    30008: UNKNOWN,
    30009: UPSTREAM,  # a piece of it was lost
    30010: UNREGISTERED,  # dearer than the price the account allows
    30011: NO_MEDIA,
    30017: UPSTREAM,
    30018: UNREGISTERED,
    30019: TOO_LARGE,
    30022: CAPPED,
    30023: CAPPED,
    30024: UNREGISTERED,
    30027: CAPPED,
    30032: UNREGISTERED,
    30034: UNREGISTERED,
    30036: Row(Refused, ErrorCode.EXPIRED),
    # of chats
    63003: NOBODY,
    63005: NO_CONTENT,
    63007: NO_SENDER,
    63009: UPSTREAM,
    63010: UPSTREAM,
    63012: UPSTREAM,
    63013: FILTERED,
    63014: Row(OptedOut, ErrorCode.OPTED_OUT),
    63015: NOT_ALLOWED,  # the sandbox was not joined
    63016: Row(Refused, ErrorCode.WINDOW_CLOSED),
    63017: CAPPED,
    63018: CAPPED,
    63019: NOT_FETCHED,
    63021: NO_CONTENT,
    63024: NOBODY,
    63027: Row(Refused, ErrorCode.TEMPLATE_INVALID),
    63032: FILTERED,
    63033: Row(OptedOut, ErrorCode.OPTED_OUT),
    63034: NO_MEDIA,
    63038: CAPPED,
    63041: Row(Refused, ErrorCode.TEMPLATE_INVALID),
}
"""By `code` of an answer and `ErrorCode` of a report. What is not here speaks by its HTTP status, or is unknown."""


def row_of(code: str | None) -> Row:
    """The row of a reported code."""
    return CODES.get(int(code), UNKNOWN) if code and _NUMBER.fullmatch(code) else UNKNOWN
