"""A chat and its users' browsers: who is away is notified, who reads is not, and a browser that is gone is spared."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from web_push_page import SETTINGS

from connectors.channels.web_push.simulator import Simulator
from connectors.kit.fixtures import WireRequest
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import Failure
from tests.background.heronry import rows
from tests.channels.beside import kept
from tests.chat.talk import PATIENCE, PUBLIC, USERS, answer, by, chatting, live, token
from tests.web.parrot import Served

ORIGIN = "https://app.example.com"
AWAY = [{"channel": "push", "after": 1, "unless": "read"}]


@contextmanager
def beside(folder: Path, **more: Any) -> Iterator[tuple[Served, Simulator]]:
    """A served hub with the chat `app` and its users' `browsers`."""
    with Simulator({**SETTINGS, "jwt_secret": USERS}, f"{PUBLIC}/in/browsers") as provider:
        browsers = {"plugin": "web_push", **provider.settings(), "origins": [ORIGIN], **more}
        with chatting(folder, others={"browsers": browsers}) as served:
            yield served, provider


def ask(served: Served, wire: WireRequest, **headers: str) -> requests.Response:
    url = served.url + wire.path
    return requests.request(wire.method, url, data=wire.body, headers={**wire.headers, **headers}, timeout=PATIENCE)


def until(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.02)


def statuses(served: Served, message: dict[str, Any]) -> list[tuple[str, str]]:
    """Channel and status of each delivery of a message, the oldest first."""
    sql = "SELECT r.channel, d.status FROM deliveries d JOIN routes r ON r.id = d.route_id WHERE d.message_id = ?"
    return rows(served.hub, f"{sql} ORDER BY d.id", message["id"])


@pytest.mark.parametrize(
    ("settings", "words"), [({}, "You have an answer"), ({"preview": True}, "It leaves on Friday, box 7.")]
)
def test_who_is_away_is_notified_once_and_who_reads_is_not(tmp_path, settings, words):
    link = "https://app.example.com/help?case={conversation}"
    with beside(tmp_path, link=link, **settings) as (served, provider):
        with live(served, token()) as customer:
            conversation = customer.write("Where is my order?", "m-1")["conversation"]
            done = ask(served, provider.registration(provider.message(sender="desk")), origin=ORIGIN)
            assert (done.status_code, done.headers["access-control-allow-origin"]) == (200, ORIGIN)
            read = answer(served, conversation, "We are looking.", fallback=AWAY)
            customer.until_texts("Where is my order?", "We are looking.")
            customer.say("read", ref=read["id"])
            until(lambda: statuses(served, read) == [("chat", "read")])
        told = answer(served, conversation, "It leaves on Friday, box 7.", fallback=AWAY)
        until(lambda: provider.shown)
        until(lambda: statuses(served, told)[1:] == [("push", "accepted")])
        [receipt] = [one["data"].pop("receipt") for one in provider.shown["desk"]]
        assert receipt
        assert provider.shown == {
            "desk": [
                {
                    "title": "Acme",
                    "body": words,
                    "tag": conversation.replace("-", ""),
                    "data": {
                        "link": f"https://app.example.com/help?case={conversation}",
                        "conversation": conversation,
                        "message": told["id"],
                        "tell": f"{PUBLIC}/in/browsers",
                    },
                }
            ]
        }
        assert statuses(served, read) == [("chat", "read")]
        assert rows(served.hub, "SELECT count(*) FROM contacts WHERE merged_into IS NULL") == [(1,)]
    for secret in (SETTINGS["vapid_private_key"], USERS):
        assert secret.encode() not in kept(tmp_path)


def test_of_several_browsers_the_one_that_came_last_is_notified_and_then_the_one_that_is_left(tmp_path):
    with beside(tmp_path) as (served, provider):
        with live(served, token()) as customer:
            conversation = customer.write("Where is my order?", "m-1")["conversation"]
        for name in ("desk", "phone"):
            assert ask(served, provider.registration(provider.message(sender=name))).status_code == 200
        told = answer(served, conversation, "One", channel="push")
        until(lambda: statuses(served, told) == [("push", "accepted")])
        provider.next(Failure.UNREACHABLE)
        gone = answer(served, conversation, "Two", channel="push")
        until(lambda: statuses(served, gone) == [("push", "failed")])
        left = answer(served, conversation, "Three", channel="push")
        until(lambda: statuses(served, left) == [("push", "accepted")])
        shown = {name: [one["data"]["message"] for one in told] for name, told in provider.shown.items()}
        assert shown == {"phone": [told["id"]], "desk": [left["id"]]}


def test_the_page_tells_what_was_shown_and_opened_without_a_users_token(tmp_path):
    with beside(tmp_path) as (served, provider):
        with live(served, token()) as customer:
            conversation = customer.write("Where is my order?", "m-1")["conversation"]
        ask(served, provider.registration(provider.message(sender="desk")))
        told = answer(served, conversation, "It leaves on Friday.", channel="push")
        until(lambda: statuses(served, told) == [("push", "accepted")])
        [notified] = provider.shown["desk"]
        forged = {"data": {"receipt": mutate.flipped(notified["data"]["receipt"])}}
        assert ask(served, provider.seen(forged, "opened"), origin=ORIGIN).status_code == 403
        assert statuses(served, told) == [("push", "accepted")]
        heard = [ask(served, provider.seen(notified, how), origin=ORIGIN) for how in ("opened", "shown", "opened")]
        assert [one.status_code for one in heard] == [200, 200, 200]
        assert {one.headers["access-control-allow-origin"] for one in heard} == {ORIGIN}
        until(lambda: statuses(served, told) == [("push", "read")])


