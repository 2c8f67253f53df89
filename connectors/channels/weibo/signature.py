"""Who called: a signature over time and nonce in the address, which proves that the caller knows the app's secret, and
nothing of the body.

Source: open.weibo.com/wiki/Messages_api_start (read 2026-11).
"""

import hmac
from collections.abc import Mapping
from hashlib import sha1
from typing import Final

from connectors.channels.weibo.config import Config
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request

ECHO: Final = "echostr"


def signature(secret: str, timestamp: str, nonce: str) -> str:
    """Over the three in the order of their characters, with nothing between them."""
    signed = "".join(sorted((secret, timestamp, nonce)))
    return sha1(signed.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def verify(request: Request, config: Config) -> None:
    """Raises BadSignature."""
    asked = fields(request)
    presented, timestamp = asked.get("signature"), asked.get("timestamp", "")
    wanted = signature(config.app_secret.reveal(), timestamp, asked.get("nonce", ""))
    if not presented or not hmac.compare_digest(presented.lower().encode("utf-8", "surrogatepass"), wanted.encode()):
        raise BadSignature("not signed with the app's secret", missing=not presented)
    if not _is_fresh(request, timestamp, config.fresh_seconds):
        raise BadSignature("signed too long ago, or in the future")


def echo(request: Request) -> bytes:
    """What Weibo wants to hear again when the address is set."""
    return fields(request).get(ECHO, "").encode("utf-8", "surrogatepass")


def fields(request: Request) -> Mapping[str, str]:
    try:
        return dict(request.query)
    except BadPayload:
        return {}


def _is_fresh(request: Request, timestamp: str, seconds: float) -> bool:
    """`timestamp` counts milliseconds."""
    told = int(timestamp) if timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 16 else 0
    return abs(request.received_at.timestamp() - told / 1000) <= seconds
