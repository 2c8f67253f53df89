"""kill -9 of the hub in the middle of it all: nothing that was acknowledged is lost, and nothing is there twice."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.chat.talk import APP, Device, token
from tests.end_to_end.hub_process import HubProcess

pytestmark = pytest.mark.kill
KILLS = 3


class Outbox:
    """A customer's device that comes back until all is acknowledged: cursor, history and outbox outlive its sockets."""

    def __init__(self, url: str, sub: str) -> None:
        self._url = url
        self._token = token(sub)
        self._cursor: str | None = None
        self._numbers = itertools.count()
        self._unsent: dict[str, str] = {}
        self.acknowledged: list[str] = []
        self.shown: dict[str, dict[str, Any]] = {}
        self.doubled: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        while not (self.enough.is_set() and not self._unsent):
            with suppress(ConnectionClosed, InvalidHandshake, OSError, EOFError, TimeoutError):
                self._talk()
            time.sleep(0.05)

    def _talk(self) -> None:
        with Device(self._url, self._token, self._cursor) as device:
            device.messages = self.shown
            device.after = self._cursor
            device.greet()
            self._cursor = device.after
            while self._unsent or not self.enough.is_set():
                if not self._unsent:
                    time.sleep(0.02)
                    n = next(self._numbers)
                    self._unsent[f"m-{n}"] = f"message {n}"
                for client_id, text in self._unsent.items():
                    device.say("message", client_id=client_id, text=text)
                device.until("ack", client_id=client_id)
                self.acknowledged.append(self._unsent.pop(client_id))
                self._cursor = device.after

    def catch_up(self) -> None:
        with Device(self._url, self._token, self._cursor) as device:
            device.messages = self.shown
            device.greet()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path)
    settings = json.loads(process.config.read_text())
    chat = {**APP, "messages_per_minute": 100_000, "sessions_per_minute": 100_000}
    process.config.write_text(json.dumps({**settings, "connectors": {"app": chat}}))
    with process:
        yield process


def test_what_was_acknowledged_is_there_once_and_told_to_every_device_after_kills(hub: HubProcess) -> None:
    writer, reader = Outbox(hub.url, "u1"), Outbox(hub.url, "u1")
    reader.enough.set()
    writing = threading.Thread(target=writer.run, daemon=True)
    writing.start()
    answered: list[str] = []
    for _ in range(KILLS):
        _wait(writer, len(writer.acknowledged) + 5)
        with suppress(requests.ConnectionError):
            answered += _answer(hub, f"answer {len(answered)}")
        with suppress(ConnectionClosed, OSError, EOFError):
            reader.catch_up()
        hub.kill()
        hub.start()
    writer.enough.set()
    writing.join(30)
    assert not writing.is_alive()
    for device in (writer, reader):
        device.catch_up()
    recorded = [event["data"]["message"]["text"] for event in hub.events("message.received")]
    assert sorted(recorded) == sorted(set(recorded))
    assert set(writer.acknowledged) <= set(recorded)
    order = _history(hub)
    assert sorted(order) == sorted([*recorded, *answered])
    for device in (writer, reader):
        shown = [message["text"] for message in device.shown.values()]
        assert shown == order[-len(shown) :]
        assert len(shown) >= min(len(order), 50)


def test_an_operator_can_write_as_a_customer(hub: HubProcess) -> None:
    told = hub.run("simulate", "app", "--text", "Hi there", "--url", hub.url, "--json")
    assert (told["url"], told["status"]) == (f"{hub.url}/chat/app/send", 200)
    assert [event["data"]["message"]["text"] for event in hub.events("message.received")] == ["Hi there"]


def _history(hub: HubProcess) -> list[str]:
    """All that a new device of the customer is shown, page by page."""
    with Device(hub.url, token()) as device:
        device.greet()
        page = next(frame for frame in device.frames if frame["type"] == "history")
        texts = device.texts()
        while page["older"]:
            device.say("history", before=page["older"], limit=100)
            page = device.until("history")
            texts = [message["text"] for message in page["messages"]] + texts
    return texts


def _answer(hub: HubProcess, text: str) -> list[str]:
    [conversation] = hub.get("/v1/conversations")["conversations"]
    done = hub.post("/v1/messages", {"conversation_id": conversation["id"], "text": text})
    return [text] if done.status_code == 202 else []


def _wait(writer: Outbox, count: int) -> None:
    """Until so many messages were acknowledged."""
    end = time.monotonic() + 20
    while len(writer.acknowledged) < count:
        assert time.monotonic() < end
        time.sleep(0.02)
