"""Who called: a signature over time and nonce in the address, which proves that the caller knows the app's secret, and
nothing of the body.

Source: open.weibo.com/wiki/Messages_api_start (read 2026-11).
"""

import hmac

from connectors.channels.weibo.config import Config
from connectors.families.handshake import fields, signature
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request


def verify(request: Request, config: Config) -> None:
    """Raises BadSignature."""
    asked = fields(request)
    presented, timestamp = asked.get("signature"), asked.get("timestamp", "")
    wanted = signature(config.app_secret.reveal(), timestamp, asked.get("nonce", ""))
    if not presented or not hmac.compare_digest(presented.lower().encode("utf-8", "surrogatepass"), wanted.encode()):
        raise BadSignature("not signed with the app's secret", missing=not presented)
    if not _is_fresh(request, timestamp, config.fresh_seconds):
        raise BadSignature("signed too long ago, or in the future")


def _is_fresh(request: Request, timestamp: str, seconds: float) -> bool:
    """`timestamp` counts milliseconds."""
    told = int(timestamp) if timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 16 else 0
    return abs(request.received_at.timestamp() - told / 1000) <= seconds
