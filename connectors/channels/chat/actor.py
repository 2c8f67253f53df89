"""The customer of the demonstration, signed in to the app, whose server vouches for mail address and number."""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar
from uuid import uuid4

import jwt
import requests

from connectors.kit.acting import SECONDS, Actor, NotTaken, Scene

SECRET = "demonstration-of-no-real-app-0001"  # noqa: S105 - of an app that does not exist
A_DAY = 86_400


class Visitor(Actor[nullcontext[None]]):
    connector: ClassVar[str] = "app"
    line: ClassVar[str] = "Hi! My parcel has not come yet."

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene, nullcontext())  # the hub is the provider

    def entry(self) -> Mapping[str, Any]:
        return {"plugin": "chat", "jwt_secret": SECRET, "secret": f"{SECRET}-visitors"}

    def token(self) -> str:
        """What the app's server gives who is signed in."""
        role = self.scene.role
        claims = {
            "sub": role.number,
            "exp": int(time.time()) + A_DAY,
            "name": role.name,
            "email": role.email,
            "email_verified": True,
            "phone_number": role.phone,
            "phone_number_verified": True,
        }
        return jwt.encode(claims, SECRET, algorithm="HS256")

    def say(self, text: str) -> None:
        self._ask("POST", "send", {"type": "message", "client_id": str(uuid4()), "text": text})

    def heard(self) -> Sequence[str]:
        shown = self._ask("GET", "history")["messages"]
        return [one["text"] for one in shown if one["from"] == "them" and one["channel"] == "chat"]

    def page(self) -> str:
        return f"{self.scene.hub}/chat/{self.connector}/#token={self.token()}"

    def _ask(self, method: str, room: str, body: Mapping[str, Any] | None = None) -> Any:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the surroundings has no part in this
            answer = session.request(
                method,
                f"{self.scene.hub}/chat/{self.connector}/{room}",
                json=body,
                headers={"authorization": f"Bearer {self.token()}"},
                timeout=SECONDS,
            )
        if answer.status_code != 200:
            raise NotTaken(f"chat {room}: {answer.status_code} {answer.text[:200]}")
        return answer.json()
