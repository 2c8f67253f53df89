"""Whether LINE sent a request: HMAC-SHA256 of the body as it came, with the channel's secret, in base64.

There is no time in it, so a replay is known only by the events' ids. Source:
developers.line.biz/en/docs/messaging-api/verify-webhook-signature (read 2026-11).
"""

import base64
import hmac
from hashlib import sha256
from typing import Final

from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret

HEADER: Final = "x-line-signature"


def sign(secret: Secret, body: bytes) -> str:
    """The signature, as the header has it."""
    return base64.b64encode(hmac.new(secret.reveal().encode(), body, sha256).digest()).decode()


def verify(request: Request, secret: Secret) -> None:
    """Raises BadSignature unless whoever knows the secret signed this."""
    presented = request.headers.get(HEADER)
    if not presented:
        raise BadSignature("no X-Line-Signature", missing=presented is None)
    if not hmac.compare_digest(sign(secret, request.body).encode(), presented.encode("utf-8", "surrogatepass")):
        raise BadSignature("not signed with this channel's secret")
