"""A process answers at the doors of its roles, and says at the others which processes serve them."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client import REGISTRY
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from gateway.roles import Role
from tests.web.parrot import Served, make_hub, serving, words

WEBHOOK, API, FEED, CHAT = "/in/perch", "/v1/conversations", "/v1/events", "/chat/perch"
DOORS = {WEBHOOK: Role.RECEIVE, API: Role.RECEIVE, "/": Role.RECEIVE, FEED: Role.STREAM, CHAT: Role.STREAM}


@pytest.fixture(params=list(Role))
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with serving(make_hub(tmp_path, roles=frozenset({request.param}))) as served:
        yield served


def test_each_role_answers_at_its_own_doors_and_names_whose_the_others_are(served: Served) -> None:
    [own] = served.hub.roles
    for path, role in DOORS.items():
        answer = served.hear(words("hello")) if path == WEBHOOK else served.ask("GET", path)
        if role == own:
            assert answer.status_code in (200, 404)  # no parrot is a chat, and nothing stands at /
            continue
        problem = answer.json()
        assert answer.status_code == (503 if path == WEBHOOK else 421)
        assert (problem["code"], problem["status"]) == ("misdirected", answer.status_code)
        assert f"those with the role {role} " in problem["detail"]
        assert answer.headers["content-type"] == "application/problem+json"
        # a provider takes another refusal for the last word
        assert answer.headers.get("retry-after") == ("30" if path == WEBHOOK else None)


def test_every_role_says_how_it_is_and_what_it_does(served: Served) -> None:
    [own] = served.hub.roles
    assert requests.get(f"{served.url}/healthz", timeout=10).json() == {"status": "ok"}
    assert requests.get(f"{served.url}/readyz", timeout=10).json() == {"status": "ok", "roles": [own]}
    metrics = requests.get(f"{served.url}/metrics", timeout=10).text
    for role in Role:
        assert f'onethread_role{{role="{role}"}} {float(role == own)}\n' in metrics
    up = REGISTRY.get_sample_value("onethread_bus_up")
    assert up is not None
    assert math.isnan(up) == (own != Role.RELAY)  # whoever relays nothing does not know


def test_a_socket_at_another_roles_door_is_refused_with_the_reason(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path, roles=frozenset({Role.RECEIVE}))) as served:
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://127.0.0.1:{served.port}{CHAT}/socket").close()
        assert refused.value.response.status_code == 421
        assert b"those with the role stream " in refused.value.response.body


def test_a_body_nobody_wants_is_let_in_before_it_is_refused(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path, roles=frozenset({Role.CLOCK}))) as served:
        answer = served.ask("POST", "/v1/messages", data=b"x" * 500_000)
        assert (answer.status_code, answer.headers["connection"]) == (421, "close")
