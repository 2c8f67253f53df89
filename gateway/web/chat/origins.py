"""Whose pages may talk to a chat. Sources: https://fetch.spec.whatwg.org/#http-cors-protocol, RFC 6454."""

from collections.abc import Collection

from gateway.api.problems import Code, Problem
from gateway.web.asgi import Headers, Scope, header

METHODS = b"GET, POST"
HEADERS = b"authorization, content-type, last-event-id, traceparent"
MAX_AGE = b"600"
ANY = "*"


def admitted(scope: Scope, origins: Collection[str]) -> str | None:
    """The origin that asks; None where none is told, as by what is no browser. Raises Problem (403)."""
    origin = header(scope, b"origin")
    if origin is None or ANY in origins or origin in origins or _is_own(origin, header(scope, b"host")):
        return origin
    raise Problem(403, Code.FORBIDDEN, "pages of this origin are not admitted here (`origins` of the connector)")


def _is_own(origin: str, host: str | None) -> bool:
    scheme, _, authority = origin.partition("://")
    return scheme in ("http", "https") and bool(host) and authority == host


def shared_with(origin: str | None) -> Headers:
    """The headers that let a page of this origin read the answer."""
    vary = [(b"vary", b"origin")]
    return vary if origin is None else [*vary, (b"access-control-allow-origin", origin.encode("latin-1"))]


def preflight(origin: str | None) -> Headers:
    return [
        *shared_with(origin),
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", HEADERS),
        (b"access-control-max-age", MAX_AGE),
    ]
