"""Who called, and what the call says once it is opened.

Every call carries a signature over its time and a nonce, which proves that the caller knows the token, and nothing of
the body. An encrypted body has a signature of its own, and names the account it is for. Source:
developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html and
.../Message_Management/Message_encryption_and_decryption_instructions.html (read 2026-11).
"""

import hmac
from typing import Final

from connectors.channels.wechat.config import Config
from connectors.channels.wechat.reading import Tree, read
from connectors.channels.wechat.sealing import key_of, opened
from connectors.families.handshake import fields, signature
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request

SEALED: Final = "Encrypt"


def verify(request: Request, config: Config) -> None:
    """Raises BadSignature."""
    asked = fields(request)
    token, timestamp, nonce = config.token.reveal(), asked.get("timestamp", ""), asked.get("nonce", "")
    _compare(asked.get("signature"), signature(token, timestamp, nonce))
    if not _is_fresh(request, timestamp, config.fresh_seconds):
        raise BadSignature("signed too long ago, or in the future")
    if request.method == "GET" or config.encryption == "plain":
        return
    sealed = _sealed(request.body)
    if sealed is None:
        if config.encryption == "safe":
            raise BadSignature("not encrypted, where everything is")
        return
    _compare(asked.get("msg_signature"), signature(token, timestamp, nonce, sealed))
    if _is_for_another(sealed, config):
        raise BadSignature("for another account")


def said(request: Request, config: Config) -> Tree:
    """What a verified call says, opened. Raises BadPayload."""
    tree = read(request.body)
    sealed = tree.get(SEALED)
    if sealed is None:
        return tree
    if config.aes_key is None or not isinstance(sealed, str):
        raise BadPayload("encrypted, and there is no key to open it with")
    return read(opened(sealed, key_of(config.aes_key)).words)


def _compare(presented: str | None, wanted: str) -> None:
    if not presented or not hmac.compare_digest(presented.encode("utf-8", "surrogatepass"), wanted.encode()):
        raise BadSignature("not signed with the account's token", missing=not presented)


def _is_fresh(request: Request, timestamp: str, seconds: float) -> bool:
    told = int(timestamp) if timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 16 else 0
    return abs(request.received_at.timestamp() - told) <= seconds


def _sealed(body: bytes) -> str | None:
    try:
        found = read(body).get(SEALED)
    except BadPayload:
        return None
    return found if isinstance(found, str) else None


def _is_for_another(sealed: str, config: Config) -> bool:
    """What cannot be opened at all is set aside later, and read again once the key is right."""
    if config.aes_key is None:
        return False
    try:
        app_id = opened(sealed, key_of(config.aes_key)).app_id
    except BadPayload:
        return False
    return not hmac.compare_digest(app_id.encode(), config.app_id.encode())
