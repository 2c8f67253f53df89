"""Signatures: of what X posts, and of the answer to its question whether the address is ours.

Both are HMAC-SHA256 with the app's secret, so that whoever asks the question chooses what is signed. A question may
therefore hold letters, digits and the few signs of base64 only: no webhook's body is made of these. Source:
docs.x.com/x-api/webhooks/quickstart (read 2026-11).
"""

import base64
import hmac
import re
from hashlib import sha256
from typing import Final

import msgspec

from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret

HEADER: Final = "x-twitter-webhooks-signature"
QUESTION: Final = "crc_token"
HARMLESS: Final = re.compile(r"[0-9A-Za-z+/=_-]{1,512}", re.ASCII)


def sign(secret: Secret, said: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.new(secret.reveal().encode(), said, sha256).digest()).decode()


def verify(request: Request, secret: Secret) -> None:
    """Raises BadSignature unless X posted it, or asks a question that may be answered."""
    if request.method == "GET":
        if request.body or question(request) is None:
            raise BadSignature("a GET without a question that may be answered")
        return
    presented = request.headers.get(HEADER)
    if not presented:
        raise BadSignature(f"no {HEADER}", missing=True)
    if not hmac.compare_digest(sign(secret, request.body).encode(), presented.encode("utf-8", "surrogatepass")):
        raise BadSignature("not signed with the app's secret")


def question(request: Request) -> str | None:
    try:
        asked = dict(request.query).get(QUESTION, "")
    except BadPayload:
        return None
    return asked if HARMLESS.fullmatch(asked) else None


def answer(asked: str, secret: Secret) -> bytes:
    return msgspec.json.encode({"response_token": sign(secret, asked.encode())})
