"""Where no WebSocket gets through: the same frames as server-sent events, and frames sent by POST."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.chat.talk import PATIENCE, answer, by, chatting, live, make_hub, token, visitor
from tests.web.parrot import Served, serving

pytestmark = pytest.mark.engine("sqlite", "postgresql")

Event = tuple[str | None, dict[str, Any]]


@contextmanager
def stream(served: Served, shown: str, **headers: str) -> Iterator[Iterator[Event]]:
    """Ids and frames as they come."""
    address = f"{served.url}/chat/app/stream"
    with requests.get(address, headers=by(shown) | headers, stream=True, timeout=PATIENCE) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        yield _events(answer)


def _events(answer: requests.Response) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in answer.iter_lines(chunk_size=None, decode_unicode=True):
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
            continue
        if "data" in fields:
            frame = json.loads(fields["data"])
            assert fields["event"] == frame["type"]
            yield fields.get("id"), frame
        fields = {}


def until(events: Iterator[Event], type_: str) -> Event:
    return next((id_, frame) for id_, frame in events if frame["type"] == type_)


def send(served: Served, shown: str, **frame: Any) -> dict[str, Any]:
    done = requests.post(f"{served.url}/chat/app/send", json=frame, headers=by(shown), timeout=PATIENCE)
    assert done.status_code == 200, done.text
    return dict(done.json())


def test_a_stream_gives_what_was_and_what_comes_and_goes_on_by_last_event_id(served: Served) -> None:
    ann = visitor(served.url)
    ack = send(served, ann, type="message", client_id="m-1", text="one")
    with stream(served, ann) as events:
        assert next(events)[1]["type"] == "welcome"
        id_, history = next(events)
        assert [message["text"] for message in history["messages"]] == ["one"]
        assert id_ == history["cursor"]
        until(events, "live")
        answer(served, ack["conversation"], "two")
        id_, told = until(events, "message")
        assert (told["message"]["text"], told["cursor"]) == ("two", id_)
    answer(served, ack["conversation"], "three")
    with stream(served, ann, **{"Last-Event-ID": id_ or ""}) as events:
        assert next(events)[1]["type"] == "welcome"
        assert until(events, "message")[1]["message"]["text"] == "three"


def test_a_stream_and_a_socket_of_one_person_are_told_the_same(served: Served) -> None:
    with live(served, token()) as device, stream(served, token()) as events:
        until(events, "live")
        device.write("one", "m-1")
        told = until(events, "message")[1]["message"]
        device.until_texts("one")
        assert device.messages == {told["id"]: told}


def test_a_stream_ends_when_its_token_expires(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path), heartbeat=0.2) as served:
        shown = token(exp=datetime.now(UTC) + timedelta(seconds=2))
        with stream(served, shown) as events:
            until(events, "live")
            assert [frame["code"] for _, frame in events] == ["expired"]


def test_a_hub_that_stops_ends_its_streams(tmp_path: Path) -> None:
    begun = time.monotonic()
    with chatting(tmp_path) as served, stream(served, token()) as events:
        until(events, "live")
        served.end()
        assert list(events) == []
    assert time.monotonic() - begun < PATIENCE


def test_a_silent_stream_says_that_it_lives(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path), heartbeat=0.1) as served:
        address = f"{served.url}/chat/app/stream"
        with requests.get(address, headers=by(token()), stream=True, timeout=PATIENCE) as answer:
            assert next(line for line in answer.iter_lines(chunk_size=None) if line.startswith(b":")) == b":"


def test_typing_is_taken_without_an_answer(served: Served) -> None:
    body = {"type": "typing", "on": True}
    done = requests.post(f"{served.url}/chat/app/send", json=body, headers=by(token()), timeout=PATIENCE)
    assert (done.status_code, done.content) == (204, b"")
