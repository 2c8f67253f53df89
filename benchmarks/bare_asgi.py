"""The least an ASGI webhook can do, to measure the hub against. Compares the secret, reads JSON, keeps nothing."""

import hmac
import json
import os
from typing import Any

SECRET = os.environ["BENCH_SECRET"].encode()
HEADER = b"x-telegram-bot-api-secret-token"
BODILESS = [(b"content-length", b"0")]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise RuntimeError("only http is served")
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    presented = next((value for name, value in scope["headers"] if name == HEADER), b"")
    genuine = hmac.compare_digest(SECRET, presented)
    if genuine:
        json.loads(body)
    await send({"type": "http.response.start", "status": 200 if genuine else 403, "headers": BODILESS})
    await send({"type": "http.response.body", "body": b""})
