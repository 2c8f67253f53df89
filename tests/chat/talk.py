"""Customers who chat with a served hub: over real sockets, by the protocol alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import jwt
import requests
import yaml
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from gateway.hub import Hub
from gateway.settings import load
from tests.stores import url_of
from tests.web.parrot import Served, serving

VISITORS = "visitors-secret-of-the-tests-0001"
USERS = "users-secret-of-the-tests-00000001"
APP = {"plugin": "chat", "secret": VISITORS, "jwt_secret": USERS, "origins": ["https://app.example.com"]}
PUBLIC = "http://127.0.0.1:8080"
PATIENCE = 10.0


def make_hub(
    folder: Path, others: dict[str, Any] | None = None, inboxes: dict[str, Any] | None = None, **more: Any
) -> Hub:
    """A hub with a chat `app` and other connectors, not yet started; `more` goes into the chat's settings."""
    url = url_of(folder / "hub.db")
    path = folder / "onethread.yaml"
    told = {
        "public_url": PUBLIC,
        "store": url,
        "files": "./files",
        "inboxes": inboxes or {},
        "connectors": {"app": {**APP, **more}, **(others or {})},
    }
    path.write_text(yaml.safe_dump(told))
    return Hub(load(path, {}))


@contextmanager
def chatting(folder: Path, **more: Any) -> Iterator[Served]:
    with serving(make_hub(folder, **more)) as served:
        yield served


def token(sub: str = "u1", secret: str = USERS, algorithm: str = "HS256", **claims: Any) -> str:
    """A user's token as an app makes it, good for an hour unless told otherwise."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    return jwt.encode({"sub": sub, "exp": expires, **claims}, secret, algorithm=algorithm)


def visitor(url: str) -> str:
    """A new visitor's token."""
    answer = requests.post(f"{url}/chat/app/session", timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def by(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Device:
    """One device of a customer: it keeps its cursor and what it was told, as the page does."""

    def __init__(self, url: str, token: str, after: str | None = None, **headers: str) -> None:
        self._url = f"ws{url.removeprefix('http')}/chat/app/socket"
        self._headers = headers
        self.token = token
        self.after = after
        self.frames: list[dict[str, Any]] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.socket: ClientConnection

    def __enter__(self) -> Self:
        self._connecting = connect(self._url, additional_headers=self._headers, compression=None, max_size=1 << 24)
        self.socket = self._connecting.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._connecting.__exit__(None, None, None)

    def greet(self) -> None:
        """Says hello and is told all it missed."""
        self.say("hello", token=self.token, after=self.after)
        self.until("live")

    def say(self, type_: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": type_, **fields}))

    def next(self, seconds: float = PATIENCE) -> dict[str, Any]:
        """The next frame. Raises TimeoutError, ConnectionClosed."""
        frame: dict[str, Any] = json.loads(self.socket.recv(seconds))
        self.frames.append(frame)
        if frame["type"] == "history" and frame["reset"]:
            self.messages.clear()
        for message in frame.get("messages", ()) if frame["type"] == "history" else ():
            self.messages[message["id"]] = message
        if frame["type"] == "message":
            self.messages[frame["message"]["id"]] = frame["message"]
        if frame.get("cursor"):
            self.after = frame["cursor"]
        return frame

    def until(self, type_: str, **fields: Any) -> dict[str, Any]:
        """The next frame of a type with these fields; those before are kept as they come."""
        while True:
            frame = self.next()
            if frame["type"] == type_ and all(frame.get(name) == value for name, value in fields.items()):
                return frame

    def write(self, text: str, client_id: str, **fields: Any) -> dict[str, Any]:
        """Sends a message; its acknowledgement."""
        self.say("message", client_id=client_id, text=text, **fields)
        return self.until("ack", client_id=client_id)

    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages.values()]

    def until_texts(self, *texts: str) -> None:
        """Until it shows exactly these, in this order."""
        while self.texts() != list(texts):
            self.next()

    def closed(self) -> int:
        """The code its socket is closed with."""
        try:
            while True:
                self.next()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006


@contextmanager
def live(served: Served, token: str, after: str | None = None, **headers: str) -> Iterator[Device]:
    """A device that has caught up."""
    with Device(served.url, token, after, **headers) as device:
        device.greet()
        yield device


def answer(served: Served, conversation: str, text: str, **fields: Any) -> dict[str, Any]:
    """What an agent answers; the message."""
    body = {"conversation_id": conversation, "text": text, **fields}
    done = served.ask("POST", "/v1/messages", json=body)
    assert done.status_code == 202, done.text
    return dict(done.json()["message"])


def command(served: Served, type_: str, **fields: Any) -> None:
    done = served.ask("POST", "/v1/commands", json={"type": type_, **fields})
    assert done.status_code in (200, 202), done.text


def session(served: Served, **headers: str) -> requests.Response:
    return requests.post(f"{served.url}/chat/app/session", headers=headers, timeout=PATIENCE)


def send(served: Served, shown: str, **frame: Any) -> requests.Response:
    return requests.post(f"{served.url}/chat/app/send", json=frame, headers=by(shown), timeout=PATIENCE)
