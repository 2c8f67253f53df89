"""Providers come in by two doors, the hub's own and any WSGI server's, and hear and cause the same."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, table

from gateway.api.app import create_app
from gateway.hub import Hub
from gateway.web.door import LARGE, MOST_LARGE, Door
from tests.web.parrot import SIGNATURE, Served, make_hub, parrot, running, serving, signed, words

Heard = tuple[int, bytes, dict[str, str]]
"""Status, body and headers of what the provider hears."""
Knock = Callable[..., Heard]
LIMIT = 200_000


@pytest.fixture(params=["own server", "wsgi"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Hub, Knock]]:
    yield from open_door(request.param, make_hub(tmp_path, limits=f"{{body: {LIMIT}}}"))


@pytest.fixture(params=["own server", "wsgi"])
def deep_door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Hub, Knock]]:
    """Of a connector whose provider appends paths of its own."""
    yield from open_door(request.param, make_hub(tmp_path, has_paths=True))


def open_door(kind: str, hub: Hub) -> Iterator[tuple[Hub, Knock]]:
    if kind == "wsgi":
        with running(hub):
            client = create_app(hub).test_client()

            def knock(method: str, path: str, body: bytes, headers: dict[str, str]) -> Heard:
                answer = client.open(path, method=method, data=body, headers=headers)
                return answer.status_code, answer.data, {k.lower(): v for k, v in answer.headers.items()}

            yield hub, knock
    else:
        with serving(hub) as served:

            def knock(method: str, path: str, body: bytes, headers: dict[str, str]) -> Heard:
                answer = requests.request(method, served.url + path, data=body, headers=headers, timeout=20)
                return answer.status_code, answer.content, {k.lower(): v for k, v in answer.headers.items()}

            yield hub, knock


def counts(hub: Hub) -> dict[str, int]:
    with hub.engine.connect() as connection:
        tables = [table(name) for name in ("raws", "messages", "quarantine")]
        return {one.name: connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables}


def test_a_genuine_request_is_recorded_and_then_acknowledged(door: tuple[Hub, Knock]) -> None:
    hub, knock = door
    body = words("hello", "again")
    assert knock("POST", "/in/perch", body, signed(body))[:2] == (200, b"")
    assert counts(hub) == {"raws": 1, "messages": 2, "quarantine": 0}


def test_the_same_request_twice_succeeds_and_is_recorded_once(door: tuple[Hub, Knock]) -> None:
    hub, knock = door
    body = words("hello")
    assert [knock("POST", "/in/perch", body, signed(body))[0] for _ in range(2)] == [200, 200]
    assert counts(hub) == {"raws": 1, "messages": 1, "quarantine": 0}


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({SIGNATURE: "0" * 64}, 403)])
def test_who_is_not_the_provider_is_refused_and_leaves_nothing(
    door: tuple[Hub, Knock], headers: dict[str, str], status: int
) -> None:
    hub, knock = door
    assert knock("POST", "/in/perch", words("hello"), headers)[0] == status
    assert counts(hub) == {"raws": 0, "messages": 0, "quarantine": 0}


def test_a_query_that_nobody_can_read_is_nobodys(door: tuple[Hub, Knock], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a plugin raises for it what only `parse` should."""
    hub, knock = door
    plugin = type(hub.connectors["perch"].plugin)
    monkeypatch.setattr(plugin, "verify", lambda _, request: request.query and None)
    assert knock("POST", "/in/perch?a=%ff", words("hello"), {})[0] == 403
    assert counts(hub) == {"raws": 0, "messages": 0, "quarantine": 0}


@pytest.mark.parametrize("body", [b"not json", b"[" * 100_000, words("gibberish"), b""])
def test_what_is_genuine_but_cannot_be_read_is_kept_and_succeeds(door: tuple[Hub, Knock], body: bytes) -> None:
    hub, knock = door
    assert knock("POST", "/in/perch", body, signed(body))[0] == 200
    assert counts(hub) == {"raws": 1, "messages": 0, "quarantine": 1}


@pytest.mark.parametrize("path", ["/in/nobody", "/in/perch/", "/in/perch/more", "/in/"])
def test_there_is_nobody_at_another_address(door: tuple[Hub, Knock], path: str) -> None:
    _, knock = door
    status, body, headers = knock("POST", path, b"[]", {})
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert b'"code":"not_found"' in body


