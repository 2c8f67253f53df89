"""Who may come in: API keys, presented as `Authorization: Bearer`."""

from sqlalchemy import Engine

from gateway.api.problems import Code, Problem
from gateway.keys import KeyInfo, Scope, find_key

MOST_KEY = 200
"""Characters; what is longer is no key of ours, and is not even hashed."""


def admit(engine: Engine, authorization: str | None, scope: Scope) -> KeyInfo:
    """The key that was presented. Reads the store each time, so a revoked key stops at once.

    Raises Problem: 401 for a missing or unknown key, 403 for one without the scope.
    """
    kind, _, presented = (authorization or "").partition(" ")
    presented = presented.strip()
    if kind.lower() != "bearer" or not presented:
        raise _unauthenticated("present an API key: Authorization: Bearer …", "Bearer")
    key = find_key(engine, presented) if len(presented) <= MOST_KEY else None
    if key is None:
        raise _unauthenticated("this API key is unknown or revoked", 'Bearer error="invalid_token"')
    if not key.may(scope):
        raise Problem(
            403,
            Code.FORBIDDEN,
            f"this needs a key with the scope {scope}",
            headers={"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )
    return key


def _unauthenticated(detail: str, challenge: str) -> Problem:
    return Problem(401, Code.UNAUTHENTICATED, detail, headers={"www-authenticate": challenge})
