"""Tokens: JSON Web Tokens of the app's own server for who is signed in, of the hub for visitors.

Algorithms are pinned, each to its own kind of key; a visitor's token says so in its header (`typ`) and is checked with
the connector's own secret alone. The time is that of the request. Sources: RFC 7519, RFC 8725, OpenID Connect Core 1.0
§5.1, pyjwt.readthedocs.io (read 2026-11). Keys are not fetched (JWKS), nothing is revoked before it expires.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Annotated, Any, Final

import jwt
import msgspec

from connectors.channels.chat.config import Config
from connectors.kit.chat import Caller, Pass
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request, decode
from normalizer.addresses import InvalidAddress, normalise
from normalizer.codec import encode
from normalizer.inbound import Address, Claim, Peer, Person
from normalizer.model import Proof

SCHEME: Final = "chat"
USER: Final = "user:"
VISITOR: Final = "visitor:"
VISITOR_TYPE: Final = "visitor+jwt"
VISITOR_ALGORITHM: Final = "HS256"
LIFE: Final = timedelta(days=400)
"""Of a visitor's token; browsers keep nothing longer either."""
LEEWAY: Final = 30.0
"""Seconds by which the clocks of hub and app may differ."""
LONGEST: Final = 8192
CALLER: Final = "caller"
"""The header in which the hub's door says whose frame it is."""
DOOR: Final = "chat://"
"""How URLs begin of what came through it: there the hub has looked what a frame may name."""
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


class Holder(msgspec.Struct, frozen=True):
    """A genuine token."""

    claims: Claims
    visitor: bool


_holder = msgspec.json.Decoder(Holder)


def holder(config: Config, connector: str, request: Request) -> Holder:
    """Whose token the request carries. Raises BadSignature."""
    if not request.url.startswith(DOOR):
        raise BadSignature("frames come in by the chat's own door", reason="bad_token")
    authorization = request.headers.get("authorization", "")
    token = authorization[len(BEARER) :].strip() if authorization.startswith(BEARER) else ""
    if not token:
        raise BadSignature("no token", missing=True, reason="unauthenticated")
    if len(token) > LONGEST or not token.isascii():
        raise BadSignature("that is no token", reason="bad_token")
    claims, visitor = _genuine(config, connector, token)
    try:
        found = Holder(msgspec.convert(claims, Claims), visitor)
    except msgspec.ValidationError as error:
        raise BadSignature(f"claims: {error}", reason="bad_token") from error
    if _address(SCHEME, found.claims.sub) != found.claims.sub:
        raise BadSignature("claims: sub has blanks around it, or control characters", reason="bad_token")
    _in_time(found.claims, request.received_at.timestamp())
    return found


def verify(config: Config, connector: str, request: Request) -> None:
    """Raises BadSignature unless the frame came by the hub's door, from who shows the token."""
    if encode(holder(config, connector, request)).decode() != request.headers.get(CALLER):
        raise BadSignature("the token is not of whom the frame is said to be", reason="bad_token")


def sender(request: Request) -> Holder:
    """Whose frame it is, as the hub's door said. Raises BadPayload."""
    return decode(request.headers.get(CALLER, "").encode(errors="replace"), _holder)


def caller(config: Config, connector: str, request: Request) -> Caller:
    """Who shows the request's token. Raises BadSignature."""
    found = holder(config, connector, request)
    claims = found.claims
    return Caller(
        peer=peer(found),
        visitor=claims.sub if found.visitor else None,
        expires_at=datetime.fromtimestamp(min(claims.exp, _FOREVER), UTC),
        told=encode(found).decode(),
    )


def peer(found: Holder) -> Peer:
    claims = found.claims
    if found.visitor:
        return Peer(person=Person(address=Address(scheme=SCHEME, value=VISITOR + claims.sub)))
    address = Address(scheme=SCHEME, value=USER + claims.sub)
    return Peer(
        person=Person(address=address, name=claims.name or None, locale=claims.locale or None),
        proof=Proof.VERIFIED,
        claims=proven(claims),
        contact_ref=claims.sub,
    )


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


def visitor_pass(config: Config, connector: str, id_: str, at: datetime) -> Pass | None:
    """A new token for a visitor; None where there are no visitors."""
    if config.secret is None:
        return None
    expires_at = at + LIFE
    claims = {"sub": id_, "aud": connector, "exp": int(expires_at.timestamp())}
    token = jwt.encode(claims, config.secret.reveal(), algorithm=VISITOR_ALGORITHM, headers={"typ": VISITOR_TYPE})
    return Pass(token, expires_at.replace(microsecond=0), expires_at - LIFE / 2)


def _genuine(config: Config, connector: str, token: str) -> tuple[dict[str, Any], bool]:
    """The claims of a token whose signature, audience and issuer are right. Raises BadSignature."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") == VISITOR_TYPE:
            key = None if config.secret is None else config.secret.reveal()
            return _checked(token, key, VISITOR_ALGORITHM, connector, None), True
        algorithm = header.get("alg")
        if algorithm not in config.algorithms:
            raise jwt.InvalidAlgorithmError("not an algorithm that is taken here")
        return _checked(token, config.keys[algorithm], algorithm, config.audience, config.issuer), False
    except jwt.PyJWTError as error:
        reason = next((REASONS[kind] for kind in type(error).__mro__ if kind in REASONS), "bad_token")
        raise BadSignature(f"token: {error}", reason=reason) from error


def _checked(token: str, key: str | None, algorithm: str, audience: str | None, issuer: str | None) -> dict[str, Any]:
    if key is None:
        raise jwt.InvalidAlgorithmError("no visitors are admitted here")
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


_FOREVER: Final = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
"""What may stand for a token that never expires, as a date can be written."""
