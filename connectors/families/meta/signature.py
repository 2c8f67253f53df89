"""Whether Meta sent a request: HMAC-SHA256 of the body as it came, with the app's secret; and the handshake by which it
asks whether an address wants its webhooks.

There is no time in the signature, so a replay is known only by what the items are called. Source:
developers.facebook.com/docs/graph-api/webhooks/getting-started (read 2026-11).
"""

import hmac
import re
from hashlib import sha256
from typing import Final

from connectors.kit.base import ANSWERS, Outcome
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request, Response
from connectors.kit.secret import Secret
from normalizer.inbound import Ignored

HEADER: Final = "x-hub-signature-256"
ASKS: Final = "GET"
"""The handshake's method; webhooks are posted."""
CHALLENGE: Final = re.compile(r"[\w.-]{1,128}", re.ASCII)


def sign(secret: Secret, body: bytes) -> str:
    """The signature, as the header has it."""
    return f"sha256={hmac.new(secret.reveal().encode(), body, sha256).hexdigest()}"


def verify(request: Request, app_secret: Secret, verify_token: Secret) -> None:
    """Raises BadSignature unless whoever knows the app's secret signed this, or the handshake names our token."""
    if request.method == ASKS:
        _handshake(request, verify_token)
        return
    presented = request.headers.get(HEADER)
    if not presented:
        raise BadSignature("no X-Hub-Signature-256", missing=presented is None)
    if not _same(sign(app_secret, request.body), presented):
        raise BadSignature("not signed with this app's secret")


def asked(request: Request) -> Ignored:
    """What a verified handshake is to the hub. Raises BadPayload."""
    challenge = dict(request.query).get("hub.challenge", "")
    return Ignored(key=f"handshake:{sha256(challenge.encode()).hexdigest()}", reason="Meta asked for this address")


def respond(request: Request, outcome: Outcome) -> Response:
    """What Meta hears: its challenge where it asked, else whether to come again."""
    if request.method != ASKS or outcome is Outcome.OVERLOADED:
        return ANSWERS[outcome]
    try:
        challenge = dict(request.query).get("hub.challenge", "")
    except BadPayload:
        return ANSWERS[outcome]
    headers = {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"}
    return Response(200, challenge.encode() if CHALLENGE.fullmatch(challenge) else b"", headers)


def _handshake(request: Request, verify_token: Secret) -> None:
    try:
        told = dict(request.query)
    except BadPayload as error:
        raise BadSignature("a handshake that cannot be read") from error
    presented = told.get("hub.verify_token")
    if not presented:
        raise BadSignature("no hub.verify_token", missing=presented is None)
    if request.body or told.get("hub.mode") != "subscribe" or not _same(verify_token.reveal(), presented):
        raise BadSignature("not this connector's verify_token")


def _same(wanted: str, presented: str) -> bool:
    return hmac.compare_digest(wanted.encode(), presented.encode("utf-8", "surrogatepass"))
