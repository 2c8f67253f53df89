"""What WhatsApp's error codes mean, in answers and in reports of failure.

Source: developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes, and pywa 4.5 (read 2026-11).
"""

from typing import Final

from connectors.families.meta.failure import BUSY, COMMON, PERMISSION, RATE, TOKEN, Row, Table
from connectors.kit.errors import Refused, Temporary, Unreachable
from normalizer.errors import ErrorCode

_CONTENT: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
_MEDIA: Final = Row(Refused, ErrorCode.MEDIA_UNREACHABLE)
_POLICY: Final = Row(Refused, ErrorCode.POLICY_REJECTED)
_TEMPLATE: Final = Row(Refused, ErrorCode.TEMPLATE_INVALID)
_NOBODY: Final = Row(Unreachable, ErrorCode.UNREACHABLE)

TABLE: Final[Table] = {
    33: TOKEN,  # the number is gone
    100: _CONTENT,
    368: PERMISSION,  # blocked for a time, for breaking the policy
    130429: RATE,
    130472: _POLICY,  # the reader is in an experiment that gets no marketing
    130497: Row(Unreachable, ErrorCode.POLICY_REJECTED),  # their country is closed to this business
    131000: BUSY,
    131005: PERMISSION,
    131008: _CONTENT,
    131009: _CONTENT,
    131016: BUSY,
    131021: Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    131026: _NOBODY,
    131030: _NOBODY,  # a test number writes to five people only
    131031: PERMISSION,
    131037: PERMISSION,
    131042: PERMISSION,  # nothing is left to pay with
    131045: PERMISSION,
    131047: Row(Refused, ErrorCode.WINDOW_CLOSED),
    131048: RATE,
    131049: _POLICY,  # too much marketing for this reader, from everybody together; tomorrow perhaps
    131050: Row(Refused, ErrorCode.OPTED_OUT),  # of marketing only, so the route stays open
    131051: _CONTENT,
    131052: _MEDIA,
    131053: _MEDIA,
    131056: Row(Temporary, ErrorCode.RATE_LIMITED, alone=True),  # too much to this one reader
    131057: BUSY,
    131062: Row(Unreachable, ErrorCode.INVALID_ADDRESS),  # this kind of message goes to telephone numbers only
    131063: _POLICY,
    131064: RATE,
    132000: _TEMPLATE,
    132001: _TEMPLATE,
    132005: _TEMPLATE,
    132007: _TEMPLATE,
    132008: _TEMPLATE,
    132012: _TEMPLATE,
    132015: _TEMPLATE,
    132016: _TEMPLATE,
    132068: _POLICY,
    132069: RATE,
    133010: PERMISSION,
    133016: RATE,
    135000: Row(Refused, ErrorCode.UNKNOWN),
    137000: Row(Unreachable, ErrorCode.UNREACHABLE),
}


ON_PREMISES: Final[Table] = {
    402: PERMISSION,  # nothing is left to pay with
    429: RATE,
    430: PERMISSION,
    432: PERMISSION,
    433: PERMISSION,
    470: Row(Refused, ErrorCode.WINDOW_CLOSED),
    471: RATE,
    472: _POLICY,  # the reader is in an experiment
    500: BUSY,
    1001: _CONTENT,
    1002: Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    1005: PERMISSION,
    1008: _CONTENT,
    1009: _CONTENT,
    1011: BUSY,
    1013: _NOBODY,
    1014: BUSY,
    1015: RATE,
    1016: BUSY,
    1021: Row(Unreachable, ErrorCode.INVALID_ADDRESS),
    1024: _CONTENT,
    1026: _NOBODY,
    2000: _TEMPLATE,
    2001: _TEMPLATE,
    2003: _TEMPLATE,
    2004: _TEMPLATE,
    2005: _TEMPLATE,
    2006: _TEMPLATE,
    2007: _TEMPLATE,
    2012: _TEMPLATE,
}
"""Of the API that numbers had before, whose codes those who carry WhatsApp may still pass on. Source:
developers.facebook.com/docs/whatsapp/api/errors (read 2026-11)."""


def reported(code: int | None) -> ErrorCode:
    """What a report of failure means."""
    row = None if code is None else TABLE.get(code) or COMMON.get(code) or ON_PREMISES.get(code)
    return ErrorCode.UNKNOWN if row is None else row.code
