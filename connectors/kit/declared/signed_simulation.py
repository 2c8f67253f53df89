"""What a simulator makes of signed requests: whether they are, and how fixtures have them."""

import hmac
import re
from typing import Final

from connectors.kit.declared.signers import HEADER, Asking, Signer, Value
from connectors.kit.fixtures import WireRequest

_OF_NOW: Final = (
    (re.compile(r"(Credential=[^/,]+/)[0-9-]{8,10}(?=/)"), r"\1DAY"),
    (re.compile(r"(Signature=)[0-9a-f]{64}"), r"\1SIGNATURE"),
)


def is_signed(signer: Signer, request: WireRequest, value: Value) -> bool:
    """Signs it once more."""
    asking = Asking(request.method, f"http://{request.headers['host']}{request.path}", request.headers, request.body)
    try:
        wanted = signer.authorization(asking, value)
    except (KeyError, ValueError):
        return False
    return hmac.compare_digest(request.headers.get(HEADER, "").encode(), wanted.encode())


def steady(signer: Signer, request: WireRequest) -> WireRequest:
    """Without what is of its moment."""
    headers = {name: text for name, text in request.headers.items() if name not in signer.moment}
    for found, plainly in _OF_NOW:
        headers[HEADER] = found.sub(plainly, headers.get(HEADER, ""))
    return WireRequest(request.method, request.path, headers, request.body)
