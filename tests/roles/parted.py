"""Hubs with one role each on one store, as an operator spreads them; and what customers and agents notice of it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import pika
import requests

from connectors.channels.telegram.simulator import Simulator
from gateway.bus.addresses import brokers
from gateway.bus.names import queue_of
from gateway.hub import Hub
from gateway.keys import Scope, create_key
from gateway.roles import Role
from gateway.settings import load
from tests.chat.talk import APP, Device, token
from tests.end_to_end.hub_process import SECRET, TOKEN
from tests.servers import ADDRESSES
from tests.stores import migrated
from tests.web.parrot import Served, serving

T = TypeVar("T")
PATIENCE = 20.0
STORE = "sqlite:///hub.db"


def configure(folder: Path, telegram: Simulator, archive: str, store: str = STORE, **more: Any) -> Path:
    """The configuration that all of them have; `archive` is a subscription with a queue."""
    told = {
        "public_url": "http://127.0.0.1:8080",
        "store": store,
        "bus": ADDRESSES["rabbitmq"],
        "inboxes": {"main": {"targets": {"telegram": "1s"}}},
        "connectors": {
            "support": {"plugin": "telegram", "token": TOKEN, "secret_token": SECRET, "api_base": telegram.url},
            "app": APP,
        },
        "subscriptions": {archive: {"queue": True, "types": ["message.received"]}},
        **more,
    }
    path = folder / "onethread.yaml"
    path.write_text(json.dumps(told))
    return path


@contextmanager
def archived() -> Iterator[str]:
    """A subscription's name that is nobody else's; its queue is gone afterwards."""
    name = f"archive-{uuid4().hex[:12]}"
    yield name
    with _channel() as channel:
        channel.queue_delete(queue_of(name))


@contextmanager
def _channel() -> Iterator[Any]:
    [broker] = brokers(ADDRESSES["rabbitmq"])
    who = pika.PlainCredentials(broker.user, broker.password.reveal())
    connection = pika.BlockingConnection(pika.ConnectionParameters(broker.host, broker.port, broker.vhost, who))
    yield connection.channel()
    connection.close()


class Parted:
    """Who serves what."""

    def __init__(self, urls: Mapping[Role, str], key: str, archive: str, telegram: Simulator) -> None:
        self.urls = dict(urls)
        self.archive = archive
        self.telegram = telegram
        self._key = {"Authorization": f"Bearer {key}"}
        self._updates = 0

    def hear(self, text: str) -> None:
        """A customer writes, and the provider posts it."""
        self._updates += 1
        n = self._updates
        person = {"id": 5012345678, "is_bot": False, "first_name": "Mina"}
        message = {"message_id": n, "from": person, "chat": {"id": 5012345678, "type": "private"}, "date": 1790000000}
        update = {"update_id": 880142000 + n, "message": {**message, "text": text}}
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        url = f"{self.urls[Role.RECEIVE]}/in/support"
        assert requests.post(url, json=update, headers=headers, timeout=PATIENCE).status_code == 200

    def answer(self, conversation: str, text: str) -> dict[str, Any]:
        url, body = f"{self.urls[Role.RECEIVE]}/v1/messages", {"conversation_id": conversation, "text": text}
        answer = requests.post(url, json=body, headers=self._key, timeout=PATIENCE)
        assert answer.status_code == 202, answer.text
        return dict(answer.json()["message"])

    def command(self, type_: str, **fields: Any) -> None:
        url, body = f"{self.urls[Role.RECEIVE]}/v1/commands", {"type": type_, **fields}
        answer = requests.post(url, json=body, headers=self._key, timeout=PATIENCE)
        assert answer.ok, answer.text

    def writing(self, conversation: str) -> list[str]:
        """The routes of those who write just now, as `receive` knows it."""
        url = f"{self.urls[Role.RECEIVE]}/v1/conversations/{conversation}/typing"
        return list(requests.get(url, headers=self._key, timeout=PATIENCE).json()["routes"])

    def events(self, type_: str) -> list[dict[str, Any]]:
        url, asked = f"{self.urls[Role.STREAM]}/v1/events", {"types": type_, "limit": 500}
        return list(requests.get(url, asked, headers=self._key, timeout=PATIENCE).json()["events"])

    def received(self, text: str) -> dict[str, Any]:
        """The event of a customer's message, once the stream has it."""
        return until(lambda: [one for one in self.events("message.received") if _text(one) == text])[0]

    def said(self) -> list[str]:
        """What left for the customer."""
        sends = [request for request in self.telegram.requests if request.path.endswith("/sendMessage")]
        return [json.loads(request.body)["text"] for request in sends]

    def queued(self) -> list[str]:
        """Takes what the archive's queue has."""
        found = []
        with _channel() as channel:
            while (got := channel.basic_get(queue_of(self.archive), auto_ack=True))[0]:
                found.append(_text(json.loads(got[2])))
        return found


def _text(event: dict[str, Any]) -> str:
    return str(event["data"]["message"]["text"])


def until(there: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What it finds, once it is something."""
    end = time.monotonic() + seconds
    while not (found := there()):
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.05)
    return found


class OnOneFile:
    """Hubs of one role each, each under its own server, in one process and on one SQLite file."""

    def __init__(self, folder: Path, telegram: Simulator, archive: str) -> None:
        migrated(folder / "hub.db")
        self._path = configure(folder, telegram, archive)
        self._stack = ExitStack()
        self.served = {role: self.join(role) for role in Role}
        key, _ = create_key(self.served[Role.RECEIVE].hub.engine, "tests", (Scope.ADMIN,))
        self.parted = Parted({role: one.url for role, one in self.served.items()}, key, archive, telegram)

    def join(self, role: Role) -> Served:
        """One more of a role."""
        return self._stack.enter_context(serving(Hub(load(self._path, {}), frozenset({role}))))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def whole_way(parted: Parted, text: str = "Where is it?") -> None:
    """A message in, its copy on a queue, the answer out, the same in the chat, and a promise that was not kept."""
    parted.hear(text)
    received = parted.received(text)
    until(lambda: text in parted.queued())
    conversation = received["data"]["message"]["conversation_id"]
    until(lambda: [one for one in parted.events("reply.overdue") if one["data"]["conversation_id"] == conversation])
    parted.answer(conversation, f"re: {text}")
    until(lambda: f"re: {text}" in parted.said())


def chats(parted: Parted) -> None:
    """A customer in the app, connected to `stream`, hears what was written at `receive`."""
    with Device(parted.urls[Role.STREAM], token()) as device:
        device.greet()
        ack = device.write("Hello", "m-1")
        parted.answer(ack["conversation"], "Hi there")
        device.until_texts("Hello", "Hi there")


def typing(parted: Parted) -> None:
    """Both ways between a customer at `stream` and an agent at `receive`."""
    with Device(parted.urls[Role.STREAM], token()) as device:
        device.greet()
        conversation = device.write("Hello", "m-1")["conversation"]
        parted.command("typing.set", conversation_id=conversation)
        assert device.until("typing") == {"type": "typing", "on": True, "seconds": 8}
        device.say("typing", on=True)
        until(lambda: parted.writing(conversation))
        device.say("typing", on=False)
        until(lambda: not parted.writing(conversation))
