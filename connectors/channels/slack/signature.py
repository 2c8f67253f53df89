"""Whether Slack sent a request: HMAC-SHA256, with the app's signing secret, over version, time and body.

Source: docs.slack.dev/authentication/verifying-requests-from-slack, slack-sdk's `SignatureVerifier` (read 2026-11).
"""

import hmac
import re
from hashlib import sha256
from typing import Final

from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret

SIGNATURE: Final = "x-slack-signature"
TIMESTAMP: Final = "x-slack-request-timestamp"
TOLERANCE: Final = 300
"""Seconds that a request may be old, or ahead of us."""
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


def sign(secret: Secret, timestamp: str, body: bytes) -> str:
    """The signature, as the header has it."""
    signed = b"v0:" + timestamp.encode("utf-8", "surrogatepass") + b":" + body
    return "v0=" + hmac.new(secret.reveal().encode(), signed, sha256).hexdigest()


def verify(request: Request, secret: Secret) -> None:
    """Raises BadSignature unless who knows the secret signed this, within the last five minutes."""
    presented, timestamp = request.headers.get(SIGNATURE), request.headers.get(TIMESTAMP)
    if not presented or not timestamp:
        raise BadSignature("no X-Slack-Signature", missing=presented is None)
    ours = sign(secret, timestamp, request.body)
    if not hmac.compare_digest(ours.encode(), presented.encode("utf-8", "surrogatepass")):
        raise BadSignature("not signed with this app's secret")
    fits = _SECONDS.fullmatch(timestamp)
    if fits is None or abs(request.received_at.timestamp() - int(timestamp)) > TOLERANCE:
        raise BadSignature("signed more than five minutes ago, or ahead of us")
