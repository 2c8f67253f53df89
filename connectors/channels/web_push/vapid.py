"""Who sends: a signed token for each push service (RFC 8292, read 2026-11).

One serves every message to a service until it is about to lapse: some services remember a token they have checked.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from connectors.kit.secret import Secret

LIFE: Final = timedelta(hours=12)
"""RFC 8292 allows 24 hours."""
SPARE: Final = timedelta(hours=1)
"""A token is replaced so long before it lapses."""
MOST: Final = 64
"""Services whose tokens are remembered."""
OCTETS: Final = 32


def read_key(secret: Secret) -> EllipticCurvePrivateKey:
    """Raises ValueError, whose text does not repeat the key."""
    text = secret.reveal().strip()
    found: object = None
    with suppress(ValueError, TypeError):
        if text.startswith("-----BEGIN"):
            found = load_pem_private_key(text.encode(), None)
        elif len(octets := from_base64url(text)) == OCTETS:
            found = derive_private_key(int.from_bytes(octets), SECP256R1())
    if not isinstance(found, EllipticCurvePrivateKey) or not isinstance(found.curve, SECP256R1):
        raise ValueError("vapid_private_key: not a private key of the curve P-256, as base64url or PEM")
    return found


def public_text(key: EllipticCurvePrivateKey) -> str:
    """As browsers take it for `applicationServerKey`."""
    return to_base64url(public_octets(key.public_key()))


def public_octets(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def to_base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """With or without padding. Raises ValueError."""
    stripped = text.rstrip("=")
    if not stripped.isascii() or set("+/") & set(stripped):
        raise ValueError("not base64url")
    return urlsafe_b64decode(stripped + "=" * (-len(stripped) % 4))


class Sender:
    """Signs for one pair of keys."""

    def __init__(self, key: EllipticCurvePrivateKey, subject: str, now: Callable[[], datetime]) -> None:
        self.public = public_text(key)
        self._key, self._subject, self._now = key, subject, now
        self._tokens: dict[str, tuple[str, datetime]] = {}

    def authorization(self, audience: str) -> str:
        """The header for a push service, named by its origin."""
        token, ends = self._tokens.get(audience, ("", self._now()))
        if ends - self._now() <= SPARE:
            ends = self._now() + LIFE
            claims = {"aud": audience, "exp": int(ends.timestamp()), "sub": self._subject}
            token = jwt.encode(claims, self._key, algorithm="ES256")
            if len(self._tokens) >= MOST:
                self._tokens.clear()
            self._tokens[audience] = token, ends
        return f"vapid t={token},k={self.public}"
