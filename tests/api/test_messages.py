"""Sending over the API, looking up what became of it, and what is refused."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.keys import UNNAMED, Scope, create_key
from normalizer.commands import MAX_ACTIONS, MAX_PARTS, MAX_TEXT
from tests.api.conftest import Api


def send(api: Api, key: str | None = None, **command: Any) -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    return api.ask("POST", "/v1/messages", json=command, status=202, headers=headers)["message"]


def until_accepted(api: Api, message_id: str) -> dict[str, Any]:
    ends = time.monotonic() + 10
    while True:
        answer = api.ask("GET", f"/v1/messages/{message_id}")
        if answer["deliveries"][0]["status"] == "accepted":
            return answer
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_message_to_a_conversation_is_recorded_sent_and_its_outcome_shown(api: Api) -> None:
    api.hear("hello")
    conversation = api.conversation()
    message = send(api, conversation_id=conversation["id"], text="good day")
    assert (message["text"], message["direction"], message["conversation_id"]) == (
        "good day",
        "out",
        conversation["id"],
    )
    assert message["author"] == {"kind": "agent", "ref": None, "name": "tests"}
    answer = until_accepted(api, message["id"])
    assert answer["message"]["text"] == "good day"
    assert [delivery["kind"] for delivery in answer["deliveries"]] == ["message"]
    assert [told.payload.text for told in api.parrot.told] == ["good day"]


def test_a_message_to_an_address_opens_its_conversation(api: Api) -> None:
    message = send(api, to={"connector": "perch", "address": "zoe"}, text="are you there?")
    until_accepted(api, message["id"])
    assert api.conversation()["id"] == message["conversation_id"]
    assert api.parrot.told[0].address.value == "zoe"


def test_a_note_stays_in_the_house(api: Api) -> None:
    api.hear("hello")
    message = send(api, conversation_id=api.conversation()["id"], text="be kind", direction="note")
    assert api.ask("GET", f"/v1/messages/{message['id']}")["deliveries"] == []


def test_the_same_key_gets_the_first_answer_also_at_once(api: Api) -> None:
    api.hear("hello")
    conversation = api.conversation()["id"]
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: send(api, "k1", conversation_id=conversation, text="once")["id"], range(16)))
    assert len(set(sent)) == 1
    assert len(api.events("message.created")) == 1


def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    api.hear("hello")
    conversation = api.conversation()["id"]
    send(api, "k1", conversation_id=conversation, text="one")
    body = {"conversation_id": conversation, "text": "two"}
    api.refuse("POST", "/v1/messages", 422, "idempotency_mismatch", json=body, headers={"Idempotency-Key": "k1"})


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "näh"])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    headers = {"Idempotency-Key": key}
    problem = api.refuse("POST", "/v1/messages", 422, "invalid", json={"text": "x"}, headers=headers)
    assert problem["errors"][0]["path"] == "Idempotency-Key"


DEEP = b'{"a":' * 5000
PRESS = {"type": "reply", "label": "y"}
HERE = {"to": {"connector": "perch", "address": "ann"}}


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({**HERE, "text": ""}, "content_unsupported"),
        ({**HERE, "text": " \n"}, "content_unsupported"),
        ({**HERE, "text": "x" * (MAX_TEXT + 1)}, "content_unsupported"),
        ({**HERE, "parts": [{"type": "text", "text": "x"}] * (MAX_PARTS + 1)}, "content_unsupported"),
        (
            {**HERE, "text": "x", "actions": [PRESS] * (MAX_ACTIONS + 1)},
            "content_unsupported",
        ),
        ({**HERE, "text": "x\0"}, "content_unsupported"),
        ({"to": {"connector": "perch", "address": ""}, "text": "x"}, "invalid_address"),
        ({"text": "to nobody"}, "invalid_target"),
        ({**HERE, "text": "x", "expires_at": "2020-01-01T00:00:00Z"}, "expired"),
        ({**HERE, "text": "x", "author": {"kind": "contact"}}, "invalid"),
    ],
)
def test_what_no_channel_could_send_is_refused_by_its_code(api: Api, command: dict[str, Any], code: str) -> None:
    api.refuse("POST", "/v1/messages", 422, code, json=command)
    assert api.events("message.*") == []


def test_the_name_of_a_key_that_nobody_named_is_not_shown_to_customers(api: Api) -> None:
    api.hear("hello")
    key, _ = create_key(api.hub.engine, UNNAMED, [Scope.WRITE])
    body = {"conversation_id": api.conversation()["id"], "text": "hi"}
    sent = api.ask("POST", "/v1/messages", status=202, json=body, headers={"Authorization": f"Bearer {key}"})
    assert sent["message"]["author"] == {"kind": "agent", "ref": None, "name": None}


@pytest.mark.parametrize(
    ("body", "kind", "status", "code", "path"),
    [
        (b"{", "application/json", 400, "malformed", None),
        (b"", "application/json", 400, "malformed", None),
        (b"\xff\xfe", "application/json", 400, "malformed", None),
        (b'{"parts":[{"type":"native","kind":"x","data":' + DEEP, "application/json", 400, "malformed", None),
        (b"[]", "application/json", 422, "invalid", ""),
        (b'{"txt": "x"}', "application/json", 422, "invalid", ""),
        (b'{"text": 7}', "application/json", 422, "invalid", "text"),
        (b'{"parts": [{"type": "media"}]}', "application/json", 422, "invalid", "parts[0]"),
        (b'{"expires_at": "2026-11-01T12:00:00"}', "application/json", 422, "invalid", "expires_at"),
        (b'{"client_ref": ""}', "application/json", 422, "invalid", "client_ref"),
        (b'{"conversation_id": "", "text": "hi"}', "application/json", 422, "invalid", "conversation_id"),
        (b'{"contact_id": "", "text": "hi"}', "application/json", 422, "invalid", "contact_id"),
        (b"text=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type", None),
        (b'{"text":"x"}', "text/plain", 415, "unsupported_media_type", None),
        (b'"' + b"x" * (2 << 20) + b'"', "application/json", 413, "too_large", None),
    ],
)
def test_a_body_that_cannot_be_read_says_where(
    api: Api, body: bytes, kind: str, status: int, code: str, path: str | None
) -> None:
    problem = api.refuse("POST", "/v1/messages", status, code, data=body, content_type=kind)
    assert [wrong["path"] for wrong in problem.get("errors", [])] == ([] if path is None else [path])


def test_a_message_nobody_knows_is_not_found(api: Api) -> None:
    api.refuse("GET", "/v1/messages/00000000-0000-7000-8000-000000000000", 404, "not_found")


def test_rendering_shows_what_each_route_would_receive_and_sends_nothing(api: Api) -> None:
    api.hear("hello")
    command = {"conversation_id": api.conversation()["id"], "text": "word " * 12}
    [preview] = api.ask("POST", "/v1/render", json=command)["previews"]
    assert (preview["connector"], preview["channel"]) == ("perch", "cage")
    assert [payload["text"].strip() for payload in preview["payloads"]] == [
        ("word " * 8).strip(),
        ("word " * 4).strip(),
    ]
    everywhere = api.ask("POST", "/v1/render", json={"text": "hello"})["previews"]
    assert [preview["connector"] for preview in everywhere] == ["perch", "attic"]
    assert api.parrot.told == []


@pytest.mark.parametrize(
    ("command", "code", "detail"),
    [
        (
            {"conversation_id": "c", "contact_id": "c"},
            "invalid_target",
            "name at most one of conversation_id, contact_id and to",
        ),
        ({"to": {"connector": "nobody", "address": "zoe"}}, "no_route", "there is no connector 'nobody'"),
        ({"to": {"connector": "perch", "address": " "}}, "invalid_address", "to.address: empty"),
        ({"text": "\0"}, "invalid", "text: a NUL character cannot be sent"),
    ],
)
def test_rendering_for_whom_nothing_can_reach_is_refused(
    api: Api, command: dict[str, Any], code: str, detail: str
) -> None:
    problem = api.refuse("POST", "/v1/render", 422, code, json={"text": "hello", **command})
    assert problem["detail"] == detail


def test_rendering_is_bounded_like_sending(api: Api) -> None:
    problem = api.refuse("POST", "/v1/render", 422, "invalid", json={"text": "x" * (MAX_TEXT + 1)})
    assert problem["errors"][0]["path"] == "text"
    missing = {"conversation_id": "00000000-0000-7000-8000-000000000000", "text": "x"}
    api.refuse("POST", "/v1/render", 404, "not_found", json=missing)


def command(api: Api, **asked: Any) -> dict[str, Any]:
    return api.ask("POST", "/v1/commands", json=asked, status=202)


def test_a_message_of_ours_is_edited_and_reacted_to(api: Api) -> None:
    api.hear("hello")
    sent = until_accepted(api, send(api, conversation_id=api.conversation()["id"], text="god day")["id"])["message"]
    done = command(api, type="message.edit", message_id=sent["id"], text="good day")
    assert (done["accepted"], done["delivery"]["kind"]) == (True, "edit")
    heard = api.events("message.received")[0]["subject"]
    assert command(api, type="reaction.set", message_id=heard, reaction="👍")["delivery"]["kind"] == "reaction"
    assert api.ask("GET", f"/v1/messages/{sent['id']}")["message"]["text"] == "good day"


def test_typing_is_shown_at_once_and_kept_nowhere(api: Api) -> None:
    api.hear("hello")
    before = len(api.events())
    assert command(api, type="typing.set", conversation_id=api.conversation()["id"]) == {
        "accepted": True,
        "delivery": None,
    }
    assert [address.value for address, _ in api.parrot.typed] == ["ann"]
    assert len(api.events()) == before


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"type": "message.edit", "message_id": "nobody", "text": "x"}, 404, "not_found"),
        ({"type": "typing.set", "conversation_id": "nobody"}, 404, "not_found"),
        ({"type": "message.burn", "message_id": "x"}, 422, "invalid"),
        ({"message_id": "x", "text": "y"}, 422, "invalid"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(api: Api, asked: dict[str, Any], status: int, code: str) -> None:
    api.refuse("POST", "/v1/commands", status, code, json=asked)
