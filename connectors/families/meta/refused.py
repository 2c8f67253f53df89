"""What the Send API's errors mean, of Messenger and of Instagram.

Source: developers.facebook.com/docs/messenger-platform/error-codes (read 2026-11).
"""

from typing import Final

from connectors.families.meta.failure import BUSY, RATE, Row, Table
from connectors.kit.errors import Refused, Unreachable
from normalizer.errors import ErrorCode

_GONE: Final = Row(Unreachable, ErrorCode.UNREACHABLE)

TABLE: Final[Table] = {
    (4, 2018022): RATE,
    (10, 2018278): Row(Refused, ErrorCode.WINDOW_CLOSED),
    100: Row(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (100, 2018001): Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    (100, 2018109): RATE,
    (200, 1545041): _GONE,
    368: Row(Refused, ErrorCode.POLICY_REJECTED),
    551: _GONE,  # blocked us, left, or cannot be written to now: it does not say which
    1200: BUSY,
}
