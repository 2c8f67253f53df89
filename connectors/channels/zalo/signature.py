"""How Zalo signs: a hash, keyed by its end, over the app's id, the body as it comes, its time and the account's secret.

Source: hainh.me and tinhoc88.com, on webhooks of official accounts (read 2026-11).
"""

import hmac
from hashlib import sha256
from typing import Final

from connectors.channels.zalo.event import NAMED
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode

HEADER: Final = "x-zevent-signature"
PREFIX: Final = "mac="


def signature(app_id: str, secret: str, body: bytes) -> str:
    """As it stands in the header. Raises BadPayload where the body names no time."""
    time = str(decode(body, NAMED).timestamp)
    return PREFIX + sha256(b"".join((app_id.encode(), body, time.encode(), secret.encode()))).hexdigest()


def signed(app_id: str, secret: str, body: bytes, presented: str) -> bool:
    try:
        wanted = signature(app_id, secret, body)
    except BadPayload:  # nothing that Zalo sent has no time
        return False
    return hmac.compare_digest(presented.encode("utf-8", "surrogatepass"), wanted.encode())
