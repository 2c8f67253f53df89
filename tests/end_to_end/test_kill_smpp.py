"""kill -9 while a carrier delivers: what was answered is there, and what was not comes again; each is there once."""

import json
from concurrent.futures import Future
from pathlib import Path
from threading import Semaphore

import pytest

from connectors.channels.smpp.simulator import Simulator
from tests.end_to_end.hub_process import HubProcess

pytestmark = pytest.mark.kill
MESSAGES = 600
KILLS = 3
ACCOUNT = {"system_id": "acme", "password": "pass0rdX", "sender": "+447700900111"}
AT_ONCE = 20


def bind(hub: HubProcess, provider: Simulator) -> None:
    settings = json.loads(hub.config.read_text())
    settings["connectors"] = {"carrier": {"plugin": "smpp", **provider.settings(), "poll_seconds": 1}}
    hub.config.write_text(json.dumps(settings))


class Delivering:
    """Messages that a carrier delivers, some at once; `answered` are those the hub said it has."""

    def __init__(self, provider: Simulator) -> None:
        self._provider = provider
        self._places = Semaphore(AT_ONCE)
        self.answered: list[str] = []

    def deliver(self, text: str) -> None:
        """Returns once there is place for the next."""
        self._places.acquire()
        answer = self._provider.begin(self._provider.message(text))
        answer.add_done_callback(lambda done: self._heard(text, done))

    def _heard(self, text: str, done: "Future[int]") -> None:
        assert done.result() == 0
        self.answered.append(text)
        self._places.release()

    def finish(self) -> None:
        for _ in range(AT_ONCE):
            assert self._places.acquire(timeout=60)


def test_kills_lose_nothing_that_was_answered_and_double_nothing(tmp_path: Path) -> None:
    wanted = [f"message {n}" for n in range(MESSAGES)]
    hub = HubProcess(tmp_path)
    with Simulator(ACCOUNT) as provider, hub:
        hub.stop()
        bind(hub, provider)
        hub.start()
        provider.bound(1)
        carrier = Delivering(provider)
        for n, text in enumerate(wanted, 1):
            carrier.deliver(text)
            if n % (MESSAGES // (KILLS + 1)) == 0 and n < MESSAGES:
                hub.kill()
                hub.start()
        carrier.finish()
        received = [event["data"]["message"]["text"] for event in hub.events("message.received")]
        assert sorted(carrier.answered) == sorted(wanted)
        assert sorted(received) == sorted(wanted)
        assert len(provider.binds) == KILLS + 1
