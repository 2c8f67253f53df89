"""APNs and the devices it reaches, over loopback, by HTTP/2 without TLS.

`python -m connectors.channels.apns.simulator` runs it alone. What arrived is kept opened: the claims of the sender's
token in the place of the token, and the end as seconds from now.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from time import time
from typing import Any, ClassVar, Final

import jwt
import msgspec

from connectors.channels.apns.config import read_key
from connectors.channels.apns.served import Server
from connectors.families.app import simulated
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import HUB_URL, Failure, Listening, LoopbackSimulator, Reply, WireRequest, run

PATH: Final = "/3/device/"
LARGEST: Final = 4096
HOUR: Final = 3600
PRIORITIES: Final = frozenset({"1", "5", "10"})


def failure(status: int, reason: str, **more: Any) -> Reply:
    return Reply.json({"reason": reason, **more}, status)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(429, "TooManyRequests"),
        Failure.SERVER_ERROR: failure(500, "InternalServerError"),
        Failure.UNAUTHORIZED: failure(403, "InvalidProviderToken"),
        Failure.UNREACHABLE: failure(410, "Unregistered", timestamp=1_790_000_000_000),
        Failure.REFUSED: failure(413, "PayloadTooLarge"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "that somebody forbade notifications is not told: they are accepted and not shown",
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated.MUTATORS

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.shown: dict[str, list[dict[str, Any]]] = {}
        """What each device was sent, by its token."""
        self.connections = 0
        """How many were opened."""

    # --- the app ------------------------------------------------------------------------------------------------------

    def device(self, name: str) -> dict[str, Any]:
        return {"token": sha256(name.encode()).hexdigest()}

    def registration(self, body: bytes, user: str = "u1") -> WireRequest:
        return simulated.registration(self.config, self.hub_url, body, user)

    def seen(self, shown: Mapping[str, Any], how: str) -> WireRequest:
        """The app tells that a notification of `shown` was `shown` or `opened`."""
        return simulated.seen(self.hub_url, shown, how)

    def genuine(self, payload: bytes) -> WireRequest:
        return self.registration(payload)

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:  # noqa: ARG002 - nobody writes here
        return simulated.told(self.device(sender))

    # --- APNs ---------------------------------------------------------------------------------------------------------

    async def listen(self) -> Listening:
        def opened() -> None:
            self.connections += 1

        return await Server.start(self.met, opened)

    async def answer(self, request: WireRequest) -> Reply:
        opened, given = self._opened(request), request.headers
        if request.method != "POST" or not request.path.startswith(PATH):
            return failure(404, "BadPath")
        if not opened.headers.get("authorization", "").startswith("bearer {"):
            return failure(403, "InvalidProviderToken" if "authorization" in given else "MissingProviderToken")
        reason = self._wrong(given, request.body)
        if reason:
            return failure(400, reason)
        token = request.path.removeprefix(PATH)
        if len(token) != 64:
            return failure(400, "BadDeviceToken")
        self.shown.setdefault(token, []).append(msgspec.json.decode(request.body, type=dict[str, Any]))
        return Reply(200, headers={"apns-id": given["apns-id"]})

    def _wrong(self, given: Mapping[str, str], body: bytes) -> str | None:
        """What APNs finds fault with."""
        if given.get("apns-topic") != self.config["bundle"]:
            return "TopicDisallowed" if "apns-topic" in given else "MissingTopic"
        if given.get("apns-push-type") != "alert":
            return "InvalidPushType"
        if given.get("apns-priority") not in PRIORITIES:
            return "BadPriority"
        if len(given.get("apns-collapse-id", "").encode()) > 64:
            return "BadCollapseId"
        if not given.get("apns-expiration", "").isdecimal():
            return "BadExpirationDate"
        return "PayloadEmpty" if not body else "PayloadTooLarge" if len(body) > LARGEST else None

    def _arrived(self, request: WireRequest) -> Failure | None:
        return super()._arrived(self._opened(request))

    def _opened(self, request: WireRequest) -> WireRequest:
        headers = dict(request.headers)
        if headers.get("apns-expiration", "").isdecimal() and headers["apns-expiration"] != "0":
            headers["apns-expiration"] = f"+{round((int(headers['apns-expiration']) - time()) / 60) * 60}"
        if "authorization" in headers:
            headers["authorization"] = self._claims(headers["authorization"])
        return replace(request, headers=headers)

    def _claims(self, authorization: str) -> str:
        """The claims of a sender that is genuine, without their beginning, which is another each time."""
        token = authorization.removeprefix("bearer ")
        try:
            head = jwt.get_unverified_header(token)
            key = read_key(Secret(self.config["signing_key"])).public_key()
            claims = jwt.decode(token, key, algorithms=["ES256"], options={"verify_iat": False})
        except jwt.PyJWTError:
            return authorization
        if head.get("kid") != self.config["key_id"] or claims.get("iss") != self.config["team"]:
            return authorization
        if not time() - HOUR < claims.get("iat", 0) <= time() + 60:
            return authorization
        return f"bearer {msgspec.json.encode({'kid': head['kid'], 'iss': claims['iss']}).decode()}"


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="APNs over loopback.")
    wanted.add_argument("key", type=argparse.FileType(), help="a .p8 file")
    for setting in ("key-id", "team", "bundle"):
        wanted.add_argument(f"--{setting}", required=True)
    wanted.add_argument("--secret", default="users-secret-of-the-tests-00000001", help="jwt_secret")
    told = wanted.parse_args()
    settings = {"signing_key": told.key.read(), "key_id": told.key_id, "team": told.team, "bundle": told.bundle}
    run(Simulator({**settings, "jwt_secret": told.secret}))
