"""The Flask application under the hub's own server: bodies and answers of any size, bounded in every direction."""

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.web import bridge as module
from gateway.web.bridge import GATHERED, MOST, PIECE, Bridge
from tests.web.parrot import Served, make_hub, serving, words

BIG = bytes(range(256)) * 4 * 4096
"""Four mebioctets in which every place can be told from its neighbours."""


def test_a_large_file_goes_in_and_comes_out_whole(served: Served) -> None:
    kept = served.ask("POST", "/v1/attachments?name=big", data=BIG, headers={"Content-Type": "video/mp4"})
    assert kept.status_code == 201
    attachment = kept.json()["attachment"]
    assert attachment["size"] == len(BIG)
    assert served.ask("GET", f"/v1/attachments/{attachment['id']}").content == BIG


def test_a_file_of_untold_length_is_taken(served: Served) -> None:
    pieces = (BIG[at : at + 100_000] for at in range(0, len(BIG), 100_000))
    kept = served.ask("POST", "/v1/attachments", data=pieces, headers={"Content-Type": "video/mp4"})
    assert (kept.status_code, kept.json()["attachment"]["size"]) == (201, len(BIG))


def test_a_sender_whose_body_was_wanted_may_stay(served: Served) -> None:
    with requests.Session() as session:
        for _ in range(2):
            kept = session.post(f"{served.url}/v1/attachments", BIG, headers=served.key, timeout=20)
            assert (kept.status_code, "connection" in kept.headers) == (201, False)


def test_a_large_form_is_taken(served: Served) -> None:
    kept = served.ask("POST", "/v1/attachments", files={"file": ("big.mp4", io.BytesIO(BIG), "video/mp4")})
    assert (kept.status_code, kept.json()["attachment"]["size"]) == (201, len(BIG))


