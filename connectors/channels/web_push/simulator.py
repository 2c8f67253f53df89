"""A push service, and the browsers it reaches, over loopback: `python -m connectors.channels.web_push.simulator`.

It checks who sends and what, decrypts with another implementation (`http_ece`), and keeps what each browser showed.
What arrived is kept opened: the message in the place of its octets, and the claims in that of the sender's token.
"""

import argparse
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from time import time
from typing import Any, ClassVar, Final

import http_ece
import jwt
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)

from connectors.channels.web_push.vapid import from_base64url, public_octets, public_text, read_key, to_base64url
from connectors.families.app import simulated
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

SERVICE: Final = "https://updates.push.services.mozilla.com"
PATH: Final = "/wpush/v2/"
LARGEST: Final = 4096
DAY: Final = 24 * 3600
TOPIC: Final = 32
URGENCIES: Final = frozenset({"very-low", "low", "normal", "high"})


def failure(status: int, errno: int, words: str, **headers: str) -> Reply:
    return Reply.json({"code": status, "errno": errno, "message": words}, status, **headers)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(429, 999, "Too many requests", retry_after="7"),
        Failure.SERVER_ERROR: failure(500, 999, "Internal error"),
        Failure.UNREACHABLE: failure(410, 106, "Endpoint has expired"),
        Failure.REFUSED: failure(413, 104, "Data payload too large"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "who forbids notifications has no subscription any more",
        Failure.UNAUTHORIZED: "there are no accounts: a key is refused for one subscription, not for all",
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated.MUTATORS

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.shown: dict[str, list[dict[str, Any]]] = {}
        """What each browser was sent, decrypted, by its name."""
        self.gone: set[str] = set()
        """Browsers that unsubscribed."""

    # --- the app's page -----------------------------------------------------------------------------------------------

    def browser(self, name: str) -> dict[str, Any]:
        """The subscription of a browser."""
        public = to_base64url(public_octets(_browsers_key(name).public_key()))
        keys = {"p256dh": public, "auth": to_base64url(_auth(name))}
        return {"endpoint": f"{SERVICE}{PATH}{name}", "expirationTime": None, "keys": keys}

    def registration(self, body: bytes, user: str = "u1") -> WireRequest:
        """A signed-in user's page registers what `message` says."""
        return simulated.registration(self.config, self.hub_url, body, user)

    def seen(self, shown: Mapping[str, Any], how: str) -> WireRequest:
        """The app tells that a notification of `shown` was `shown` or `opened`."""
        return simulated.seen(self.hub_url, shown["data"], how)

    def genuine(self, payload: bytes) -> WireRequest:
        return self.registration(payload)

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:  # noqa: ARG002 - nobody writes here
        return simulated.told(self.browser(sender))

    # --- the push service ---------------------------------------------------------------------------------------------

    async def answer(self, request: WireRequest) -> Reply:
        request, name = self._opened(request), request.path.removeprefix(PATH)
        if request.method != "POST" or not request.path.startswith(PATH):
            return failure(404, 102, "No such endpoint")
        if name in self.gone:
            return self.FAILURES[Failure.UNREACHABLE]
        if not request.headers.get("ttl", "").isdecimal():
            return failure(400, 111, "Missing TTL header")
        if len(request.headers.get("topic", "")) > TOPIC or request.headers.get("urgency", "normal") not in URGENCIES:
            return failure(400, 113, "Invalid topic or urgency")
        if not request.headers.get("authorization", "").startswith("vapid {"):
            return failure(401, 109, "Invalid authentication")
        try:
            shown = msgspec.json.decode(request.body, type=dict[str, Any])
        except msgspec.DecodeError:
            return failure(400, 110, "Invalid crypto keys specified")
        self.shown.setdefault(name, []).append(shown)
        return Reply(201, headers={"location": f"{SERVICE}/m/{name}.{len(self.shown[name])}", "ttl": "60"})

    def _arrived(self, request: WireRequest) -> Failure | None:
        return super()._arrived(self._opened(request))

    def _opened(self, request: WireRequest) -> WireRequest:
        """Whatever cannot be opened stays as it came."""
        headers = {**request.headers, "authorization": self._claims(request.headers.get("authorization", ""))}
        body = request.body
        try:
            if request.headers.get("content-encoding") == "aes128gcm" and len(body) <= LARGEST:
                name = request.path.removeprefix(PATH)
                body = http_ece.decrypt(
                    body, private_key=_browsers_key(name), auth_secret=_auth(name), version="aes128gcm"
                )
        except (http_ece.ECEException, ValueError, InvalidTag):
            pass
        return replace(request, headers=headers, body=body)

    def _claims(self, authorization: str) -> str:
        """The claims of a sender that is genuine, without their end, which is another each time."""
        try:
            fields = dict(part.strip().split("=", 1) for part in authorization.removeprefix("vapid ").split(","))
            key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), from_base64url(fields["k"]))
            claims = jwt.decode(fields["t"], key, algorithms=["ES256"], audience=SERVICE)
        except (ValueError, KeyError, jwt.PyJWTError):
            return authorization
        ours = public_text(read_key(Secret(self.config["vapid_private_key"])))
        if fields["k"] != ours or claims["exp"] > time() + DAY or "sub" not in claims:
            return authorization
        return f"vapid {msgspec.json.encode({'aud': claims['aud'], 'sub': claims['sub']}).decode()}"


def _browsers_key(name: str) -> EllipticCurvePrivateKey:
    return derive_private_key(int.from_bytes(sha256(name.encode()).digest()) >> 1, SECP256R1())


def _auth(name: str) -> bytes:
    return sha256(b"auth " + name.encode()).digest()[:16]


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="A push service over loopback.")
    wanted.add_argument("--key", default=urlsafe_b64encode(b"\1" * 32).rstrip(b"=").decode(), help="vapid_private_key")
    wanted.add_argument("--secret", default="users-secret-of-the-tests-00000001", help="jwt_secret")
    told = wanted.parse_args()
    run(Simulator({"vapid_private_key": told.key, "jwt_secret": told.secret}))
