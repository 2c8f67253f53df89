"""A visitor signs in and keeps one history: whoever holds both tokens has proven both, and nobody else gains by it."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from tests.chat.talk import (
    APP,
    PATIENCE,
    VISITORS,
    Device,
    answer,
    by,
    command,
    live,
    make_hub,
    send,
    token,
    visitor,
)
from tests.end_to_end.hub_process import HubProcess
from tests.web.parrot import Served, serving

pytestmark = pytest.mark.engine("sqlite", "postgresql")


def sign_in(url: str, shown: str | None, visitor: Any) -> requests.Response:
    """A page starts, with who is signed in and the visitor it knew."""
    headers = {} if shown is None else by(shown)
    return requests.post(f"{url}/chat/app/session", json={"visitor": visitor}, headers=headers, timeout=PATIENCE)


def joined(served: Served, shown: str | None, visitor: Any) -> tuple[bool, str | None]:
    done = sign_in(served.url, shown, visitor)
    assert done.status_code == 200, done.text
    return done.json()["joined"], done.json()["reason"]


def history(served: Served, shown: str) -> list[str]:
    asked = requests.get(f"{served.url}/chat/app/history", headers=by(shown), timeout=PATIENCE)
    return [message["text"] for message in asked.json()["messages"]]


def says(served: Served, shown: str, text: str, client_id: str = "m-1") -> dict[str, Any]:
    done = send(served, shown, type="message", client_id=client_id, text=text)
    assert done.status_code == 200, done.text
    return dict(done.json())


def events(served: Served, types: str) -> list[dict[str, Any]]:
    return list(served.ask("GET", f"/v1/events?types={types}").json()["events"])


def statuses(served: Served, message: dict[str, Any]) -> list[str]:
    deliveries = served.ask("GET", f"/v1/messages/{message['id']}").json()["deliveries"]
    return [delivery["status"] for delivery in deliveries]


@pytest.fixture
def ann(served: Served) -> str:
    """A visitor who wrote and was answered."""
    shown = visitor(served.url)
    conversation = says(served, shown, "as a visitor")["conversation"]
    with live(served, shown) as device:
        answer(served, conversation, "answered then")
        device.until_texts("as a visitor", "answered then")
    return shown


def test_who_signs_in_sees_what_they_wrote_as_a_visitor_and_is_answered_live(served: Served, ann: str) -> None:
    user = token("u1")
    with live(served, user) as device:
        assert device.texts() == []
        assert joined(served, user, ann) == (True, None)
        device.until_texts("as a visitor", "answered then")
        [conversation] = {message["conversation"] for message in device.messages.values()}
        reply = answer(served, conversation, "and to you now")
        device.until_texts("as a visitor", "answered then", "and to you now")
        device.say("read", ref=reply["id"])
        device.until("status", message=reply["id"], status="read")
    assert history(served, user) == ["as a visitor", "answered then", "and to you now"]
    assert history(served, ann) == ["as a visitor", "answered then"]


def test_both_conversations_become_one_and_the_user_sees_all_of_it(served: Served, ann: str) -> None:
    user = token("u1")
    with live(served, user) as device:
        ack = device.write("signed in already", "m-1")
        assert joined(served, user, ann) == (True, None)
        device.until_texts("as a visitor", "answered then", "signed in already")
    [merged] = events(served, "conversation.merged")
    assert len(events(served, "contact.merged")) == 1
    found = served.ask("GET", "/v1/conversations?state=open").json()["conversations"]
    assert [one["id"] for one in found] == [merged["data"]["conversation"]["merged_into"]]
    assert merged["data"]["conversation"]["id"] == ack["conversation"]
    assert history(served, user) == ["as a visitor", "answered then", "signed in already"]


def test_what_agents_send_to_the_visitors_route_reaches_the_user_alone(served: Served, ann: str) -> None:
    [received] = events(served, "message.received")
    user = token("u1")
    assert joined(served, user, ann) == (True, None)
    told = received["data"]
    conversation = told["message"]["conversation_id"]
    with live(served, user) as device:
        for text, how in {
            "by default": {},
            "to that route": {"route_id": told["route"]["id"]},
            "to that message": {"reply_to": told["message"]["id"]},
        }.items():
            answer(served, conversation, text, **how)
            device.until_texts(*device.texts(), text)
        command(served, "typing.set", conversation_id=conversation, route_id=told["route"]["id"])
        device.until("typing")
    previews = served.ask("POST", "/v1/render", json={"conversation_id": conversation, "text": "Hi"}).json()["previews"]
    assert [one["route_id"] != told["route"]["id"] for one in previews] == [True]
    to = {"connector": "app", "address": told["route"]["address"]}
    assert served.ask("POST", "/v1/messages", json={"to": to, "text": "to that address"}).status_code == 202
    assert history(served, user)[-1] == "to that address"
    assert history(served, ann) == ["as a visitor", "answered then"]


def test_what_the_visitor_was_sent_is_confirmed_by_the_user(served: Served) -> None:
    shown, user = visitor(served.url), token("u1")
    conversation = says(served, shown, "as a visitor")["conversation"]
    reply = answer(served, conversation, "answered then")
    assert joined(served, user, shown) == (True, None)
    with live(served, user) as device:
        [_, seen] = device.messages.values()
        assert (seen["ref"], seen["confirm"]) == (reply["id"], True)
        device.say("received", refs=[reply["id"]])
        device.until("status", status="delivered")
        device.say("read", ref=reply["id"])
        device.until("status", status="read")
    assert statuses(served, reply) == ["read"]


def test_a_message_in_the_outbox_when_the_visitor_signed_in_is_one_message(served: Served, ann: str) -> None:
    user = token("u1")
    assert joined(served, user, ann) == (True, None)
    first = events(served, "message.received")[0]["data"]["message"]
    for shown in (user, ann):  # its `ack` was lost
        assert says(served, shown, "as a visitor")["id"] == first["id"]
    with live(served, user) as device:
        [own, _] = device.messages.values()
        assert (own["client_id"], own["ref"]) == ("m-1", None)
    assert len(events(served, "message.received")) == 1


def test_a_file_that_went_up_before_signing_in_goes_out_after_it(served: Served, ann: str) -> None:
    url = f"{served.url}/chat/app/files?name=note.txt"
    text = {"Content-Type": "text/plain"}
    upload = requests.post(url, b"hello", headers=by(ann) | text, timeout=PATIENCE).json()
    frame = {"type": "message", "client_id": "m-2", "text": "here", "files": [upload["id"]]}
    assert send(served, token("u1"), **frame).status_code == 404
    assert joined(served, token("u1"), ann) == (True, None)
    assert send(served, token("u2"), **frame).status_code == 404
    assert send(served, token("u1"), **frame).status_code == 200


def test_a_client_id_used_again_for_something_else_is_another_message(served: Served, ann: str) -> None:
    user = token("u1")
    assert joined(served, user, ann) == (True, None)
    says(served, user, "something else", "m-1")
    assert history(served, user) == ["as a visitor", "answered then", "something else"]


def test_a_visitor_who_signed_in_writes_no_more_and_is_told_so(served: Served, ann: str) -> None:
    assert joined(served, token("u1"), ann) == (True, None)
    for frame in (
        {"type": "message", "client_id": "m-9", "text": "who am I?"},
        {"type": "reaction", "client_id": "r-1", "ref": "c:m-1", "add": ["👍"]},
        {"type": "read", "ref": "c:m-1"},
    ):
        refused = send(served, ann, **frame)
        assert (refused.status_code, refused.json()["code"]) == (403, "joined")
    alone = requests.post(f"{served.url}/chat/app/session", headers=by(ann), timeout=PATIENCE).json()
    assert (alone["kind"], alone["joined"], alone["reason"]) == ("visitor", True, None)
    assert history(served, token("u1")) == ["as a visitor", "answered then"]


def test_a_page_may_say_it_on_each_start(served: Served, ann: str) -> None:
    user = token("u1")
    assert [joined(served, user, ann) for _ in range(5)] == [(True, None)] * 5
    assert len(events(served, "contact.merged")) == 1
    newest = served.hub.feed.newest()
    assert joined(served, token("u1", name="Ann"), ann) == (True, None)
    assert served.hub.feed.newest() == newest


def test_many_tabs_at_once_join_once(served: Served, ann: str) -> None:
    user = token("u1")
    says(served, user, "as a user")
    together = threading.Barrier(8)

    def start(_: int) -> tuple[bool, str | None]:
        together.wait()
        return joined(served, user, ann)

    with ThreadPoolExecutor(8) as tabs:
        assert list(tabs.map(start, range(8))) == [(True, None)] * 8
    assert len(events(served, "contact.merged")) == len(events(served, "conversation.merged")) == 1
    assert history(served, user) == ["as a visitor", "answered then", "as a user"]


def test_on_a_shared_computer_the_second_user_gets_nothing_of_the_first(served: Served, ann: str) -> None:
    first, second = token("u1"), token("u2")
    assert joined(served, first, ann) == (True, None)
    says(served, first, "a secret")
    assert joined(served, second, ann) == (False, "other_user")
    says(served, second, "of the second", "m-2")
    assert joined(served, second, ann) == (False, "other_user")
    assert history(served, second) == ["of the second"]
    assert history(served, ann) == ["as a visitor", "answered then"]
    assert history(served, first) == ["as a visitor", "answered then", "a secret"]


def test_two_users_at_once_are_not_both_the_visitor(served: Served, ann: str) -> None:
    together = threading.Barrier(2)

    def start(sub: str) -> tuple[bool, str | None]:
        together.wait()
        return joined(served, token(sub), ann)

    with ThreadPoolExecutor(2) as pages:
        assert sorted(pages.map(start, ("u1", "u2")), key=str) == [(False, "other_user"), (True, None)]
    assert len(events(served, "contact.merged")) == 1


FOREIGN = {
    "expired": lambda: old(exp=datetime.now(UTC) - timedelta(days=1)),
    "bad_signature": lambda: old(secret="stolen-from-another-hub-of-theirs-1"),
    "wrong_audience": lambda: old(aud="another-connector"),
    "not_a_visitor": lambda: token("u2"),
    "bad_token": lambda: "x" * 9000,
    "unauthenticated": lambda: "",
}


def old(secret: str = VISITORS, **claims: Any) -> str:
    told = {"sub": "v1", "aud": "app", "exp": datetime.now(UTC) + timedelta(days=1), **claims}
    return jwt.encode(told, secret, headers={"typ": "visitor+jwt"})


@pytest.mark.parametrize("reason", FOREIGN)
def test_a_token_that_is_no_visitors_joins_nothing_and_the_session_stands(served: Served, reason: str) -> None:
    victim = token("u2")
    says(served, victim, "a secret")
    newest = served.hub.feed.newest()
    done = sign_in(served.url, token("u1"), FOREIGN[reason]())
    assert done.status_code == 200
    told = done.json()
    assert (told["kind"], told["id"], told["joined"], told["reason"]) == ("user", "user:u1", False, reason)
    assert history(served, token("u1")) == []
    assert served.hub.feed.newest() == newest


def test_a_visitor_who_wrote_nothing_leaves_nothing(served: Served) -> None:
    shown = visitor(served.url)
    assert joined(served, token("u1"), shown) == (False, "nothing_written")
    assert events(served, "") == []
    says(served, shown, "now I do")
    assert joined(served, token("u1"), shown) == (True, None)


def test_nobody_joins_a_visitor_to_a_visitor(served: Served, ann: str) -> None:
    assert joined(served, visitor(served.url), ann) == (False, "not_signed_in")
    assert joined(served, None, ann) == (False, "not_signed_in")


def test_whose_own_token_is_wrong_is_refused_whatever_visitor_they_show(served: Served, ann: str) -> None:
    forged = token("u1", secret="stolen-from-another-hub-of-theirs-1")
    refused = sign_in(served.url, forged, ann)
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_signature")
    assert events(served, "contact.merged") == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"visitor": 7}', b"\xff", b"[" * 9000])
def test_a_session_asked_for_in_other_words_is_refused(served: Served, body: bytes) -> None:
    refused = requests.post(f"{served.url}/chat/app/session", body, headers=by(token()), timeout=PATIENCE)
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed")


def test_a_session_asked_for_in_too_many_words_is_refused(served: Served) -> None:
    assert sign_in(served.url, token(), "x" * (17 << 10)).status_code == 413


def test_an_operator_who_takes_them_apart_is_heeded(served: Served, ann: str) -> None:
    user = token("u1")
    says(served, user, "as a user")
    assert joined(served, user, ann) == (True, None)
    [merged] = events(served, "contact.merged")
    parted = served.ask("POST", f"/v1/contacts/{merged['data']['merged']['id']}/unmerge", json={})
    assert parted.status_code == 200, parted.text
    assert joined(served, user, ann) == (False, "kept_apart")
    assert joined(served, token("u2"), ann) == (False, "other_user")
    assert history(served, ann) == ["as a visitor", "answered then"]


@pytest.mark.parametrize("sharing", ["address", "route"])
def test_where_conversations_go_by_address_or_route_they_become_one_too(tmp_path: Path, sharing: str) -> None:
    hub = make_hub(tmp_path, inboxes={"main": {"sharing": sharing}})
    with serving(hub) as served:
        shown, user = visitor(served.url), token("u1")
        first = says(served, shown, "as a visitor")
        says(served, user, "as a user")
        assert joined(served, user, shown) == (True, None)
        assert says(served, user, "and again", "m-2")["conversation"] == first["conversation"]
        assert len(events(served, "conversation.merged")) == 1
        assert history(served, user) == ["as a visitor", "as a user", "and again"]
        assert history(served, shown) == ["as a visitor"]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path)
    settings = json.loads(process.config.read_text())
    process.config.write_text(json.dumps({**settings, "connectors": {"app": {**APP, "sessions_per_minute": 100_000}}}))
    with process:
        yield process


@pytest.mark.kill
def test_a_hub_killed_in_between_has_joined_them_wholly_or_not_at_all(hub: HubProcess) -> None:
    users = [f"u{n}" for n in range(12)]
    visitors = {sub: visitor(hub.url) for sub in users}
    for sub, shown in visitors.items():
        for n, one in enumerate((shown, token(sub))):
            frame = {"type": "message", "client_id": f"m-{n}", "text": f"{sub} {n}"}
            assert requests.post(f"{hub.url}/chat/app/send", json=frame, headers=by(one), timeout=30).ok
    acknowledged: list[str] = []

    def start() -> None:
        with suppress(requests.ConnectionError):
            for sub in users:
                if sign_in(hub.url, token(sub), visitors[sub]).json()["joined"]:
                    acknowledged.append(sub)

    for stop_at in (2, 6):
        page = threading.Thread(target=start, daemon=True)
        page.start()
        while page.is_alive() and len(acknowledged) < stop_at:
            time.sleep(0.001)
        hub.kill()
        page.join(30)
        hub.start()
        merged = hub.events("contact.merged")
        assert len(merged) == len(hub.events("conversation.merged"))
        assert len(merged) >= len(set(acknowledged))
    start()
    assert set(acknowledged) == set(users)
    assert len(hub.events("contact.merged")) == len(hub.events("conversation.merged")) == len(users)
    for sub in users:
        with Device(hub.url, token(sub)) as device:
            device.greet()
            assert device.texts() == [f"{sub} 0", f"{sub} 1"]