def test_a_file_over_the_limit_is_refused_unread_and_leaves_nothing(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path, limits="{file: 1MiB}")) as served:
        head = f"POST /v1/attachments HTTP/1.1\r\nhost: hub\r\nauthorization: {served.key['Authorization']}\r\n"
        with served.connect() as connection:
            connection.sendall(f"{head}content-length: 9000000000\r\n\r\n".encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
        pieces = (BIG[at : at + 100_000] for at in range(0, len(BIG), 100_000))
        assert served.ask("POST", "/v1/attachments", data=pieces).status_code == 413
        assert served.ask("POST", "/v1/attachments", data=BIG).status_code == 413
        assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


def test_without_a_key_a_body_is_not_even_read(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(b"POST /v1/attachments HTTP/1.1\r\nhost: hub\r\ncontent-length: 50000000\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_an_upload_that_breaks_off_leaves_nothing(served: Served) -> None:
    head = f"POST /v1/attachments HTTP/1.1\r\nhost: hub\r\nauthorization: {served.key['Authorization']}\r\n"
    with served.connect() as connection:
        connection.sendall(f"{head}content-length: {len(BIG)}\r\n\r\n".encode() + BIG[: len(BIG) // 2])
        time.sleep(0.1)
    ends = time.monotonic() + 10
    while [path for path in served.hub.files.folder.rglob("*") if path.is_file()]:
        assert time.monotonic() < ends, "something was left"
        time.sleep(0.01)
    with served.hub.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM attachments").scalar_one() == 0


def test_answers_to_many_at_once_are_each_their_own(served: Served) -> None:
    served.hear(words(*[f"word {n}" for n in range(50)]))
    events = served.ask("GET", "/v1/events?types=message.received").json()["events"]
    ids = [event["subject"] for event in events]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda id_: served.ask("GET", f"/v1/messages/{id_}").json()["message"]["id"], ids))
    assert answers == ids


def test_a_head_request_has_no_body(served: Served) -> None:
    answer = served.ask("HEAD", "/v1/conversations")
    assert (answer.status_code, answer.content) == (200, b"")


def test_no_header_of_an_answer_stands_twice(served: Served) -> None:
    id_ = served.ask("POST", "/v1/attachments", data=BIG).json()["attachment"]["id"]
    for path in (f"/v1/attachments/{id_}", "/v1/conversations", "/v1/nothing", "/healthz"):
        for headers in ({}, {"Range": "bytes=0-9"}):
            names = [name.lower() for name, _ in served.ask("GET", path, headers).raw.headers.iteritems()]
            assert sorted(names) == sorted(set(names)), path


def test_a_file_can_be_looked_at_without_being_fetched(served: Served) -> None:
    id_ = served.ask("POST", "/v1/attachments?name=big", data=BIG, headers={"Content-Type": "video/mp4"}).json()
    path = f"/v1/attachments/{id_['attachment']['id']}"
    whole, head = served.ask("GET", path), served.ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}
    assert head.headers["content-length"] == str(len(BIG))
    link = served.hub.links.link(id_["attachment"]["id"], 60).partition(".com")[2]
    assert served.ask("HEAD", link, {"Authorization": ""}).status_code == 200
    assert served.ask("HEAD", link + "0", {"Authorization": ""}).status_code == 403


def test_a_header_that_would_pass_for_another_is_left_out(served: Served) -> None:
    key = served.key["Authorization"].encode()
    with served.connect() as connection:
        connection.sendall(b"GET /v1/conversations HTTP/1.1\r\nhost: hub\r\nAuthorization_: x\r\nX_A: 1\r\n")
        connection.sendall(b"connection: close\r\nauthorization: " + key + b"\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


class Asked:
    """One request to a bridge by hand: what comes in, and what went out."""

    def __init__(self, *body: bytes, method: str = "POST", headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": "/naïve path",
            "raw_path": b"/na%C3%AFve%20path",
            "query_string": b"a=b",
            "headers": list(headers),
            "client": ("203.0.113.9", 1),
            "server": ("127.0.0.1", 80),
        }
        self._coming = list(body) or [b""]
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self._coming:
            return {"type": "http.disconnect"}
        body = self._coming.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self._coming)}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def ask(application: Wsgi, *asked: Asked) -> None:
    """All at once, to one bridge."""

    async def run() -> None:
        bridge = Bridge(application)
        await asyncio.gather(*(bridge(one.scope, one.receive, one.send) for one in asked))
        await asyncio.to_thread(bridge.close)

    asyncio.run(run())


def test_the_application_sees_the_request_as_pep_3333_has_it() -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        start("204 No Content", [("X-One", "1"), ("X-One", "2")])
        return []

    headers = [(b"content-type", b"text/plain"), (b"x-a", b"1"), (b"x-a", b"2"), (b"x_b", b"3")]
    asked = Asked(b"one ", b"two", headers=headers)
    ask(application, asked)
    assert asked.sent[0] == {
        "type": "http.response.start",
        "status": 204,
        "headers": [(b"x-one", b"1"), (b"x-one", b"2")],
    }
    assert seen["body"] == b"one two"
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/naïve path"
    assert (seen["QUERY_STRING"], seen["RAW_URI"]) == ("a=b", "/na%C3%AFve%20path?a=b")
    assert (seen["CONTENT_TYPE"], seen["HTTP_X_A"], "HTTP_X_B" in seen) == ("text/plain", "1,2", False)
    assert (seen["REMOTE_ADDR"], seen["SERVER_PORT"]) == ("203.0.113.9", "80")


class Pieces:
    """A body that says when it was closed, and how much of it was taken."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.closed = False

    def __iter__(self) -> "Pieces":
        return self

    def __next__(self) -> bytes:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return b"x" * 10_000

    def close(self) -> None:
        self.closed = True


def test_an_answer_that_streams_is_taken_as_fast_as_its_client_takes_it_and_closed() -> None:
    pieces = Pieces(50)
    left_when_sent: list[int] = []

    class Slow(Asked):
        async def send(self, message: Any) -> None:
            left_when_sent.append(pieces.left)
            await super().send(message)

    def application(_: dict[str, Any], start: Any) -> Pieces:
        start("200 OK", [])
        return pieces

    slow = Slow()
    ask(application, slow)
    assert (len(slow.body), pieces.closed) == (500_000, True)
    assert left_when_sent[:4] == [43, 43, 36, 29]
    assert max(len(message["body"]) for message in slow.sent[1:]) <= PIECE + 10_000
    assert slow.sent[-1]["more_body"] is False


def test_an_answer_whose_client_goes_away_is_closed() -> None:
    pieces = Pieces(50)

    class Leaving(Asked):
        async def send(self, message: Any) -> None:
            if self.sent:
                raise ConnectionResetError
            await super().send(message)

    def application(_: dict[str, Any], start: Any) -> Pieces:
        start("200 OK", [])
        return pieces

    with pytest.raises(ConnectionResetError):
        ask(application, Leaving())
    assert pieces.closed


def test_a_client_that_leaves_before_its_request_is_whole_costs_nothing() -> None:
    called: list[object] = []

    class Leaving(Asked):
        async def receive(self) -> dict[str, Any]:
            return {"type": "http.disconnect"}

    leaving = Leaving()
    ask(lambda *_: called.append(1) or [], leaving)  # type: ignore[func-returns-value]
    assert (leaving.sent, called) == ([], [])


def test_more_requests_than_can_be_in_hand_are_asked_to_come_again() -> None:
    begun = threading.Semaphore(0)
    go = threading.Event()

    def application(_: dict[str, Any], start: Any) -> list[bytes]:
        begun.release()
        go.wait(10)
        start("200 OK", [])
        return [b"done"]

    asked = [Asked() for _ in range(MOST + 3)]
    threading.Thread(target=lambda: [begun.acquire() for _ in range(module.THREADS)] and go.set(), daemon=True).start()
    ask(application, *asked)
    assert [one.status for one in asked].count(200) == MOST
    refused = [one for one in asked if one.status == 503]
    assert len(refused) == 3
    assert (b"retry-after", b"1") in refused[0].sent[0]["headers"]


def test_a_body_larger_than_is_gathered_is_read_as_it_comes() -> None:
    read: list[int] = []

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        while octets := environ["wsgi.input"].read(50_000):
            read.append(len(octets))
        start("200 OK", [])
        return []

    asked = Asked(*[b"x" * GATHERED] * 5)
    ask(application, asked)
    assert (asked.status, sum(read)) == (200, 5 * GATHERED)
