"""SIGTERM: leases back at once, what was taken finishes, nothing acknowledged is lost, nothing leaves twice."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.channels.telegram.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from tests.end_to_end.hub_process import HubProcess
from tests.end_to_end.test_kill import Provider

pytestmark = pytest.mark.kill
SENDERS = 6


def limit(hub: HubProcess, **limits: Any) -> None:
    """Runs by other limits from its next start on."""
    settings = json.loads(hub.config.read_text())
    settings["limits"] |= limits
    hub.config.write_text(json.dumps(settings))
    hub.stop()
    hub.start()


def ended(hub: HubProcess, seconds: float) -> int:
    """The exit code, in time; negative for the signal that killed it."""
    assert hub.process
    return hub.process.wait(seconds)


def tell_to_end(hub: HubProcess) -> None:
    assert hub.process
    hub.process.send_signal(signal.SIGTERM)


def lanes(hub: HubProcess) -> list[tuple[str, int]]:
    """Who holds each lane, and until when."""
    store = sqlite3.connect(hub.folder / "onethread.db")
    try:
        return list(store.execute("SELECT owner, lease_until FROM lanes"))
    finally:
        store.close()


def conversation(hub: HubProcess) -> str:
    hub.tell(hub.update(text="hello"))
    return str(hub.until("message.received")[0]["data"]["message"]["conversation_id"])


def sends(telegram: Simulator) -> Counter[str]:
    found = [request for request in telegram.requests if request.path.endswith("/sendMessage")]
    return Counter(json.loads(request.body)["text"] for request in found)


def until_sends(telegram: Simulator, count: int = 1) -> None:
    end = time.monotonic() + 10
    while sends(telegram).total() < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_under_load_it_ends_in_time_and_loses_and_repeats_nothing(hub: HubProcess, telegram: Simulator) -> None:
    to, enough = conversation(hub), threading.Event()
    answered: list[str] = []

    def answer() -> None:
        """Gives up when the hub is gone: who heard no 202 may not say that it was sent."""
        for n in range(10_000):
            body = {"conversation_id": to, "text": f"answer {n}", "client_ref": f"a-{n}"}
            try:
                if hub.post("/v1/messages", body).status_code == 202:
                    answered.append(body["text"])
            except requests.RequestException:
                return

    providers = [Provider(hub, 7000 + n, enough) for n in range(SENDERS)]
    agent = threading.Thread(target=answer, daemon=True)
    for thread in (*providers, agent):
        thread.start()
    for _ in range(3):
        time.sleep(1.5)
        began = time.monotonic()
        tell_to_end(hub)
        assert ended(hub, 16) == 0
        assert time.monotonic() - began < 5  # nothing takes long here, so that nothing is waited for
        assert lanes(hub) == [("", 0)]
        hub.start()
    enough.set()
    for thread in (*providers, agent):
        thread.join(20)
    acknowledged = [text for provider in providers for text in provider.acknowledged]
    assert len(acknowledged) > 50
    assert answered
    received = Counter(event["data"]["message"]["text"] for event in hub.events("message.received"))
    assert {text: received[text] for text in acknowledged} == dict.fromkeys(acknowledged, 1)
    hub.until("delivery.updated", len(answered))
    assert {text: sends(telegram)[text] for text in answered} == dict.fromkeys(answered, 1)


def test_a_send_under_way_has_its_time_and_is_doubted_then(hub: HubProcess, telegram: Simulator) -> None:
    to = conversation(hub)
    limit(hub, drain=2)
    telegram.next(Failure.HANG)
    hub.post("/v1/messages", {"conversation_id": to, "text": "into the void"})
    until_sends(telegram)
    began = time.monotonic()
    tell_to_end(hub)
    assert ended(hub, 10) == 0
    assert 1.5 < time.monotonic() - began < 5
    assert lanes(hub) == [("", 0)]  # handed back all the same: nobody waits for it
    hub.start()
    [update] = hub.until("delivery.updated")
    assert update["data"]["delivery"]["status"] == "uncertain"
    assert sends(telegram) == {"into the void": 1}


def test_told_twice_it_ends_at_once(hub: HubProcess, telegram: Simulator) -> None:
    to = conversation(hub)
    limit(hub, drain=60)
    telegram.next(Failure.HANG)
    hub.post("/v1/messages", {"conversation_id": to, "text": "into the void"})
    until_sends(telegram)
    tell_to_end(hub)
    time.sleep(1)
    assert hub.process
    assert hub.process.poll() is None
    tell_to_end(hub)
    assert ended(hub, 2) == 128 + signal.SIGTERM
    assert [event["data"]["message"]["text"] for event in restarted(hub).events("message.received")] == ["hello"]


def restarted(hub: HubProcess) -> HubProcess:
    hub.start()
    return hub


def test_it_may_go_on_taking_requests_until_a_load_balancer_has_noticed(hub: HubProcess) -> None:
    limit(hub, drain_notice=3)
    connected = requests.Session()
    assert connected.get(f"{hub.url}/readyz", timeout=5).status_code == 200
    tell_to_end(hub)
    time.sleep(0.5)
    answer = requests.get(f"{hub.url}/readyz", timeout=5)  # by a new connection
    assert (answer.status_code, answer.json()["errors"]) == (
        503,
        [{"path": "process", "message": "the hub was told to end, and takes nothing new"}],
    )
    assert requests.get(f"{hub.url}/healthz", timeout=5).status_code == 200
    assert hub.tell(hub.update(text="in time")).status_code == 200
    assert lanes(hub) == [("", 0)]
    assert ended(hub, 10) == 0
    with pytest.raises(requests.ConnectionError):
        connected.get(f"{hub.url}/readyz", timeout=5)
    assert [one["data"]["message"]["text"] for one in restarted(hub).events("message.received")] == ["in time"]


def test_streams_and_long_polls_end_at_once(hub: HubProcess) -> None:
    stream = hub.session.get(f"{hub.url}/v1/events", headers={"Accept": "text/event-stream"}, stream=True, timeout=10)
    polled: list[int] = []
    poll = threading.Thread(
        target=lambda: polled.append(hub.session.get(f"{hub.url}/v1/events?wait=60", timeout=70).status_code)
    )
    poll.start()
    time.sleep(0.5)
    began = time.monotonic()
    tell_to_end(hub)
    assert ended(hub, 10) == 0
    assert time.monotonic() - began < 4
    assert b"".join(stream.iter_content(None)).startswith(b"retry:")
    poll.join(5)
    assert polled == [200]


STUBBORN = """\
import sys, time
from gateway.cli import main
from gateway.hub import Hub

Hub.stop = lambda hub: time.sleep(60)
sys.argv[1:] = ["serve", "--port", "{port}"]
main()
"""


def test_the_kernel_ends_what_does_not_end_by_itself(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    settings = json.loads(hub.config.read_text())
    hub.config.write_text(json.dumps(settings | {"limits": {"drain": 1}}))
    hub.process = subprocess.Popen([sys.executable, "-c", STUBBORN.format(port=hub.port)], cwd=tmp_path)
    hub.wait_ready()
    began = time.monotonic()
    tell_to_end(hub)
    assert ended(hub, 20) == -signal.SIGALRM
    assert time.monotonic() - began < 10
