"""The service clock of a hub at work, over HTTP: nobody sleeps but those who wait for the feed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from gateway.hub import Hub
from gateway.settings.loading import load
from tests.web.parrot import Served, make_hub, parrot, serving, words

SERVES = """
inboxes:
  main:
    hours: {tz: Asia/Shanghai}
    targets: {cage: 1s}
    remind: 0.5
    texts: {expected: {en: "You hear from us by {time}."}, emergency: {en: "Somebody is alarmed."}}
    emergency_words: [fire]
"""


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """A hub whose one inbox serves as above."""
    hub = make_hub(folder)
    path = folder / "onethread.yaml"
    path.write_text(path.read_text() + SERVES)
    perch = hub.connectors["perch"]
    hub.engine.dispose()
    hub = Hub(load(path, {}))
    hub.connectors = {"perch": replace(perch, place=replace(perch.place, inbox=hub.settings.inboxes["main"]))}
    with serving(hub) as serving_:
        yield serving_


class Listener:
    """Reads the feed on and on."""

    def __init__(self, hub: Served) -> None:
        self._hub = hub
        self._after = ""

    def until(self, type_: str) -> list[tuple[str, Any]]:
        """What comes, up to the next event of this type: short types and data, without reports on deliveries."""
        seen: list[tuple[str, Any]] = []
        for _ in range(50):
            page = self._hub.ask("GET", f"/v1/events?after={self._after}&wait=10&limit=1").json()
            self._after = page["next"]
            for event in page["events"]:
                name = event["type"].removeprefix("onethread.").removesuffix(".v1")
                if name != "delivery.updated":
                    seen.append((name, event["data"]))
                if name == type_:
                    return seen
        raise AssertionError(f"{type_} never came, but {[name for name, _ in seen]}")


def types(seen: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in seen]


def overdue(hub: Served) -> str:
    text = requests.get(f"{hub.url}/metrics", timeout=10).text
    (value,) = [line for line in text.splitlines() if line.startswith("onethread_emergencies_overdue{")]
    return value


def test_a_customer_is_told_waits_and_is_answered(tmp_path):
    with served(tmp_path) as hub:
        feed = Listener(hub)
        assert hub.hear(words("hello")).status_code == 200
        assert types(feed.until("message.created")) == [
            *("contact.created", "conversation.opened", "route.added"),
            *("message.received", "reply.expected", "message.created"),
        ]
        assert types(feed.until("reply.overdue")) == ["reply.due", "reply.overdue"]
        (told,) = parrot(hub.hub).told
        assert told.payload.text.startswith("You hear from us by ")
        (conversation,) = hub.ask("GET", "/v1/conversations").json()["conversations"]
        assert conversation["reply_due_at"] is not None
        hub.ask("POST", "/v1/messages", json={"conversation_id": conversation["id"], "text": "hi"})
        assert types(feed.until("message.created")) == ["message.created"]
        answered = hub.ask("GET", f"/v1/conversations/{conversation['id']}").json()["conversation"]
        assert answered["reply_due_at"] is None


def test_an_emergency_is_alarmed_until_somebody_answers(tmp_path, capfd):
    with served(tmp_path) as hub:
        feed = Listener(hub)
        hub.hear(words("fire!"))
        seen = feed.until("emergency.overdue")
        assert types(seen)[3:] == [
            *("conversation.updated", "message.received", "reply.expected", "emergency.raised", "message.created"),
            *("reply.due", "reply.overdue", "emergency.overdue"),
        ]
        assert seen[-1][1]["message_id"] == seen[4][1]["message"]["id"]
        assert overdue(hub) == 'onethread_emergencies_overdue{inbox="main"} 1.0'
        id_ = seen[-1][1]["conversation_id"]
        hub.ask("POST", "/v1/messages", json={"conversation_id": id_, "text": "we are coming"})
        accepted = feed.until("emergency.accepted")[-1][1]
        assert accepted["author"] == {"kind": "agent", "ref": None, "name": "tests"}
        assert overdue(hub) == 'onethread_emergencies_overdue{inbox="main"} 0.0'
        assert parrot(hub.hub).told[0].payload.text == "Somebody is alarmed."
    assert "an emergency is overdue" in capfd.readouterr().out


def test_a_wait_survives_a_restart(tmp_path):
    with served(tmp_path) as hub:
        hub.hear(words("hello"))
    with served(tmp_path) as hub:
        assert types(Listener(hub).until("reply.overdue"))[-1] == "reply.overdue"


def test_anybody_may_ask_whether_an_inbox_is_open(tmp_path):
    with served(tmp_path) as hub:
        answer = requests.get(f"{hub.url}/v1/inboxes/main/hours?channel=cage", timeout=10).json()
        assert answer.pop("expected_at") is not None
        assert answer == {"open": True, "until": None, "next_opening": None, "target": 1.0, "notice": None}
        promised_nothing = requests.get(f"{hub.url}/v1/inboxes/main/hours", timeout=10).json()
        assert (promised_nothing["target"], promised_nothing["expected_at"]) == (None, None)
        missing = requests.get(f"{hub.url}/v1/inboxes/nobody/hours", timeout=10)
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_messages_that_come_at_once_are_told_once(tmp_path):
    with served(tmp_path) as hub:
        feed = Listener(hub)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: hub.hear(words("hello", first=n)).status_code, range(1, 17)))
        assert answers == [200] * 16
        seen = types(feed.until("reply.overdue"))
        counted = {name: seen.count(name) for name in ("message.received", "reply.expected", "message.created")}
        assert counted == {"message.received": 16, "reply.expected": 1, "message.created": 1}
        assert len(parrot(hub.hub).told) == 1