@pytest.mark.parametrize("path", ["/in/perch", "/in/perch/s3cret/rcv/msg/message", "/in/perch/a%2Fb/?c=%2Fd"])
def test_a_connector_with_paths_is_found_by_all_that_is_below_it(deep_door: tuple[Hub, Knock], path: str) -> None:
    hub, knock = deep_door
    body = words("hello")
    assert knock("POST", path, body, signed(body, path))[0] == 200
    assert [seen.url for seen in parrot(hub).requests] == [f"https://hub.example.com{path}"]


def test_what_is_below_a_connector_is_no_more_believed_than_itself(deep_door: tuple[Hub, Knock]) -> None:
    hub, knock = deep_door
    assert knock("POST", "/in/perch/more", words("hello"), signed(words("hello")))[0] == 403
    assert counts(hub) == {"raws": 0, "messages": 0, "quarantine": 0}


@pytest.mark.parametrize(
    "path", ["/in/perch/", "/in/perch//more", "/in/perches/more", "/in//perch", f"/in/perch/{'x' * 1019}"]
)
def test_nothing_endless_and_nothing_empty_is_below_a_connector(deep_door: tuple[Hub, Knock], path: str) -> None:
    _, knock = deep_door
    status, body, headers = knock("POST", path, b"[]", signed(b"[]", path))
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert b'"code":"not_found"' in body


def test_the_longest_path_below_a_connector_is_taken(deep_door: tuple[Hub, Knock]) -> None:
    _, knock = deep_door
    path = f"/in/perch/{'x' * 1018}"
    assert knock("POST", path, b"[]", signed(b"[]", path))[0] == 200


def test_a_body_over_the_limit_is_refused_whatever_its_signature(door: tuple[Hub, Knock]) -> None:
    hub, knock = door
    body = words("x" * LIMIT)
    status, answer, headers = knock("POST", "/in/perch", body, signed(body))
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert f"larger than {LIMIT} octets".encode() in answer
    assert counts(hub) == {"raws": 0, "messages": 0, "quarantine": 0}


def test_a_large_body_within_the_limit_is_read(door: tuple[Hub, Knock]) -> None:
    hub, knock = door
    body = words("x" * 150_000)
    assert knock("POST", "/in/perch", body, signed(body))[0] == 200
    assert counts(hub) == {"raws": 1, "messages": 1, "quarantine": 0}


def test_a_plugin_sees_the_request_as_the_provider_made_it(door: tuple[Hub, Knock]) -> None:
    hub, knock = door
    path = "/in/perch?a=%2Fx&a=b%20c&empty="
    body = words("hello")
    headers = signed(body, path) | {"X-Mixed-Case": "Yes"}
    assert knock("POST", path, body, headers)[0] == 200
    seen = parrot(hub).requests[0]
    assert (seen.method, seen.url, seen.body) == ("POST", f"https://hub.example.com{path}", body)
    assert seen.headers["x-mixed-case"] == "Yes"
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_method_is_the_providers_choice(door: tuple[Hub, Knock], method: str) -> None:
    _, knock = door
    assert knock(method, "/in/perch", b"[]", signed(b"[]", method=method))[0] == 200


def test_the_provider_hears_what_its_plugin_answers(door: tuple[Hub, Knock]) -> None:
    _, knock = door
    status, body, headers = knock("GET", "/in/perch", b"[]", signed(b"[]", method="GET"))
    assert (status, body, headers["x-parrot"], headers["content-type"]) == (200, b"squawk", "yes", "text/plain")


def test_sixty_four_copies_at_once_make_one_message_and_one_event(served: Served) -> None:
    body = words("hello")
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: served.hear(body).status_code, range(64)))
    assert statuses == [200] * 64
    assert counts(served.hub) == {"raws": 1, "messages": 1, "quarantine": 0}
    page = served.ask("GET", "/v1/events?types=message.*").json()
    assert [event["data"]["message"]["text"] for event in page["events"]] == ["hello"]


def raw(served: Served, *pieces: bytes) -> bytes:
    """What is answered to octets on a bare socket, until the server has nothing more to say."""
    with served.connect() as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = connection.recv(65536)
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
    return answer


