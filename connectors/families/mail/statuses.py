"""Enhanced status codes, by what the sender does next: of refusals, and of the bounces that come later.

Source: RFC 3463, RFC 7372, RFC 7505, the IANA registry of enhanced status codes (read 2026-11).
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from connectors.kit.errors import Misconfigured, OptedOut, Refused, Unreachable
from normalizer.errors import ErrorCode

ENHANCED: Final = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\w)")


class Row(NamedTuple):
    error: type[Refused | Unreachable | OptedOut | Misconfigured]
    code: ErrorCode


GONE: Final = Row(Unreachable, ErrorCode.UNREACHABLE)
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)
POLICY: Final = Row(Refused, ErrorCode.POLICY_REJECTED)
LARGE: Final = Row(Refused, ErrorCode.MEDIA_TOO_LARGE)
FORM: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
OURS: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
LOGIN: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)

CODES: Final[Mapping[str, Row]] = {
    "1.0": NOBODY,
    "1.1": NOBODY,
    "1.2": NOBODY,
    "1.3": NOBODY,
    "1.4": NOBODY,
    "1.6": GONE,
    "1.10": NOBODY,  # the domain says that it takes no mail (null MX)
    "1.7": OURS,
    "1.8": OURS,
    "1.9": FORM,
    "2.0": GONE,
    "2.1": GONE,
    "2.2": GONE,
    "2.3": LARGE,
    "2.4": GONE,
    "3.3": FORM,
    "3.4": LARGE,
    "4.1": Row(Unreachable, ErrorCode.PROVIDER_DOWN),
    "4.2": Row(Unreachable, ErrorCode.PROVIDER_DOWN),
    "4.4": NOBODY,
    "4.6": Row(Refused, ErrorCode.POLICY_REJECTED),
    "4.7": Row(Unreachable, ErrorCode.TIMED_OUT),
    "6.0": FORM,
    "6.1": Row(Refused, ErrorCode.MEDIA_UNSUPPORTED),
    "6.3": FORM,
    "6.7": NOBODY,  # our server does not speak SMTPUTF8 with theirs
    "7.8": LOGIN,
    "7.9": LOGIN,
    "7.11": LOGIN,
    "7.13": GONE,
    "7.17": GONE,  # the mailbox belongs to somebody else now
    "7.18": GONE,
    "7.57": LOGIN,
    "7.60": OURS,
    "7.64": OURS,
    "7.54": OURS,
}
"""By subject and detail of the enhanced code; its class says whether it is for good."""

SUBJECTS: Final[Mapping[str, Row]] = {
    "1": NOBODY,
    "2": GONE,
    "4": Row(Unreachable, ErrorCode.PROVIDER_DOWN),
    "6": FORM,
    "7": POLICY,
}


def code_of(enhanced: str) -> ErrorCode:
    """What the enhanced status code of a bounce says went wrong."""
    found = ENHANCED.search(enhanced)
    if found is None:
        return ErrorCode.UNKNOWN
    row = CODES.get(f"{found[2]}.{found[3]}") or SUBJECTS.get(found[2])
    return row.code if row else ErrorCode.UNKNOWN
