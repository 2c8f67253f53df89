"""A hub backed up while providers post to it, restored into another folder, and started: nothing up to the backup is
missing, and nobody reads on as if nothing had happened. A restore that is killed leaves nothing that looks whole."""

import fcntl
import hashlib
import json
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from connectors.channels.telegram.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.store.engine import connect
from gateway.store.portable import is_empty
from tests.end_to_end.hub_process import ONETHREAD, HubProcess
from tests.end_to_end.test_kill import Provider
from tests.stores import empty_url_of

pytestmark = [pytest.mark.engine("sqlite", "postgresql"), pytest.mark.kill]
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


class Second(HubProcess):
    """The folder a backup is restored into; started by hand."""

    def __init__(self, folder: Path, first: HubProcess, api_base: str) -> None:
        folder.mkdir()
        self.store = empty_url_of(folder / "onethread.db")
        super().__init__(folder, api_base)
        self.session.headers["Authorization"] = first.session.headers["Authorization"]

    def __enter__(self) -> "Second":
        return self


def streamed(hub: HubProcess, after: str) -> Iterator[tuple[int, bytes]]:
    """Position and data of server-sent events, until the hub says that it has no more for now."""
    headers = {"Accept": "text/event-stream"}
    answer = hub.session.get(f"{hub.url}/v1/events", params={"after": after}, headers=headers, stream=True, timeout=20)
    assert answer.status_code == 200, answer.text
    newest = int(hub.events()[-1]["position"])
    position = 0
    with answer:
        for line in answer.iter_lines():
            if line.startswith(b"id: "):
                position = int(line[4:])
            if line.startswith(b"data: "):
                yield position, line[6:]
                if position >= newest:
                    return


def acknowledged_by(providers: list[Provider]) -> list[str]:
    return [text for provider in providers for text in list(provider.acknowledged)]


def assert_whole_histories(events: list[dict[str, Any]]) -> None:
    """Per conversation sequences without a gap; positions that rise."""
    sequences: dict[str, list[int]] = {}
    for event in events:
        if "sequence" in event:
            sequences.setdefault(event["source"], []).append(int(event["sequence"]))
    for source, found in sequences.items():
        assert found == list(range(1, len(found) + 1)), source
    positions = [int(event["position"]) for event in events]
    assert positions == sorted(set(positions))


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [e["data"]["message"]["text"] for e in events if e["type"] == "onethread.message.received.v1"]


def sends(telegram: Simulator) -> int:
    return sum(request.path.endswith("/sendMessage") for request in telegram.requests)


