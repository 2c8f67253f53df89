"""FCM, Google's tokens and the devices they reach, over loopback: `python -m connectors.channels.fcm.simulator`."""

import argparse
import itertools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs

import jwt
import msgspec

from connectors.channels.fcm.access import GRANT, SCOPE
from connectors.channels.fcm.config import read_account
from connectors.families.app import simulated
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

TOKENS: Final = "/token"
LARGEST: Final = 4096
DETAIL: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


def failure(status: int, name: str, words: str, code: str | None = None, **headers: str) -> Reply:
    details = [{"@type": DETAIL, "errorCode": code}] if code else []
    error = {"code": status, "message": words, "status": name, "details": details}
    return Reply.json({"error": error}, status, **headers)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", "QUOTA_EXCEEDED", retry_after="7"),
        Failure.SERVER_ERROR: failure(500, "INTERNAL", "Internal error encountered.", "INTERNAL"),
        Failure.UNAUTHORIZED: failure(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
        Failure.UNREACHABLE: failure(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED"),
        Failure.REFUSED: Reply.json(
            {
                "error": {
                    "code": 400,
                    "message": "Invalid value at 'message.data'",
                    "status": "INVALID_ARGUMENT",
                    "details": [
                        {
                            "@type": "type.googleapis.com/google.rpc.BadRequest",
                            "fieldViolations": [{"field": "message.data", "description": "Invalid value"}],
                        }
                    ],
                }
            },
            400,
        ),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "that somebody forbade notifications is not told: they are accepted and not shown",
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated.MUTATORS

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.shown: dict[str, list[dict[str, Any]]] = {}
        """What each device was sent, by its name."""
        self.granted: list[str] = []
        """Access tokens, in order; those taken away are refused."""
        self._numbers = itertools.count(1)
        self._account = read_account(Secret(self.config["service_account"]))

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "oauth_url": f"{self.url}{TOKENS}"}

    # --- the app ------------------------------------------------------------------------------------------------------

    def device(self, name: str) -> dict[str, Any]:
        return {"token": f"cXr0-dev_{name}:APA91b-of-{name}-0000000000"}

    def registration(self, body: bytes, user: str = "u1") -> WireRequest:
        return simulated.registration(self.config, self.hub_url, body, user)

    def seen(self, shown: Mapping[str, Any], how: str) -> WireRequest:
        """The app tells that a notification of `shown` was `shown` or `opened`."""
        return simulated.seen(self.hub_url, shown["data"], how)

    def genuine(self, payload: bytes) -> WireRequest:
        return self.registration(payload)

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:  # noqa: ARG002 - nobody writes here
        return simulated.told(self.device(sender))

    # --- Google -------------------------------------------------------------------------------------------------------

    def _arrived(self, request: WireRequest) -> Failure | None:
        """Asking for an access token is no request to FCM."""
        return None if request.path == TOKENS else super()._arrived(request)

    async def answer(self, request: WireRequest) -> Reply:
        if request.path == TOKENS:
            return self._grant(request)
        if request.path != f"/v1/projects/{self._account.project_id}/messages:send":
            return failure(404, "NOT_FOUND", "Project not found.")
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.granted:
            return self.FAILURES[Failure.UNAUTHORIZED]
        try:
            message = msgspec.json.decode(request.body, type=dict[str, dict[str, Any]])["message"]
            name = message["token"].removeprefix("cXr0-dev_").partition(":")[0]
            strings = all(isinstance(value, str) for value in message["data"].values())
        except (msgspec.MsgspecError, KeyError):
            return self.FAILURES[Failure.REFUSED]
        if not strings or len(msgspec.json.encode([message["notification"], message["data"]])) > LARGEST:
            return self.FAILURES[Failure.REFUSED]
        if not message["token"].startswith("cXr0-"):
            words = "The registration token is not a valid FCM registration token"
            return failure(400, "INVALID_ARGUMENT", words, "INVALID_ARGUMENT")
        self.shown.setdefault(name, []).append(message)
        return Reply.json({"name": f"projects/{self._account.project_id}/messages/0:{next(self._numbers)}"})

    def _grant(self, request: WireRequest) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        try:
            claims = jwt.decode(
                form["assertion"],
                self._account.key.public_key(),
                algorithms=["RS256"],
                audience=self._account.token_uri,
                issuer=self._account.client_email,
            )
            genuine = form["grant_type"] == GRANT and claims["scope"] == SCOPE and claims["exp"] - claims["iat"] <= 3600
        except (KeyError, jwt.PyJWTError):
            genuine = False
        if not genuine:
            return Reply.json({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        self.granted.append(f"ya29.simulated-{len(self.granted) + 1}")
        return Reply.json({"access_token": self.granted[-1], "expires_in": 3599, "token_type": "Bearer"})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Firebase Cloud Messaging over loopback.")
    wanted.add_argument("account", type=argparse.FileType(), help="the key file of a service account")
    wanted.add_argument("--secret", default="users-secret-of-the-tests-00000001", help="jwt_secret")
    told = wanted.parse_args()
    run(Simulator({"service_account": told.account.read(), "jwt_secret": told.secret}))
