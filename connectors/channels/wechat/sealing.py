"""WeChat's envelope: AES-256-CBC around random octets, a length, the words and the account's id.

Source: developers.weixin.qq.com/doc/offiaccount/Message_Management/Message_encryption_and_decryption_instructions.html
(read 2026-11).
"""

import base64
import binascii
import re
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from connectors.kit.errors import BadPayload
from connectors.kit.secret import Secret

BLOCK: Final = 32
"""Octets to which words are padded; AES' own blocks are half as long."""
RANDOM: Final = 16
LENGTH: Final = 4
KEY: Final = re.compile(r"[A-Za-z0-9+/]{43}", re.ASCII)


class Opened(NamedTuple):
    words: bytes
    app_id: str


def key_of(key: Secret) -> bytes:
    """The 32 octets an EncodingAESKey stands for. Raises BadPayload."""
    if not KEY.fullmatch(key.reveal()):
        raise BadPayload("it is 43 letters, digits, + and /")
    return base64.b64decode(key.reveal() + "=")


def opened(sealed: str, key: bytes) -> Opened:
    """What an envelope holds. Its signature was checked before: errors tell nobody anything. Raises BadPayload."""
    try:
        octets = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        raise BadPayload("an envelope that is no base64") from None
    if not octets or len(octets) % RANDOM:
        raise BadPayload("an envelope of no whole blocks")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:RANDOM])).decryptor()
    content = _unpadded(cipher.update(octets) + cipher.finalize())[RANDOM:]
    length = int.from_bytes(content[:LENGTH], "big")
    words, rest = content[LENGTH : LENGTH + length], content[LENGTH + length :]
    if len(words) != length or not rest:
        raise BadPayload("an envelope that another key opens")
    try:
        return Opened(words, rest.decode())
    except UnicodeDecodeError:
        raise BadPayload("an envelope that another key opens") from None


def sealed(words: bytes, app_id: str, key: bytes, salt: bytes) -> str:
    """The envelope for words. `salt` are 16 octets nobody can foretell."""
    content = salt[:RANDOM] + len(words).to_bytes(LENGTH, "big") + words + app_id.encode()
    padding = BLOCK - len(content) % BLOCK
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:RANDOM])).encryptor()
    octets = cipher.update(content + bytes([padding]) * padding) + cipher.finalize()
    return base64.b64encode(octets).decode()


def _unpadded(octets: bytes) -> bytes:
    padding = octets[-1]
    if not 1 <= padding <= BLOCK or octets[-padding:] != bytes([padding]) * padding:
        raise BadPayload("an envelope that another key opens")
    return octets[:-padding]
