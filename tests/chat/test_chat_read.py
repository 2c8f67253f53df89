"""Customers are told that somebody has seen what they wrote: live, when they come back, and only of their own."""

from typing import Any

import pytest
import requests

from tests.chat.talk import PATIENCE, answer, by, live, send, token, visitor
from tests.web.parrot import Served

pytestmark = pytest.mark.engine("sqlite", "postgresql")


def see(served: Served, message: dict[str, Any]) -> None:
    """An agent has seen the conversation up to a message."""
    path = f"/v1/conversations/{message['conversation']}/read"
    done = served.ask("POST", path, json={"up_to": message["id"]})
    assert done.status_code == 200, done.text


def read_up_to(served: Served, shown: str) -> str | None:
    asked = requests.get(f"{served.url}/chat/app/history", headers=by(shown), timeout=PATIENCE)
    found: str | None = asked.json()["read_up_to"]
    return found


def test_every_device_hears_that_somebody_has_seen_it_and_so_does_who_comes_back(served: Served) -> None:
    with live(served, token()) as away, live(served, token()) as device:
        first = device.write("first", "m-1")
        away.until_texts("first")
        with live(served, token()) as other:
            see(served, first)
            for each in (device, other):
                read = each.until("read")
                assert (read["message"], read["conversation"]) == (first["id"], first["conversation"])
                assert read["cursor"] == each.after
        device.write("second", "m-2")
        cursor = away.after
    assert read_up_to(served, token()) == first["id"]
    with live(served, token(), cursor) as back:
        assert [frame["message"] for frame in back.frames if frame["type"] == "read"] == [first["id"]]
    with live(served, token()) as anew:
        [page] = [frame for frame in anew.frames if frame["type"] == "history"]
        assert page["read_up_to"] == first["id"]


def test_what_was_seen_stays_seen_and_is_told_once(served: Served) -> None:
    with live(served, token()) as device:
        acks = [device.write(f"{n}", f"m-{n}") for n in range(3)]
        for ack in (acks[1], acks[0], acks[1], acks[2]):
            see(served, ack)
        assert [device.until("read")["message"] for _ in range(2)] == [acks[1]["id"], acks[2]["id"]]
        device.say("ping")
        device.until("pong")
        assert sum(frame["type"] == "read" for frame in device.frames) == 2


def test_an_answer_that_was_seen_stands_for_what_the_customer_wrote_before(served: Served) -> None:
    with live(served, token()) as device:
        first = device.write("first", "m-1")
        reply = answer(served, first["conversation"], "answer")
        see(served, {"id": reply["id"], "conversation": first["conversation"]})
        assert device.until("read")["message"] == first["id"]


def test_nobody_hears_of_what_others_wrote(served: Served) -> None:
    ann, eve = visitor(served.url), visitor(served.url)
    first = send(served, ann, type="message", client_id="m-1", text="of Ann").json()
    with live(served, eve) as device:
        own = device.write("of Eve", "m-1")
        see(served, first)
        see(served, own)
        assert device.until("read")["message"] == own["id"]
        assert sum(frame["type"] == "read" for frame in device.frames) == 1
    assert (read_up_to(served, ann), read_up_to(served, eve)) == (first["id"], own["id"])


def test_a_visitor_who_signed_in_hears_nothing_of_the_user(served: Served) -> None:
    ann, user = visitor(served.url), token("u1")
    first = send(served, ann, type="message", client_id="m-1", text="as a visitor").json()
    joined = requests.post(
        f"{served.url}/chat/app/session", json={"visitor": ann}, headers=by(user), timeout=PATIENCE
    ).json()
    assert joined["joined"]
    second = send(served, user, type="message", client_id="m-2", text="as the user").json()
    see(served, second)
    assert second["conversation"] == first["conversation"]
    assert (read_up_to(served, user), read_up_to(served, ann)) == (second["id"], None)
