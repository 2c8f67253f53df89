"""The server as a whole: it starts the hub, tells how it is, and stops without losing what it took."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import requests

from gateway.hub import Hub
from gateway.roles import NAMES
from gateway.web.root import Root
from tests.web.parrot import Served, make_hub, serving, words


def test_it_says_that_it_lives_and_that_it_is_ready(served: Served) -> None:
    said = {"/healthz": {"status": "ok"}, "/readyz": {"status": "ok", "roles": list(NAMES)}}
    for path, expected in said.items():
        answer = requests.get(served.url + path, timeout=10)
        assert (answer.status_code, answer.json()) == (200, expected)


def test_it_does_not_tell_what_it_is_made_of(served: Served) -> None:
    for path in ("/healthz", "/v1/conversations", "/nothing", "/in/perch"):
        headers = requests.get(served.url + path, timeout=10).headers
        assert "server" not in headers
        assert "x-powered-by" not in headers


def test_a_websocket_is_closed_before_it_opens(hub: Hub) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(Root(hub)({"type": "websocket", "path": "/"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1000}]
    hub.engine.dispose()


def test_a_new_configuration_applies_to_the_next_request(served: Served, tmp_path: Path) -> None:
    hub = served.hub
    assert served.hear(words("hello"), "/in/loft").status_code == 404
    hub.connectors = {**hub.connectors, "loft": hub.connectors["perch"]}
    body = words("hello")
    assert served.hear(body, "/in/loft").status_code == 200


def test_what_was_acknowledged_before_it_stopped_is_there_after(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    with serving(make_hub(tmp_path)) as served:

        def keep_writing() -> None:
            for n in range(10_000):
                try:
                    if served.hear(words(f"word {n}", first=n)).status_code == 200:
                        acknowledged.append(n)
                except requests.RequestException:
                    return

        writers = threading.Thread(target=keep_writing, daemon=True)
        writers.start()
        time.sleep(0.5)
        served.end()
        writers.join(20)
    assert acknowledged
    with serving(make_hub(tmp_path)) as served:
        found: set[str] = set()
        page = {"events": [], "next": ""}
        while page["events"] or not page["next"]:
            page = served.ask("GET", f"/v1/events?types=message.received&limit=1000&after={page['next']}").json()
            found |= {event["data"]["message"]["text"] for event in page["events"]}
    assert {f"word {n}" for n in acknowledged} <= found
