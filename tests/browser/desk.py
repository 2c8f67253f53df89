"""The other side of the chat: a hub as its operators run it, with a chat `app`, and somebody who answers."""

import json
from pathlib import Path
from typing import Any

from tests.chat.talk import APP
from tests.end_to_end.hub_process import HubProcess

PLENTY = 100_000


class Desk(HubProcess):
    """`more` goes into the chat's settings."""

    def __init__(self, folder: Path, **more: Any) -> None:
        super().__init__(folder)
        settings = json.loads(self.config.read_text())
        chat = {
            **APP,
            "origins": ["*"],
            "emergency": True,
            "messages_per_minute": PLENTY,
            "sessions_per_minute": PLENTY,
        }
        self.config.write_text(json.dumps({**settings, "connectors": {"app": {**chat, **more}}}))

    @property
    def page(self) -> str:
        return f"{self.url}/chat/app/"

    def conversation_of(self, text: str) -> str:
        """Id of the conversation in which a customer wrote this, once they did; they wrote it once."""
        while True:
            found = [event for event in self.until("message.received") if event["data"]["message"]["text"] == text]
            if found:
                break
            self.get("/v1/events", after=self.get("/v1/events", limit=1000)["next"], wait=1)
        [event] = found
        return str(event["data"]["message"]["conversation_id"])

    def received(self, conversation: str) -> list[dict[str, Any]]:
        """What the customer wrote, oldest first."""
        told = [event["data"]["message"] for event in self.events("message.received")]
        return [message for message in told if message["conversation_id"] == conversation]

    def texts(self, conversation: str) -> list[str]:
        return [message["text"] for message in self.received(conversation)]

    def answer(self, conversation: str, text: str, **fields: Any) -> str:
        """Id of the message."""
        done = self.post("/v1/messages", {"conversation_id": conversation, "text": text, **fields})
        assert done.status_code == 202, done.text
        return str(done.json()["message"]["id"])

    def command(self, type_: str, **fields: Any) -> None:
        done = self.post("/v1/commands", {"type": type_, **fields})
        assert done.status_code == 202, done.text