def unread(pipe: IO[bytes]) -> int:
    """Octets that nobody took out of it yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.fixture
def load(hub: HubProcess) -> Iterator[list[Provider]]:
    stop = threading.Event()
    providers = [Provider(hub, 7000 + n, stop) for n in range(4)]
    for provider in providers:
        provider.start()
    yield providers
    stop.set()
    for provider in providers:
        provider.join()


def upload(hub: HubProcess) -> str:
    answer = hub.session.post(
        f"{hub.url}/v1/attachments", data=PHOTO, headers={"Content-Type": "image/png"}, params={"name": "p.png"}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["attachment"]["id"])


def test_a_hub_under_load_is_backed_up_restored_and_goes_on(
    tmp_path: Path, hub: HubProcess, telegram: Simulator, load: list[Provider]
) -> None:
    hub.tell(hub.update(text="hello"))
    received = next(e for e in hub.events("message.received") if e["data"]["message"]["text"] == "hello")
    conversation = received["data"]["message"]["conversation_id"]
    attachment = upload(hub)
    telegram.next(Failure.HANG)
    hub.post("/v1/messages", {"conversation_id": conversation, "text": "on its way at the backup"})
    while not sends(telegram):
        time.sleep(0.02)
    before = acknowledged_by(load)
    summary = hub.run("backup", str(tmp_path / "hub.tar"), "--json")
    after = acknowledged_by(load)
    assert len(after) > len(before)  # providers were answered while it was taken
    lost = hub.events()[-1]["position"]
    hub.kill()

    second = Second(tmp_path / "second", hub, telegram.url)
    restored = second.run("restore", str(tmp_path / "hub.tar"), "--json")
    with second:
        second.start()
        assert restored["kept"] == str(summary["feed"]["newest"])
        assert int(restored["restored_to"]) > int(lost) > int(restored["kept"])
        lines = list(streamed(second, "0"))
        kept = [line for position, line in lines if position <= int(restored["kept"])]
        assert hashlib.sha256(b"".join(line + b"\n" for line in kept)).hexdigest() == summary["feed"]["sha256"]
        events = [json.loads(line) for _, line in lines]
        assert set(before) <= set(texts(events))
        assert len(texts(events)) == len(set(texts(events)))
        assert_whole_histories(events)
        assert events[len(kept)]["type"] == "onethread.feed.restored.v1"
        history = second.get(f"/v1/conversations/{conversation}/messages")
        assert "hello" in str(history)
        file = second.session.get(f"{second.url}/v1/attachments/{attachment}")
        assert (file.status_code, file.content) == (200, PHOTO)
        statuses = [e["data"]["delivery"]["status"] for e in events if "delivery.updated" in e["type"]]
        assert statuses == ["uncertain"]
        assert restored["uncertain"] == 1

        for parameters in ({"after": lost}, {"after": lost, "wait": "1"}):
            gone = second.session.get(f"{second.url}/v1/events", params=parameters, timeout=20)
            assert (gone.status_code, gone.json()["oldest"], gone.json()["kept"]) == (410, "1", restored["kept"])
        stream = {"Accept": "text/event-stream", "Last-Event-ID": lost}
        assert second.session.get(f"{second.url}/v1/events", headers=stream, timeout=20).status_code == 410
        second.tell(hub.update(text="and here I am again"))
        [*_, newest] = second.until("message.received", len(texts(events)) + 1)
        assert newest["data"]["message"]["conversation_id"] == conversation
        _, first = next(streamed(second, restored["kept"]))
        assert json.loads(first)["type"] == "onethread.feed.restored.v1"
        assert sends(telegram) == 1


def test_what_providers_still_hold_is_taken_once_after_the_restore(
    tmp_path: Path, hub: HubProcess, telegram: Simulator
) -> None:
    first, second_update = hub.update(text="before"), hub.update(text="after")
    hub.tell(first)
    hub.until("message.received")
    hub.run("backup", str(tmp_path / "hub.tar"), "--json")
    hub.tell(second_update)
    hub.kill()
    second = Second(tmp_path / "second", hub, telegram.url)
    second.run("restore", str(tmp_path / "hub.tar"), "--json")
    with second:
        second.start()
        for update in (first, second_update, second_update):
            assert second.tell(update).status_code == 200
        assert texts(second.events()) == ["before", "after"]


def test_a_restore_that_is_killed_leaves_an_empty_store_and_is_done_again(tmp_path: Path, hub: HubProcess) -> None:
    for n in range(300):
        hub.tell(hub.update(chat=9000 + n, text=f"message {n} " + "x" * 500))
    archive = tmp_path / "hub.tar"
    hub.run("backup", str(archive), "--json")
    hub.kill()
    octets = archive.read_bytes()
    second = Second(tmp_path / "second", hub, "http://127.0.0.1:9")
    for share in (0.1, 0.5, 0.9, 0.999):
        command = [*ONETHREAD, "restore", "-", "--config", str(second.config)]
        restoring = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert restoring.stdin
        restoring.stdin.write(octets[: int(len(octets) * share)])
        restoring.stdin.flush()
        while unread(restoring.stdin):
            time.sleep(0.02)
        restoring.send_signal(signal.SIGKILL)
        restoring.communicate()
        engine = connect(second.store)
        with engine.connect() as connection:
            assert is_empty(connection)
        engine.dispose()
    restored = second.run("restore", str(archive), "--json")
    assert restored["feed"]["events"] == int(restored["kept"])
    with second:
        second.start()
        assert len(texts(second.events())) == 300
