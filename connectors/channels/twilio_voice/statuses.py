"""What Twilio's words for a call mean.

Source: twilio.com/docs/voice/api/call-resource#call-status-values (read 2026-11).
"""

from collections.abc import Mapping
from typing import Final

from normalizer.errors import ErrorCode
from normalizer.parts import CallStatus
from normalizer.status import Status

CALL: Final[Mapping[str, CallStatus]] = {
    "queued": CallStatus.RINGING,
    "initiated": CallStatus.RINGING,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.ANSWERED,
    "answered": CallStatus.ANSWERED,
    "completed": CallStatus.COMPLETED,
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "canceled": CallStatus.CANCELLED,
    "failed": CallStatus.FAILED,
}
OVER: Final = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})
DELIVERY: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("queued", "initiated", "ringing"), Status.ACCEPTED),
    **dict.fromkeys(("in-progress", "answered", "completed"), Status.DELIVERED),
    **dict.fromkeys(("busy", "no-answer", "canceled", "failed"), Status.FAILED),
}
"""What that is for the message a call of ours reads out: heard from when somebody answers."""
ERROR: Final[Mapping[str, ErrorCode]] = {
    "busy": ErrorCode.UNREACHABLE,
    "no-answer": ErrorCode.UNREACHABLE,
    "canceled": ErrorCode.UNKNOWN,
    "failed": ErrorCode.UNREACHABLE,
}
