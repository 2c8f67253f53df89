"""The least a Flask webhook can do, to measure the hub against. Compares the secret, reads JSON, keeps nothing."""

import hmac
import json
import os

from flask import Flask, Response, request

SECRET = os.environ["BENCH_SECRET"].encode()
app = Flask(__name__)


@app.post("/in/bench")
def take() -> Response:
    presented = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "").encode()
    if not hmac.compare_digest(SECRET, presented):
        return Response(status=403)
    json.loads(request.get_data())
    return Response(status=200)
