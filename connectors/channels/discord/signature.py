"""Who posted an interaction: an Ed25519 signature over time and body.

Source: docs.discord.com/developers/interactions/overview, discord-interactions-python on GitHub (read 2026-11).
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from connectors.kit.errors import BadSignature
from connectors.kit.request import Request

SIGNATURE: Final = "x-signature-ed25519"
TIMESTAMP: Final = "x-signature-timestamp"


def verify(request: Request, public_key: str) -> None:
    """Discord tries a wrong signature now and then, and wants to hear 401 whatever is wrong. Raises BadSignature."""
    try:
        presented = bytes.fromhex(request.headers.get(SIGNATURE, ""))
        signed = request.headers.get(TIMESTAMP, "").encode("utf-8", "surrogatepass") + request.body
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(presented, signed)
    except (ValueError, InvalidSignature):
        raise BadSignature("not signed for the application", missing=True) from None
