"""The customer of the demonstration on Telegram."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from connectors.channels.telegram.simulator import Simulator
from connectors.kit.acting import Actor, Scene, post

CONFIG = {"token": "1000000001:DEMONSTRATION-of-no-real-bot-00001", "secret_token": "demonstration-of-no-real-bot"}


class Messenger(Actor[Simulator]):
    connector: ClassVar[str] = "support-telegram"
    line: ClassVar[str] = "Hello, it is me again, from Telegram now."

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene, Simulator(CONFIG, f"{scene.hub}/in/{self.connector}"))

    def entry(self) -> Mapping[str, Any]:
        return {"plugin": "telegram", **self.provider.settings()}

    def say(self, text: str) -> None:
        message = self.provider.message(text, self.scene.role.number)
        post(self.provider.genuine(message), self.scene.hub)

    def heard(self) -> Sequence[str]:
        sent = [one for one in self.provider.performed if one.path.endswith("/sendMessage")]
        return [msgspec.json.decode(one.body)["text"] for one in sent]