def test_a_body_whose_length_is_over_the_limit_is_answered_before_any_of_it_came(served: Served) -> None:
    head = b"POST /in/perch HTTP/1.1\r\nhost: hub\r\ncontent-length: 1073741824\r\n\r\n"
    assert raw(served, head).startswith(b"HTTP/1.1 413 ")


def test_a_body_of_untold_length_is_refused_once_it_passes_the_limit(served: Served) -> None:
    head = b"POST /in/perch HTTP/1.1\r\nhost: hub\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert raw(served, head, *[chunk] * 17).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("told", [b"transfer-encoding: chunked", b"content-length: 1073741824"])
@pytest.mark.parametrize("path", ["/in/perch", "/in/nobody", "/nowhere", "/v1/attachments", "/v1/events"])
def test_a_sender_that_goes_on_after_its_refusal_is_hung_up_on(served: Served, path: str, told: bytes) -> None:
    body = (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 1600
    with served.connect() as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nhost: hub\r\n".encode() + told + b"\r\n\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.sendall(body)


@pytest.mark.parametrize("path", ["/in/nobody", "/nowhere", "/v1/attachments", "/v1/events"])
def test_a_refused_sender_that_sends_no_more_reads_why(served: Served, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: hub\r\ncontent-length: 300000\r\n\r\n".encode()
    answer = raw(served, head, b"x" * 300_000)
    assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 404 ", b"HTTP/1.1 405 "))
    assert b"connection: close" in answer


def test_a_refused_sender_is_served_when_it_comes_again(served: Served) -> None:
    with requests.Session() as session:
        body = words("x" * (1 << 20))
        assert session.post(f"{served.url}/in/perch", body, headers=signed(body), timeout=10).status_code == 413
        assert session.get(f"{served.url}/healthz", timeout=10).json() == {"status": "ok"}


def test_a_header_sent_twice_is_one_value_of_both(served: Served) -> None:
    body = words("hello")
    genuine = signed(body)[SIGNATURE].encode()
    head = b"POST /in/perch HTTP/1.1\r\nhost: hub\r\ncontent-length: %d\r\n" % len(body)
    forged = head + b"%b: 0\r\n%b: %b\r\n\r\n" % (SIGNATURE.encode(), SIGNATURE.encode(), genuine)
    assert raw(served, forged + body).startswith(b"HTTP/1.1 403 ")


def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(b"POST /in/perch HTTP/1.1\r\nhost: hub\r\ncontent-length: 100\r\n\r\nabc")
    assert served.ask("GET", "/healthz").status_code == 200
    assert counts(served.hub) == {"raws": 0, "messages": 0, "quarantine": 0}


def test_the_counters_say_what_was_refused(served: Served) -> None:
    requests.post(f"{served.url}/in/perch", b"[]", timeout=10)
    requests.post(f"{served.url}/in/perch", b"x" * (2 << 20), timeout=10)
    metrics: Any = served.ask("GET", "/metrics").text
    assert 'onethread_received_total{connector="perch",outcome="refused"}' in metrics
    assert 'onethread_received_total{connector="perch",outcome="too_large"}' in metrics


def test_a_sender_that_falls_silent_is_let_go(hub: Hub) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/in/perch", "headers": [(b"content-length", b"9")]}
    asyncio.run(Door(hub, body_seconds=0.05)(scope, receive, send))
    assert sent[0]["status"] == 408
    hub.engine.dispose()


def test_more_large_bodies_than_can_be_in_hand_are_asked_to_come_again(hub: Hub) -> None:
    body = words("x" * LARGE)
    fields = [(name.encode(), value.encode()) for name, value in signed(body).items()]
    scope = {"method": "POST", "path": "/in/perch", "raw_path": b"/in/perch", "query_string": b"", "headers": fields}
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def knock_all() -> None:
        await hub.start()
        door = Door(hub)
        await asyncio.gather(*(door(scope, receive, send) for _ in range(MOST_LARGE + 5)))
        await asyncio.to_thread(door.close)
        await hub.stop()

    asyncio.run(knock_all())
    assert sorted(statuses) == [200] * MOST_LARGE + [503] * 5
