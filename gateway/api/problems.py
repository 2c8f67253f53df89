"""What goes wrong, told the same way everywhere: `application/problem+json`.

Source: https://www.rfc-editor.org/rfc/rfc9457 (read 2026-11). No text here repeats a secret or a stack trace.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus

import msgspec

from gateway.feed import PositionGone, UnknownType
from normalizer.codec import encode

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:onethread:problem:"


class Code(StrEnum):
    """The API's own words, beside those of `normalizer.errors.ErrorCode`."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    SLOW = "slow"
    CONFLICT = "conflict"
    POSITION_GONE = "position_gone"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INTERNAL = "internal"
    OVERLOADED = "overloaded"
    NOT_READY = "not_ready"
    MISDIRECTED = "misdirected"


class Wrong(msgspec.Struct, frozen=True):
    """One thing wrong with what was sent."""

    path: str
    """Where: `parts[0].text`, or the name of a parameter; empty for the whole."""
    message: str


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    """A word that is the same in every language and release."""
    errors: tuple[Wrong, ...] = ()
    oldest: str | None = None
    """With `position_gone`: the first position that can be read."""
    kept: str | None = None
    """With `position_gone`, after a restore from a backup: up to here the feed is as the reader knew it. What it has of
    after that is no more, and it reads on from here."""
    trace_id: str | None = None
    """With `internal`: by which the operator finds it in the log."""


class Problem(Exception):
    """Ends a request with its problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
        oldest: str | None = None,
        kept: str | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = str(code)
        self.headers = {**(headers or {}), "content-type": MEDIA_TYPE}
        self.body = encode(
            ProblemDetails(
                type=TYPE + code,
                title=HTTPStatus(status).phrase,
                status=status,
                detail=detail,
                code=code,
                errors=tuple(errors),
                oldest=oldest,
                kept=kept,
                trace_id=trace_id,
            )
        )


def not_found(what: str) -> Problem:
    return Problem(404, Code.NOT_FOUND, f"there is no such {what}")


def invalid(path: str, message: str) -> Problem:
    """One field or parameter that cannot be what it says."""
    return Problem(422, Code.INVALID, f"{path}: {message}" if path else message, errors=[Wrong(path, message)])


def too_large(most: int) -> Problem:
    return Problem(413, Code.TOO_LARGE, f"the body is larger than {most} octets")


def gone(error: PositionGone) -> Problem:
    if error.kept is None:
        detail = f"there is no such position any more, or yet; {error}"
        return Problem(410, Code.POSITION_GONE, detail, oldest=str(error.oldest))
    detail = f"the feed was restored from a backup; of what was before, it stands up to position {error.kept}; {error}"
    return Problem(410, Code.POSITION_GONE, detail, oldest=str(error.oldest), kept=str(error.kept))


def unknown_type(error: UnknownType) -> Problem:
    return invalid("types", str(error))


def overloaded(detail: str) -> Problem:
    return Problem(503, Code.OVERLOADED, detail, headers={"retry-after": "1"})
