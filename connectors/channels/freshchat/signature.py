"""How Freshchat signs: RSA (PKCS 1, version 1.5) with SHA-256 over the body as it comes.

Source: support.freshchat.com, "Freshchat webhooks: payload structure and authentication" (read 2026-11).
"""

import base64
import re
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

HEADER: Final = "x-freshchat-signature"
SMALLEST: Final = 2048
"""Bits."""
LONGEST: Final = 8192
"""Characters of a key."""
_FRAME: Final = re.compile(r"-----(BEGIN|END) (RSA )?PUBLIC KEY-----")


@lru_cache(maxsize=64)
def key_of(text: str) -> RSAPublicKey:
    """The key of a setting. It stands between lines that may have lost their ends. Raises ValueError."""
    if len(text) > LONGEST:
        raise ValueError("too long for a key")
    try:
        key = load_der_public_key(base64.b64decode("".join(_FRAME.sub("", text).split()), validate=True))
    except ValueError:
        raise ValueError("not a public key as Freshchat shows it") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST:
        raise ValueError(f"not an RSA key of at least {SMALLEST} bits")
    return key


def signed_by(key: RSAPublicKey, signature: str, body: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), body, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
