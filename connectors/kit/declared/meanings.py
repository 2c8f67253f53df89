"""What a provider's code may mean, by names that declarations use: an error of the kit and a code of ours."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from normalizer.errors import ErrorCode

ANY: Final = "*"


class Meaning(NamedTuple):
    error: type[Temporary | OutcomeUnknown | Refused | OptedOut | Unreachable | Misconfigured]
    """What a request that was answered so raises."""
    code: ErrorCode
    """What a report with this code says, too."""


MEANINGS: Final[Mapping[str, Meaning]] = {
    "rate_limited": Meaning(Temporary, ErrorCode.RATE_LIMITED),
    "unavailable": Meaning(Temporary, ErrorCode.PROVIDER_DOWN),
    "unsure": Meaning(OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    "auth_failed": Meaning(Misconfigured, ErrorCode.AUTH_FAILED),
    "misconfigured": Meaning(Misconfigured, ErrorCode.MISCONFIGURED),
    "opted_out": Meaning(OptedOut, ErrorCode.OPTED_OUT),
    "invalid_address": Meaning(Unreachable, ErrorCode.INVALID_ADDRESS),
    "unreachable": Meaning(Unreachable, ErrorCode.UNREACHABLE),
    # The operator has something to mend, and yet it stops messages to some people only: the lane goes on.
    "not_allowed": Meaning(Unreachable, ErrorCode.MISCONFIGURED),
    "content_unsupported": Meaning(Refused, ErrorCode.CONTENT_UNSUPPORTED),
    "template_invalid": Meaning(Refused, ErrorCode.TEMPLATE_INVALID),
    "policy_rejected": Meaning(Refused, ErrorCode.POLICY_REJECTED),
    "expired": Meaning(Refused, ErrorCode.EXPIRED),
    "unknown": Meaning(Refused, ErrorCode.UNKNOWN),
}
UNKNOWN: Final = MEANINGS["unknown"]
BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: MEANINGS["auth_failed"],
    402: MEANINGS["misconfigured"],
    403: MEANINGS["auth_failed"],
    404: MEANINGS["misconfigured"],
    429: MEANINGS["rate_limited"],
}
"""What the status of an answer says by itself, where its code is not known."""


class Codes:
    """The error table of one declaration."""

    def __init__(self, declared: Mapping[str, Sequence[str | int]]) -> None:
        named = {str(code): MEANINGS[meaning] for meaning, codes in declared.items() for code in codes}
        self._exact = {code: meaning for code, meaning in named.items() if not code.endswith(ANY)}
        beginning = {code.removesuffix(ANY): meaning for code, meaning in named.items() if code.endswith(ANY)}
        self._beginning = sorted(beginning.items(), key=lambda each: -len(each[0]))

    def meaning(self, code: str | None) -> Meaning | None:
        """None for a code that is in no row."""
        if code is None:
            return None
        found = self._exact.get(code)
        return found or next((meaning for start, meaning in self._beginning if code.startswith(start)), None)
