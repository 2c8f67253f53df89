"""Why something could not be done, in words that are the same on every channel."""

from enum import StrEnum


class ErrorCode(StrEnum):
    INVALID_ADDRESS = "invalid_address"
    UNREACHABLE = "unreachable"
    OPTED_OUT = "opted_out"
    NOT_OPTED_IN = "not_opted_in"
    WINDOW_CLOSED = "window_closed"
    TEMPLATE_INVALID = "template_invalid"
    CONTENT_UNSUPPORTED = "content_unsupported"
    MEDIA_UNSUPPORTED = "media_unsupported"
    MEDIA_TOO_LARGE = "media_too_large"
    MEDIA_UNREACHABLE = "media_unreachable"
    POLICY_REJECTED = "policy_rejected"
    PRIVATE_ON_PUBLIC = "private_on_public"
    RATE_LIMITED = "rate_limited"
    AUTH_FAILED = "auth_failed"
    MISCONFIGURED = "misconfigured"
    PROVIDER_DOWN = "provider_down"
    TIMED_OUT = "timed_out"
    EXPIRED = "expired"
    NO_ROUTE = "no_route"
    UNKNOWN = "unknown"
