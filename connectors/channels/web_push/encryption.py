"""Message encryption for Web Push: RFC 8291 over RFC 8188, `aes128gcm` (read 2026-11).

One record, a key pair and a salt for each message. Why it is written here: docs/adr/0025-own-web-push-encryption.md.
"""

import os
import struct
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connectors.channels.web_push.vapid import public_octets

RECORD: Final = 4096
"""Octets of all of it, which every push service takes."""
MOST: Final = 3993
"""Octets of a message: the record without header, key, padding and tag."""
LAST: Final = b"\x02"
"""The delimiter of the last record."""


def encrypt(
    plain: bytes,
    receiver: EllipticCurvePublicKey,
    auth: bytes,
    *,
    key: EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push message. `key` and `salt` are made for it, and are given only to repeat an example. Raises
    ValueError for a message that is too long."""
    if len(plain) > MOST:
        raise ValueError(f"more than {MOST} octets")
    sender = key or generate_private_key(SECP256R1())
    salt = salt or os.urandom(16)
    public = public_octets(sender.public_key())
    about = b"WebPush: info\0" + public_octets(receiver) + public
    secret = _derived(sender.exchange(ECDH(), receiver), auth, about, 32)
    content_key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack(">IB", RECORD, len(public)) + public
    return head + AESGCM(content_key).encrypt(nonce, plain + LAST, None)


def _derived(secret: bytes, salt: bytes, info: bytes, octets: int) -> bytes:
    return HKDF(SHA256(), octets, salt, info).derive(secret)
