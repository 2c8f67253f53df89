"""kill -9: what was acknowledged is there once, and what may have left is never sent again."""

import itertools
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.channels.telegram.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from tests.end_to_end.hub_process import SECRET, TOKEN, HubProcess

pytestmark = pytest.mark.kill
KILLS = 10
SENDERS = 8


class Provider(threading.Thread):
    """Posts messages as Telegram does: again and again until it hears success, each chat in order."""

    def __init__(self, hub: HubProcess, chat: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._hub = hub
        self._chat = chat
        self._stopped = stop
        self.acknowledged: list[str] = []

    def run(self) -> None:
        session = requests.Session()
        person = {"id": self._chat, "is_bot": False, "first_name": f"c{self._chat}"}
        chat = {"id": self._chat, "type": "private"}
        for n in itertools.count(1):
            message = {"message_id": n, "from": person, "chat": chat, "date": 1790000000, "text": f"{self._chat}:{n}"}
            update = {"update_id": self._chat * 1_000_000 + n, "message": message}
            while not self._stopped.is_set():
                try:
                    answer = session.post(
                        f"{self._hub.url}/in/support-telegram",
                        json=update,
                        headers={"X-Telegram-Bot-Api-Secret-Token": SECRET},
                        timeout=5,
                    )
                except requests.RequestException:
                    time.sleep(0.02)
                    continue
                if answer.status_code == 200:
                    self.acknowledged.append(message["text"])
                    break
            if self._stopped.is_set():
                return


class Reader(threading.Thread):
    """Follows the feed from the beginning by position, whatever happens to the hub."""

    def __init__(self, hub: HubProcess, key: str) -> None:
        super().__init__(daemon=True)
        self._hub = hub
        self._key = key
        self.positions: list[int] = []
        self.texts: list[str] = []
        self.goal: int | None = None

    def run(self) -> None:
        session = requests.Session()
        session.headers["Authorization"] = self._key
        after = ""
        while self.goal is None or not self.positions or self.positions[-1] < self.goal:
            try:
                parameters = {"after": after, "limit": "1000", "wait": "1"}
                answer = session.get(f"{self._hub.url}/v1/events", params=parameters, timeout=10)
            except requests.RequestException:
                time.sleep(0.02)
                continue
            if answer.status_code != 200:
                continue
            page = answer.json()
            for event in page["events"]:
                self.positions.append(int(event["position"]))
                if event["type"] == "onethread.message.received.v1":
                    self.texts.append(event["data"]["message"]["text"])
            after = page["next"]


def test_what_was_acknowledged_survives_ten_kills_once_and_in_order(tmp_path: Path) -> None:
    with HubProcess(tmp_path) as hub:
        stop = threading.Event()
        reader = Reader(hub, str(hub.session.headers["Authorization"]))
        reader.start()
        providers = [Provider(hub, 5000 + n, stop) for n in range(SENDERS)]
        for provider in providers:
            provider.start()
        for kill in range(KILLS):
            time.sleep(0.15 + 0.07 * (kill % 5))
            hub.kill()
            hub.start()
        time.sleep(0.3)
        stop.set()
        for provider in providers:
            provider.join()
        events = hub.events()
        reader.goal = int(events[-1]["position"])
        reader.join(20)

        recorded = Counter(_texts(events))
        acknowledged = [text for provider in providers for text in provider.acknowledged]
        assert len(acknowledged) > KILLS * SENDERS
        assert {text: recorded[text] for text in acknowledged} == dict.fromkeys(acknowledged, 1)
        assert set(recorded.values()) == {1}
        for provider in providers:
            mine = [text for text in _texts(events) if text in set(provider.acknowledged)]
            assert mine == provider.acknowledged
        assert_gap_free(events)
        assert reader.positions == [int(event["position"]) for event in events]
        assert Counter(reader.texts) == recorded


def test_a_crash_between_the_providers_yes_and_our_record_is_uncertain_and_sent_once(
    tmp_path: Path, telegram: Simulator
) -> None:
    with HubProcess(tmp_path, telegram.url) as hub:
        hub.tell(hub.update(text="hello"))
        [received] = hub.until("message.received")
        telegram.next(Failure.HANG)
        conversation = received["data"]["message"]["conversation_id"]
        sent = hub.post("/v1/messages", {"conversation_id": conversation, "text": "hi"}).json()["message"]["id"]
        _until(lambda: _sends(telegram) == 1)
        hub.kill()
        hub.start()
        [update] = hub.until("delivery.updated")
        assert update["data"]["delivery"]["status"] == "uncertain"
        hub.post("/v1/messages", {"conversation_id": conversation, "text": "still here"})
        hub.until("delivery.updated", 2)
        statuses = [entry["status"] for entry in hub.get(f"/v1/messages/{sent}")["deliveries"]]
        assert statuses == ["uncertain"]
        assert _sends(telegram) == 2


def test_a_command_that_was_accepted_is_sent_after_a_kill(tmp_path: Path) -> None:
    """The provider was away when the hub died; it comes back, and the hub does."""
    with HubProcess(tmp_path) as hub:
        hub.tell(hub.update(text="hello"))
        [received] = hub.until("message.received")
        conversation = received["data"]["message"]["conversation_id"]
        sent = hub.post("/v1/messages", {"conversation_id": conversation, "text": "hi"}).json()["message"]["id"]
        _until(lambda: _waits_for_another_attempt(hub, sent))
        hub.kill()
        with Simulator({"token": TOKEN, "secret_token": SECRET}) as telegram:
            hub.config.write_text(hub.config.read_text().replace("http://127.0.0.1:9", telegram.url))
            hub.start()
            [update] = hub.until("delivery.updated")
            assert update["data"]["delivery"]["status"] == "accepted"
            assert _sends(telegram) == 1


def assert_gap_free(events: list[dict[str, Any]]) -> None:
    """Per conversation the highest sequence is the number of its events; positions are the feed's own."""
    sequences: dict[str, list[int]] = {}
    for event in events:
        if "sequence" in event:
            sequences.setdefault(event["source"], []).append(int(event["sequence"]))
    assert sequences
    for source, found in sequences.items():
        assert found == list(range(1, len(found) + 1)), source
    positions = [int(event["position"]) for event in events]
    assert positions == list(range(1, len(positions) + 1))


def _waits_for_another_attempt(hub: HubProcess, message_id: str) -> bool:
    [delivery] = hub.get(f"/v1/messages/{message_id}")["deliveries"]
    return bool(delivery["status"] == "queued" and delivery["attempt"] > 1)


def _texts(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["message"]["text"] for event in events if event["type"] == "onethread.message.received.v1"]


def _sends(telegram: Simulator) -> int:
    return sum(request.path.endswith("/sendMessage") for request in telegram.requests)


def _until(holds: Any) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
