"""What a carrier's status means, by what the sender does next.

Source: SMPP v3.4, 5.1.3 (read 2026-11). Statuses from 0x400 on are a carrier's own.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from connectors.kit.errors import KitError, Misconfigured, Refused, Temporary, Unreachable
from normalizer.errors import ErrorCode

OK: Final = 0
TOO_MUCH: Final = frozenset({0x14, 0x58})
"""A full queue, and throttling: the connector waits."""
FOR_NOW: Final = frozenset({0x08, 0x64, 0xFE})


class Row(NamedTuple):
    error: type[Refused | Unreachable | Misconfigured]
    code: ErrorCode


FORM: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
OURS: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
LOGIN: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
POLICY: Final = Row(Refused, ErrorCode.POLICY_REJECTED)
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)
ROWS: Final[Mapping[int, Row]] = {
    0x01: FORM,
    0x02: FORM,
    0x03: OURS,
    0x04: OURS,
    0x0A: OURS,  # the source address is configured
    0x0B: NOBODY,
    0x0D: LOGIN,
    0x0E: LOGIN,
    0x0F: LOGIN,
    0x15: OURS,
    0x43: FORM,
    0x45: POLICY,
    0x48: OURS,
    0x49: OURS,
    0x50: OURS,
    0x51: OURS,
    0x61: FORM,
    0x62: FORM,
    0x65: POLICY,
    0x66: POLICY,
}
UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
ALREADY_BOUND: Final = 0x05


def refusal(status: int, pause: float) -> KitError:
    """The error for a message that was not taken."""
    shown = f"0x{status:08x}"
    if status in TOO_MUCH:
        return Temporary(f"status {shown}", retry_after=pause, code=ErrorCode.RATE_LIMITED, provider_code=shown)
    if status in FOR_NOW:
        return Temporary(f"status {shown}", code=ErrorCode.PROVIDER_DOWN, provider_code=shown)
    row = ROWS.get(status, UNKNOWN)
    return row.error(f"status {shown}", code=row.code, provider_code=shown)


def bind_refusal(status: int, pause: float) -> KitError:
    """The error for a session that was not begun: whatever is not for now is about our account."""
    if status in TOO_MUCH or status in FOR_NOW:
        return refusal(status, pause)
    shown = f"0x{status:08x}"
    if status == ALREADY_BOUND:
        return Temporary("the account is bound elsewhere", code=ErrorCode.PROVIDER_DOWN, provider_code=shown)
    row = ROWS.get(status)
    code = row.code if row is LOGIN else ErrorCode.MISCONFIGURED
    return Misconfigured(f"the carrier refuses the session: status {shown}", code=code, provider_code=shown)
