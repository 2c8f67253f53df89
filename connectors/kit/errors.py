"""What can go wrong with a provider, named by what the caller does next.

KitError
├── BadSignature      receiving: refuse, store nothing
│   └── UnknownKey    receiving: learn the key it names, and look again
├── BadPayload        receiving: quarantine, the provider hears success
├── Temporary         sending: provably not accepted; send again later
├── OutcomeUnknown    sending: it may have left; never repeat blindly
├── Refused           sending: this message cannot go; try no more
├── OptedOut          sending: this person shut us out; the route is blocked
├── Unreachable       sending: nobody is at this address
├── Moved             sending: the same person is at another address; send there
└── Misconfigured     sending: the operator must mend the connector; the lane pauses
"""

from normalizer.errors import ErrorCode


class KitError(Exception):
    """Carries our code, the provider's, and a text without secrets."""

    default = ErrorCode.UNKNOWN

    def __init__(self, detail: str = "", *, code: ErrorCode | None = None, provider_code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default
        self.provider_code = provider_code


class BadSignature(KitError):
    """The provider did not send this."""

    default = ErrorCode.AUTH_FAILED

    def __init__(
        self, detail: str = "", *, missing: bool = False, again: bool = False, reason: str | None = None
    ) -> None:
        super().__init__(detail)
        self.missing = missing
        """Nothing was presented at all (401), rather than something wrong (403)."""
        self.again = again
        """The provider may have sent it and failed to sign it: it is asked to come again (503)."""
        self.reason = reason
        """A word the sender may hear, where it is a customer's app rather than a provider: `expired`, …"""


class UnknownKey(BadSignature):
    """It is signed with a key that was not learnt yet (`connectors.kit.keys`)."""

    def __init__(self, key: str) -> None:
        super().__init__(f"signed with the unknown key {key}")
        self.key = key
        """Its name, of which the plugin made sure that only the provider can publish a key there."""


class BadPayload(KitError):
    """The provider sent it, but it does not read as documented."""


class Temporary(KitError):
    """Provably not accepted: no connection, 429, or a code of the plugin's table.

    With `retry_after` (seconds) the provider told how long to wait: the lane pauses and no attempt is spent. `alone`
    says that the provider answered, and only whom this was for is in the way: of the connector it says nothing bad.
    """

    default = ErrorCode.PROVIDER_DOWN

    def __init__(
        self,
        detail: str = "",
        *,
        retry_after: float | None = None,
        alone: bool = False,
        code: ErrorCode | None = None,
        provider_code: str | None = None,
    ) -> None:
        super().__init__(detail, code=code, provider_code=provider_code)
        self.retry_after = retry_after
        self.alone = alone


class OutcomeUnknown(KitError):
    """A reset, a time-out or an unreadable answer after the request left."""

    default = ErrorCode.TIMED_OUT


class Refused(KitError):
    """The provider will not take this message, now or later."""

    default = ErrorCode.POLICY_REJECTED


class OptedOut(KitError):
    """The person blocked or unsubscribed us."""

    default = ErrorCode.OPTED_OUT


class Unreachable(KitError):
    """Nobody can be written to at this address.

    `for_good` says that the provider forgot the address, as of an app that was removed: its route is blocked until
    whoever was there registers anew.
    """

    default = ErrorCode.UNREACHABLE

    def __init__(
        self,
        detail: str = "",
        *,
        for_good: bool = False,
        code: ErrorCode | None = None,
        provider_code: str | None = None,
    ) -> None:
        super().__init__(detail, code=code, provider_code=provider_code)
        self.for_good = for_good


class Moved(KitError):
    """The address changed; `value` is the new one."""

    default = ErrorCode.UNREACHABLE

    def __init__(self, detail: str, *, value: str) -> None:
        super().__init__(detail)
        self.value = value


class Misconfigured(KitError):
    """Credentials or set-up are wrong: nothing leaves this connector until an operator mends it."""

    default = ErrorCode.MISCONFIGURED


SendError = Temporary | OutcomeUnknown | Refused | OptedOut | Unreachable | Moved | Misconfigured
