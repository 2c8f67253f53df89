"""In which languages a client is spoken to.

Source: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4 (read 2026-11).
"""

from connectors.kit.chat import Caller
from gateway.web.asgi import Scope, header

Languages = tuple[str, ...]
"""BCP 47, the dearest first."""
MOST = 8
MOST_CHARACTERS = 500
LONGEST = 35


def accepted(scope: Scope) -> Languages:
    """Those a browser asks for; none where it does not say, or nothing that can be read."""
    told = header(scope, b"accept-language") or ""
    found: list[tuple[float, str]] = []
    for piece in told[:MOST_CHARACTERS].split(",")[:MOST]:
        name, _, weight = piece.partition(";")
        if name.strip() not in ("", "*"):
            found.append((_quality(weight), name.strip()[:LONGEST]))
    return tuple(name for quality, name in sorted(found, key=lambda one: -one[0]) if quality > 0)


def spoken(caller: Caller | None, said: str | None, browser: Languages) -> Languages:
    """What the app vouches for, then what the client says, then what its browser asks for."""
    vouched = caller.peer.person.locale if caller else None
    return tuple(dict.fromkeys([*(name[:LONGEST] for name in (vouched, said) if name), *browser]))


def _quality(weight: str) -> float:
    name, _, value = weight.partition("=")
    try:
        return min(1.0, float(value)) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
