"""JSON Web Tokens of the app's own server: who is signed in.

Algorithms are pinned, each to its own kind of key. The time is that of the request. Sources: RFC 7519, RFC 8725, OpenID
Connect Core 1.0 §5.1, pyjwt.readthedocs.io (read 2026-11). Keys are not fetched (JWKS), nothing is revoked before it
expires.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, Final

import jwt
import msgspec

from connectors.families.app.keys import UserKeys
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from normalizer.addresses import InvalidAddress, normalise
from normalizer.inbound import Claim

SCHEME: Final = "chat"
"""Of who is known by the app's tokens."""
USER: Final = "user:"
LEEWAY: Final = 30.0
"""Seconds by which the clocks of hub and app may differ."""
LONGEST: Final = 8192
BEARER: Final = "Bearer "
REASONS: Final[Mapping[type[Exception], str]] = {
    jwt.InvalidSignatureError: "bad_signature",
    jwt.InvalidAlgorithmError: "bad_algorithm",
    jwt.InvalidAudienceError: "wrong_audience",
    jwt.InvalidIssuerError: "wrong_issuer",
    jwt.MissingRequiredClaimError: "missing_claim",
}
"""What a client hears; the nearest kind counts."""

Line = Annotated[str, msgspec.Meta(max_length=500)]


class SignedContext(msgspec.Struct, frozen=True):
    """What the app says of where its user is."""

    entry: Line | None = None
    page: Line | None = None
    device: Line | None = None
    os: Line | None = None
    app_version: Line | None = None
    order: Line | None = None
    error_code: Line | None = None
    location: Line | None = None


class Claims(msgspec.Struct, frozen=True):
    """What is read of a token's claims."""

    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    exp: float
    nbf: float | None = None
    name: Line | None = None
    locale: Annotated[str, msgspec.Meta(max_length=35)] | None = None
    email: Line | None = None
    email_verified: bool = False
    phone_number: Line | None = None
    phone_number_verified: bool = False
    context: SignedContext | None = None


def bearer(request: Request) -> str:
    """The token a request shows, unchecked. Raises BadSignature."""
    authorization = request.headers.get("authorization", "")
    token = authorization[len(BEARER) :].strip() if authorization.startswith(BEARER) else ""
    if not token:
        raise BadSignature("no token", missing=True, reason="unauthenticated")
    if len(token) > LONGEST or not token.isascii():
        raise BadSignature("that is no token", reason="bad_token")
    return token


def user(keys: UserKeys, request: Request) -> Claims:
    """The signed-in user whose token the request shows. Raises BadSignature."""
    token = bearer(request)
    try:
        claims = genuine(keys, token, jwt.get_unverified_header(token))
    except jwt.PyJWTError as error:
        raise refused(error) from error
    return read(claims, request)


def genuine(keys: UserKeys, token: str, header: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of a user's token whose signature, audience and issuer are right. Raises PyJWTError."""
    algorithm = header.get("alg")
    if algorithm not in keys.algorithms:
        raise jwt.InvalidAlgorithmError("not an algorithm that is taken here")
    return checked(token, keys.keys[algorithm], algorithm, keys.audience, keys.issuer)


def checked(token: str, key: str | None, algorithm: str, audience: str | None, issuer: str | None) -> dict[str, Any]:
    """Raises PyJWTError; its times are not looked at."""
    if key is None:
        raise jwt.InvalidAlgorithmError("nobody of this kind is admitted here")
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=audience,
        issuer=issuer,
        options={
            "require": ["exp", "sub"],
            "verify_aud": audience is not None,
            "verify_exp": False,  # PyJWT asks its own clock
            "verify_nbf": False,
            "verify_iat": False,
        },
    )
    return claims


def refused(error: jwt.PyJWTError) -> BadSignature:
    reason = next((REASONS[kind] for kind in type(error).__mro__ if kind in REASONS), "bad_token")
    return BadSignature(f"token: {error}", reason=reason)


def read(claims: dict[str, Any], request: Request) -> Claims:
    """The claims of a genuine token, which is good when the request comes. Raises BadSignature."""
    try:
        found = msgspec.convert(claims, Claims)
    except msgspec.ValidationError as error:
        raise BadSignature(f"claims: {error}", reason="bad_token") from error
    if _address(SCHEME, found.sub) != found.sub:
        raise BadSignature("claims: sub has blanks around it, or control characters", reason="bad_token")
    _in_time(found, request.received_at.timestamp())
    return found


def proven(claims: Claims) -> tuple[Claim, ...]:
    """The addresses the app vouches for; one that cannot be read is none."""
    told = (
        ("mailto", claims.email if claims.email_verified else None),
        ("tel", claims.phone_number if claims.phone_number_verified else None),
    )
    return tuple(
        Claim(scheme=scheme, value=value)
        for scheme, text in told
        if text is not None and (value := _address(scheme, text)) is not None
    )


def _in_time(claims: Claims, at: float) -> None:
    if not isfinite(claims.exp):
        raise BadSignature("claims: exp is no time", reason="bad_token")
    if at >= claims.exp + LEEWAY:
        raise BadSignature("the token has expired", reason="expired")
    if claims.nbf is not None and at < claims.nbf - LEEWAY:
        raise BadSignature("the token is not valid yet", reason="not_yet_valid")


def _address(scheme: str, text: str) -> str | None:
    try:
        return normalise(scheme, text)
    except InvalidAddress:
        return None
