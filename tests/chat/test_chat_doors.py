"""Who is let in, who is not and why, and that nobody sees or names what is another's."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from websockets.exceptions import ConnectionClosed

from tests.chat.talk import (
    PATIENCE,
    USERS,
    VISITORS,
    Device,
    answer,
    by,
    chatting,
    live,
    make_hub,
    send,
    session,
    token,
    visitor,
)
from tests.web.parrot import Served, serving


def history(served: Served, shown: str, **query: str) -> requests.Response:
    return requests.get(f"{served.url}/chat/app/history", params=query, headers=by(shown), timeout=PATIENCE)


def ago(**some: float) -> datetime:
    return datetime.now(UTC) - timedelta(**some)


def test_a_session_tells_who_one_is_and_what_is_allowed(served: Served) -> None:
    begun = session(served).json()
    assert (begun["kind"], begun["emergency"], begun["limits"]["text"]) == ("visitor", False, 20_000)
    assert begun["id"].startswith("visitor:")
    again = session(served, **by(begun["token"])).json()
    assert (again["id"], again["token"], again["expires_at"]) == (begun["id"], None, begun["expires_at"])
    signed_in = session(served, **by(token("u1"))).json()
    assert (signed_in["kind"], signed_in["id"], signed_in["token"]) == ("user", "user:u1", None)


def test_a_visitors_token_that_has_lived_half_its_life_is_renewed(served: Served) -> None:
    claims = {"sub": "v1", "aud": "app", "exp": ago(days=-150)}
    old = jwt.encode(claims, VISITORS, headers={"typ": "visitor+jwt"})
    renewed = session(served, **by(old)).json()
    assert renewed["id"] == "visitor:v1"
    assert session(served, **by(renewed["token"])).json()["id"] == "visitor:v1"


def forged(**claims: Any) -> str:
    return jwt.encode({"sub": "u1", "exp": ago(hours=-1), **claims}, "some-other-secret-of-32-characters")


TOKENS = {
    "expired": lambda: token(exp=ago(minutes=5)),
    "not_yet_valid": lambda: token(nbf=ago(minutes=-5)),
    "bad_signature": forged,
    "bad_algorithm": lambda: token(algorithm="HS512", secret=USERS * 2),
    "missing_claim": lambda: jwt.encode({"sub": "u1"}, USERS),
    "bad_token": lambda: "not.a.token",
}


@pytest.mark.parametrize("reason", TOKENS)
def test_a_wrong_token_is_refused_with_its_reason_at_every_door(served: Served, reason: str) -> None:
    shown = TOKENS[reason]()
    doors = [
        session(served, **by(shown)),
        send(served, shown, type="message", client_id="m-1", text="x"),
        history(served, shown),
        requests.get(f"{served.url}/chat/app/stream", headers=by(shown), timeout=PATIENCE),
        requests.post(f"{served.url}/chat/app/files", b"x", headers=by(shown), timeout=PATIENCE),
    ]
    assert [(done.status_code, done.json()["code"]) for done in doors] == [(401, reason)] * 5
    with Device(served.url, shown) as device:
        device.say("hello", token=shown)
        assert device.closed() == 4401
        assert [frame["code"] for frame in device.frames] == [reason]
    assert served.ask("GET", "/v1/events").json()["events"] == []


@pytest.mark.parametrize(
    "shown",
    [
        lambda: jwt.encode({"sub": "u1", "exp": ago(hours=-1)}, "", algorithm="none"),
        lambda: jwt.encode({"sub": "u1", "aud": "app", "exp": ago(hours=-1)}, USERS, headers={"typ": "visitor+jwt"}),
        lambda: jwt.encode({"sub": "v1", "aud": "app", "exp": ago(hours=-1)}, VISITORS),
        lambda: jwt.encode({"sub": "v1", "aud": "b", "exp": ago(hours=-1)}, VISITORS, headers={"typ": "visitor+jwt"}),
        lambda: token(sub=""),
        lambda: token(sub="x" * 201),
        lambda: token(sub=" u1"),
        lambda: token(sub="u1\n"),
        lambda: token(exp=float("nan")),
        lambda: token(email={"a": 1}),
        lambda: "x" * 10_000,
    ],
)
def test_a_token_of_another_kind_opens_nothing(served: Served, shown: Any) -> None:
    assert session(served, **by(shown())).status_code == 401


def test_a_public_key_admits_whom_its_private_key_signed_and_nobody_who_knows_it(tmp_path: Path) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    settings = {"jwt_secret": None, "jwt_public_key": public.decode(), "audience": "chat", "issuer": "https://app"}
    claims = {"sub": "u1", "exp": ago(hours=-1), "aud": "chat", "iss": "https://app"}
    with chatting(tmp_path, **settings) as served:
        assert session(served, **by(jwt.encode(claims, private, algorithm="RS256"))).status_code == 200
        for reason, other in {"wrong_audience": {"aud": "x"}, "wrong_issuer": {"iss": "x"}}.items():
            refused = session(served, **by(jwt.encode(claims | other, private, algorithm="RS256")))
            assert (refused.status_code, refused.json()["code"]) == (401, reason)
        header = {"typ": "JWT", "alg": "HS256"}
        confused = jwt.api_jws.PyJWS().encode(json.dumps(claims, default=datetime.timestamp).encode(), USERS, "HS256")
        assert jwt.get_unverified_header(confused) == header
        assert session(served, **by(confused)).json()["code"] == "bad_algorithm"


def test_a_token_that_expires_ends_its_socket(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path), heartbeat=0.2) as served:
        shown = token(exp=ago(seconds=30 - 2.0))  # with the leeway
        with Device(served.url, shown) as device:
            device.say("hello", token=shown)
            assert device.closed() == 4401


def test_no_frame_before_hello_is_taken(served: Served) -> None:
    with Device(served.url, "") as device:
        device.say("message", client_id="m-1", text="x")
        assert device.closed() == 4401
    assert served.ask("GET", "/v1/events").json()["events"] == []


def test_a_socket_stays_with_one_person(served: Served) -> None:
    with live(served, token("u1")) as device:
        device.say("hello", token=token("u1", name="Ann"))
        device.until("welcome")
        device.say("hello", token=token("u2"))
        assert device.closed() == 4401
        assert device.frames[-1]["code"] == "other_person"


def test_a_visitor_sees_nothing_of_anothers_conversation(served: Served) -> None:
    ann, eve = visitor(served.url), visitor(served.url)
    with live(served, ann) as device:
        conversation = device.write("a secret", "m-1")["conversation"]
        secret = answer(served, conversation, "another")
        device.until("status", message=secret["id"])
        own = next(iter(device.messages))
    send(served, eve, type="message", client_id="m-1", text="mine")
    for attempt in (
        history(served, eve, conversation=conversation),
        history(served, eve, conversation="0192f000-0000-7000-8000-000000000000"),
        send(served, eve, type="read", ref=secret["id"]),
        send(served, eve, type="received", refs=[secret["id"]]),
        send(served, eve, type="reaction", client_id="r", ref=secret["id"], add=["x"]),
        send(served, eve, type="message", client_id="m-2", text="x", reply_to=secret["id"]),
        send(served, eve, type="message", client_id="m-2", text="x", reply_to=own),
        send(served, eve, type="message", client_id="m-2", text="x", reply_to="c:m-9"),
    ):
        assert (attempt.status_code, attempt.json()["code"]) == (404, "not_found")
    assert [message["text"] for message in history(served, eve).json()["messages"]] == ["mine"]
    assert [message["text"] for message in history(served, ann).json()["messages"]] == ["a secret", "another"]
    deliveries = served.ask("GET", f"/v1/messages/{secret['id']}").json()["deliveries"]
    assert [delivery["status"] for delivery in deliveries] == ["accepted"]


def test_notes_leave_for_nobody(served: Served) -> None:
    with live(served, token()) as device:
        conversation = device.write("Hi", "m-1")["conversation"]
        answer(served, conversation, "she is a difficult one", direction="note")
        answer(served, conversation, "Hello")
        device.until_texts("Hi", "Hello")
    assert [message["text"] for message in history(served, token()).json()["messages"]] == ["Hi", "Hello"]


def test_nobody_comes_in_by_the_door_of_providers(served: Served) -> None:
    body = {"type": "message", "client_id": "m-1", "text": "x", "files": ["0192"]}
    forged = {**by(token()), "files": '[{"id":"0192","media_type":"image/png"}]'}
    refused = requests.post(f"{served.url}/in/app", json=body, headers=forged, timeout=PATIENCE)
    assert refused.status_code == 403
    assert served.ask("GET", "/v1/events").json()["events"] == []


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b'{"type":1}',
        b'{"type":"shout"}',
        b'{"type":"message","client_id":"m-1"}',
        b'{"type":"message","client_id":"m-1","text":"   "}',
        b'{"type":"message","client_id":"a b","text":"x"}',
        b'{"type":"message","client_id":"' + b"x" * 65 + b'","text":"x"}',
        b'{"type":"message","client_id":"m-1","text":"' + b"x" * 20_001 + b'"}',
        b'{"type":"reaction","client_id":"r-1","ref":"c:m-0"}',
        b'{"type":"received","refs":[]}',
        b"[" * 30_000,
        b'{"type":"message","client_id":"m-1","text":"\xff"}',
    ],
)
def test_a_frame_that_says_nothing_is_told_so_and_leaves_nothing(served: Served, frame: bytes) -> None:
    with live(served, token()) as device:
        device.write("first", "m-0")
        newest = served.hub.feed.newest()
        device.socket.send(frame, text=b"\xff" not in frame)
        assert device.until("error")["code"] == "malformed"
        device.say("ping")
        device.until("pong")
    done = requests.post(f"{served.url}/chat/app/send", frame, headers=by(token()), timeout=PATIENCE)
    assert (done.status_code, done.json()["code"]) == (400, "malformed")
    assert served.hub.feed.newest() == newest
    assert served.ask("GET", "/v1/quarantine").json()["quarantine"] == []


def test_a_frame_that_is_too_large_ends_its_socket(served: Served) -> None:
    large = {"type": "message", "client_id": "m-1", "text": "x" * 70_000}
    with live(served, token()) as device:
        device.socket.send(json.dumps(large))
        assert device.closed() == 1009
        assert device.frames[-1]["code"] == "too_large"
    with live(served, token()) as device:
        with suppress(ConnectionClosed):  # where it is cut off in the midst of its sending
            device.socket.send("x" * (2 << 20))
        assert device.closed() in {1009, 1006}  # the answer is lost where the kernel resets the connection first
    assert send(served, token(), **large).status_code == 413


def test_the_emergency_action_is_only_taken_where_it_is_offered(tmp_path: Path) -> None:
    frame = {"type": "message", "client_id": "m-1", "text": "help", "priority": "emergency"}
    with chatting(tmp_path) as served:
        refused = send(served, token(), **frame)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    with chatting(tmp_path, emergency=True) as served:
        ack = send(served, token(), **frame).json()
        found = served.ask("GET", f"/v1/conversations/{ack['conversation']}").json()["conversation"]
        assert found["priority"] == "emergency"


def test_context_is_signed_where_the_token_says_it_and_asserted_else(served: Served) -> None:
    shown = token(context={"order": "A-17"}, name="Ann Lee", locale="de")
    frame = {"type": "message", "client_id": "m-1", "text": "Hi", "context": {"page": "/cart", "order": "B-1"}}
    ack = send(served, shown, **frame).json()
    context = served.ask("GET", f"/v1/messages/{ack['id']}").json()["message"]["context"]
    assert {name: said for name, said in context.items() if said} == {
        "page": {"value": "/cart", "signed": False},
        "order": {"value": "A-17", "signed": True},
    }
