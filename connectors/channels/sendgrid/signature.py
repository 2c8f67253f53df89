"""Whether SendGrid made a request: events, and mails under a security policy, are signed over time and body.

Source: twilio.com/docs/sendgrid, *Event Webhook security features*, *Securing your Inbound Parse Webhooks* (read
2026-11). A repetition may be signed anew or not, so the age of a signature is not looked at: what comes twice has the
same keys.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from connectors.kit.errors import BadSignature
from connectors.kit.request import Request

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
_TIME: Final = re.compile(r"[0-9]{1,20}")


@lru_cache(maxsize=16)
def read_key(text: str) -> EllipticCurvePublicKey | None:
    """A public key of P-256 in base64; None for what is none."""
    # Cryptography takes a while to load: only who uses this channel waits for it.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except (ValueError, Error, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None


def check(request: Request, text: str) -> None:
    """`text` is the key. Raises BadSignature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    key, given = read_key(text), request.headers.get(SIGNATURE)
    timestamp = request.headers.get(TIMESTAMP, "")
    if not given or key is None or not _TIME.fullmatch(timestamp):
        raise BadSignature("no signature", missing=not given)
    try:
        key.verify(b64decode(given, validate=True), timestamp.encode() + request.body, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        raise BadSignature("not signed with this webhook's key") from None