def test_a_notification_whose_answer_was_lost_is_known_to_have_arrived_once_it_was_shown(tmp_path):
    with beside(tmp_path) as (served, provider):
        with live(served, token()) as customer:
            conversation = customer.write("Where is my order?", "m-1")["conversation"]
        ask(served, provider.registration(provider.message(sender="desk")))
        provider.next(Failure.LOST_ANSWER)
        told = answer(served, conversation, "It leaves on Friday.", channel="push")
        until(lambda: statuses(served, told) == [("push", "uncertain")])
        ask(served, provider.seen(provider.shown["desk"][0], "shown"))
        until(lambda: statuses(served, told) == [("push", "delivered")])


def test_a_browser_that_is_gone_is_left_alone_until_it_registers_anew(tmp_path):
    with beside(tmp_path) as (served, provider):
        with live(served, token()) as customer:
            conversation = customer.write("Where is my order?", "m-1")["conversation"]
        assert ask(served, provider.registration(provider.message(sender="desk"))).status_code == 200
        provider.next(Failure.UNREACHABLE)
        gone = answer(served, conversation, "One", channel="push")
        until(lambda: statuses(served, gone) == [("push", "failed")])
        body = {"conversation_id": conversation, "text": "Two", "channel": "push"}
        assert served.ask("POST", "/v1/messages", json=body).status_code == 422
        assert ask(served, provider.registration(provider.message(sender="desk"))).status_code == 200
        told = answer(served, conversation, "Three", channel="push")
        until(lambda: statuses(served, told) == [("push", "accepted")])
        assert [one["body"] for one in provider.shown["desk"]] == ["You have an answer"]


def test_a_browser_that_is_let_go_or_changes_hands_shows_nothing_of_its_former_users(tmp_path):
    with beside(tmp_path) as (served, provider):
        conversations = {}
        for user in ("u1", "u2"):
            with live(served, token(user)) as customer:
                conversations[user] = customer.write(f"I am {user}", "m-1")["conversation"]
            ask(served, provider.registration(provider.message(sender="shared"), user))
        body = {"conversation_id": conversations["u1"], "text": "private", "channel": "push"}
        assert served.ask("POST", "/v1/messages", json=body).status_code == 422
        told = answer(served, conversations["u2"], "Hello", channel="push")
        until(lambda: statuses(served, told) == [("push", "accepted")])
        assert [one["data"]["message"] for one in provider.shown["shared"]] == [told["id"]]
        off = provider.message(sender="shared").replace(b'"on":true', b'"on":false')
        assert ask(served, provider.registration(off, "u2")).status_code == 200
        body["conversation_id"] = conversations["u2"]
        assert served.ask("POST", "/v1/messages", json=body).status_code == 422


def test_a_page_asks_first_and_for_the_key_and_nobody_else_registers(tmp_path):
    path = "/in/browsers"
    with beside(tmp_path) as (served, provider):
        first = ask(served, WireRequest("OPTIONS", path, {}, b""), origin=ORIGIN)
        assert first.status_code == 204
        assert first.headers["access-control-allow-origin"] == ORIGIN
        assert first.headers["access-control-allow-headers"] == "authorization, content-type, traceparent"
        strange = ask(served, WireRequest("OPTIONS", path, {}, b""), origin="https://evil.example.com")
        assert "access-control-allow-origin" not in strange.headers
        key = ask(served, WireRequest("GET", path, {}, b""), origin=ORIGIN)
        assert len(key.json()["public_key"]) == 87
        genuine = provider.registration(provider.message())
        assert ask(served, WireRequest("POST", path, {}, genuine.body)).status_code == 401
        assert ask(served, genuine, authorization="Bearer " + token(secret="x" * 32)).status_code == 403
        elsewhere = genuine.body.replace(b"updates.push.services.mozilla.com", b"169.254.169.254")
        assert ask(served, provider.registration(elsewhere)).status_code == 200
        reasons = rows(served.hub, "SELECT reason FROM quarantine")
        assert reasons == [("the subscription is of a push service that is not among `hosts`",)]
        assert rows(served.hub, "SELECT count(*) FROM routes") == [(0,)]


def test_the_chat_tells_its_users_pages_where_and_by_which_key_they_may_be_notified(tmp_path):
    with beside(tmp_path) as (served, provider):
        key = ask(served, WireRequest("GET", "/in/browsers", {}, b"")).json()["public_key"]
        began = ask(served, WireRequest("POST", "/chat/app/session", by(token()), b""))
        assert began.json()["push"] == {"url": f"{PUBLIC}/in/browsers", "key": key}
    assert provider.shown == {}


def test_a_chat_whose_users_no_connector_notifies_says_so(tmp_path):
    with beside(tmp_path, users="another") as (served, _):
        began = ask(served, WireRequest("POST", "/chat/app/session", by(token()), b""))
        assert began.json()["push"] is None
