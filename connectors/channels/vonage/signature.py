"""Who signed a webhook: a token (JWT, HS256) in its `Authorization`, which holds a hash of the body.

Vonage now and then calls unsigned after a fault of its own, and calls again signed where that is answered 5xx. Source:
developer.vonage.com/en/getting-started/concepts/webhooks (read 2026-11).
"""

import base64
import hmac
from hashlib import sha256
from typing import Any, Final

import msgspec

from connectors.channels.vonage.config import Config
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request, decode
from connectors.kit.secret import Secret

HEADER: Final = "authorization"
BEARER: Final = "bearer "
EARLY: Final = 300
"""Seconds that Vonage's clock may be ahead of ours."""
LONGEST: Final = 8192
HS256: Final = b'{"alg":"HS256","typ":"JWT"}'


class Head(msgspec.Struct, frozen=True):
    alg: str


class Claims(msgspec.Struct, frozen=True):
    payload_hash: str
    iat: int
    api_key: str
    application_id: str | None = None


HEAD: Final = msgspec.json.Decoder(Head)
CLAIMS: Final = msgspec.json.Decoder(Claims)


def verify(request: Request, config: Config) -> None:
    """Raises BadSignature."""
    presented = request.headers.get(HEADER)
    if not presented:
        raise BadSignature("no token", missing=True, again=True)
    if presented[: len(BEARER)].lower() != BEARER or len(presented) > LONGEST:
        raise BadSignature("no bearer token")
    claims = _claims(presented[len(BEARER) :].strip(), config.signature_secret)
    if not hmac.compare_digest(claims.payload_hash.lower().encode(), sha256(request.body).hexdigest().encode()):
        raise BadSignature("the token is of another body")
    if not -EARLY <= request.received_at.timestamp() - claims.iat <= config.oldest_seconds:
        raise BadSignature("the token is too old, or of the future")
    if claims.api_key != config.account:
        raise BadSignature("the token is of another account")
    named = (claims.application_id, config.application_id)
    if None not in named and named[0] != named[1]:
        raise BadSignature("the token is of another application")


def token(claims: dict[str, Any], secret: Secret) -> str:
    """As Vonage signs; for the simulator and tests."""
    signed = f"{_encoded(HS256)}.{_encoded(msgspec.json.encode(claims))}"
    return f"{signed}.{_signature(signed, secret)}"


def _claims(presented: str, secret: Secret) -> Claims:
    signed, _, signature = presented.rpartition(".")
    if not hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), _signature(signed, secret).encode()):
        raise BadSignature("not signed with the signature secret")
    head, _, claims = signed.partition(".")
    try:
        if decode(_decoded(head), HEAD).alg != "HS256":
            raise BadSignature("a token of another kind")
        return decode(_decoded(claims), CLAIMS)
    except (BadPayload, ValueError):
        raise BadSignature("a token without what it should say") from None


def _signature(signed: str, secret: Secret) -> str:
    key = secret.reveal().encode()
    return _encoded(hmac.new(key, signed.encode("utf-8", "surrogatepass"), sha256).digest())


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
