"""Reading the feed over HTTP: pages, long polls and streams, over real sockets."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.hub import Hub
from gateway.keys import Scope, list_keys, revoke_key
from tests.web.parrot import Served, bearer, make_hub, serving, words


def page(served: Served, query: str = "", **more: Any) -> dict[str, Any]:
    answer = served.ask("GET", f"/v1/events{query}", **more)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["message"]["text"] for event in events if "message" in event["data"]]


def test_a_page_gives_events_in_order_and_where_to_go_on(served: Served) -> None:
    served.hear(words("one", "two"))
    first = page(served, "?limit=3")
    assert [event["position"] for event in first["events"]] == ["1", "2", "3"]
    assert first["next"] == "3"
    rest = page(served, "?after=3")
    assert rest["next"] == rest["events"][-1]["position"]
    assert texts(first["events"] + rest["events"]) == ["one", "two"]


def test_absent_and_empty_positions_are_the_beginning(served: Served) -> None:
    served.hear(words("one"))
    assert page(served) == page(served, "?after=") == page(served, "?after=0")


def test_an_empty_page_repeats_next(served: Served) -> None:
    assert page(served) == {"events": [], "next": "0"}
    served.hear(words("one"))
    end = page(served)["next"]
    assert page(served, f"?after={end}") == {"events": [], "next": end}
    assert page(served, "?types=connector.*&after=1") == {"events": [], "next": "1"}
    assert page(served, "?after=newest") == {"events": [], "next": end}


def test_types_and_conversation_narrow_a_page(served: Served) -> None:
    served.hear(words("from ann"))
    served.hear(words("from bob", sender="bob"))
    events = page(served, "?types=message.received,route.*")["events"]
    assert {event["type"] for event in events} == {"onethread.message.received.v1", "onethread.route.added.v1"}
    conversation = events[-1]["data"]["message"]["conversation_id"]
    for name in (conversation, "%232", "2"):
        assert texts(page(served, f"?conversation={name}&types=message.*")["events"]) == ["from bob"]


@pytest.mark.parametrize(
    ("query", "status", "code", "path"),
    [
        ("?types=mesage.received", 422, "invalid", "types"),
        ("?after=abc", 422, "invalid", "after"),
        ("?after=-1", 422, "invalid", "after"),
        ("?limit=0", 422, "invalid", "limit"),
        ("?wait=soon", 422, "invalid", "wait"),
        ("?conversation=c1", 422, "invalid", "conversation"),
        ("?conversation=%239", 422, "invalid", "conversation"),
        ("?conversation=9999999999999999", 422, "invalid", "conversation"),
        ("?aftr=1", 422, "invalid", "aftr"),
        ("?after=99", 410, "position_gone", None),
        ("?after=" + "9" * 40, 410, "position_gone", None),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    served: Served, query: str, status: int, code: str, path: str | None
) -> None:
    answer = served.ask("GET", f"/v1/events{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [wrong["path"] for wrong in answer.json().get("errors", [])] == ([] if path is None else [path])


def test_a_position_that_is_gone_tells_the_oldest(served: Served) -> None:
    served.hear(words("one"))
    answer = served.ask("GET", "/v1/events?after=99")
    assert answer.json()["oldest"] == "1"


def test_the_feed_needs_a_key_that_may_read(served: Served) -> None:
    def get(headers: dict[str, str]) -> tuple[int, str | None]:
        answer = requests.get(f"{served.url}/v1/events", headers=headers, timeout=10)
        return answer.status_code, answer.headers.get("www-authenticate")

    assert get({}) == (401, "Bearer")
    assert get({"Authorization": "Bearer ot_nothing"}) == (401, 'Bearer error="invalid_token"')
    assert get(bearer(served.hub, Scope.WRITE)) == (403, 'Bearer error="insufficient_scope", scope="read"')
    assert get(bearer(served.hub, Scope.READ)) == (200, None)


def test_the_feed_is_only_read(served: Served) -> None:
    answer = served.ask("POST", "/v1/events")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_long_poll_answers_with_the_next_event(served: Served) -> None:
    threading.Timer(0.2, served.hear, [words("at last")]).start()
    begun = time.monotonic()
    assert texts(page(served, "?wait=20&types=message.*")["events"]) == ["at last"]
    assert time.monotonic() - begun < 10


def test_a_long_poll_waits_on_when_something_else_happened(served: Served) -> None:
    served.hear(words("one"))
    end = page(served)["next"]
    threading.Timer(0.1, served.hear, [words("other", sender="bob")]).start()
    begun = time.monotonic()
    assert page(served, f"?after={end}&wait=0.5&types=connector.*") == {"events": [], "next": end}
    assert time.monotonic() - begun >= 0.5


def test_ending_the_server_answers_a_long_poll_at_once(hub: Hub) -> None:
    with serving(hub) as served:
        threading.Timer(0.3, served.end).start()
        begun = time.monotonic()
        assert page(served, "?wait=60") == {"events": [], "next": "0"}
        assert time.monotonic() - begun < 10


@contextmanager
def stream(served: Served, query: str = "", **headers: str) -> Iterator[Iterator[list[str]]]:
    """Blocks of a stream as they come: the lines between two empty ones."""
    with served.ask(
        "GET", f"/v1/events{query}", headers={"Accept": "text/event-stream", **headers}, stream=True
    ) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        yield _blocks(answer)


def _blocks(answer: requests.Response) -> Iterator[list[str]]:
    block: list[str] = []
    for line in answer.iter_lines(chunk_size=None, decode_unicode=True):
        if line:
            block.append(line)
        else:
            yield block
            block = []


def fields(block: list[str]) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in block)


def test_a_stream_gives_what_was_and_what_comes(served: Served) -> None:
    served.hear(words("one"))
    with stream(served, "?types=message.received") as blocks:
        assert next(blocks) == ["retry: 2000"]
        first = fields(next(blocks))
        served.hear(words("two", first=2))
        second = fields(next(blocks))
    assert [first["event"], second["event"]] == ["message.received"] * 2
    events = [json.loads(one["data"]) for one in (first, second)]
    assert texts(events) == ["one", "two"]
    assert [one["id"] for one in (first, second)] == [event["position"] for event in events]


def test_last_event_id_wins_over_after(served: Served) -> None:
    served.hear(words("one", "two", "three"))
    events = page(served, "?types=message.received")["events"]
    position = {"Last-Event-ID": events[1]["position"]}
    with stream(served, "?types=message.received&after=0", **position) as blocks:
        next(blocks)
        assert texts([json.loads(fields(next(blocks))["data"])]) == ["three"]


def test_a_stream_from_a_position_that_is_gone_is_refused_before_it_begins(served: Served) -> None:
    answer = served.ask("GET", "/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "7"})
    assert (answer.status_code, answer.headers["content-type"]) == (410, "application/problem+json")


def test_a_silent_stream_says_that_it_lives(hub: Hub) -> None:
    with serving(hub, heartbeat=0.1) as served, stream(served) as blocks:
        assert [next(blocks) for _ in range(3)] == [["retry: 2000"], [":"], [":"]]


def test_a_stream_ends_when_its_key_is_revoked(hub: Hub) -> None:
    with serving(hub, heartbeat=0.1) as served:
        reader = bearer(hub, Scope.READ)
        with stream(served, **reader) as blocks:
            assert next(blocks) == ["retry: 2000"]
            revoke_key(hub.engine, list_keys(hub.engine)[-1].id)
            assert [block for block in blocks if block != [":"]] == []


def test_ending_the_server_ends_its_streams(hub: Hub) -> None:
    begun = time.monotonic()
    with serving(hub) as served, stream(served) as blocks:
        assert next(blocks) == ["retry: 2000"]
        served.end()
        assert list(blocks) == []
    assert time.monotonic() - begun < 10


def test_a_stream_gives_a_long_history_whole_to_a_slow_reader(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path)) as served:
        said = ["x" * 5_000] * 400
        for start in range(0, 400, 100):
            served.hear(words(*said[start : start + 100], first=start))
        with stream(served, "?types=message.received&limit=10") as blocks:
            next(blocks)
            positions = []
            for block in blocks:
                positions.append(int(fields(block)["id"]))
                if len(positions) % 100 == 0:
                    time.sleep(0.05)
                if len(positions) == 400:
                    break
    assert positions == sorted(set(positions))


def test_a_reader_who_leaves_leaves_nothing_behind(served: Served) -> None:
    for _ in range(5):
        with stream(served) as blocks:
            next(blocks)
    served.hear(words("after them"))
    assert texts(page(served, "?types=message.*")["events"]) == ["after them"]
