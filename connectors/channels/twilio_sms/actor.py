"""The customer of the demonstration by SMS."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs

from connectors.channels.twilio_sms.simulator import Simulator
from connectors.kit.acting import Actor, Scene, post

CONFIG = {
    "account_sid": "AC00000000000000000000000000000001",
    "auth_token": "demonstration-of-no-real-account",
    "sender": "+447700900111",
}


class Texter(Actor[Simulator]):
    connector: ClassVar[str] = "sms-uk"
    line: ClassVar[str] = "And now by SMS: is it still on its way?"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene, Simulator(CONFIG, f"{scene.hub}/in/{self.connector}"))

    def entry(self) -> Mapping[str, Any]:
        return {"plugin": "twilio_sms", **self.provider.settings()}

    def say(self, text: str) -> None:
        message = self.provider.message(text, self.scene.role.phone)
        post(self.provider.genuine(message), self.scene.hub)

    def heard(self) -> Sequence[str]:
        sent = [one for one in self.provider.performed if one.method == "POST" and one.path.endswith("/Messages.json")]
        return [parse_qs(one.body.decode())["Body"][0] for one in sent]
