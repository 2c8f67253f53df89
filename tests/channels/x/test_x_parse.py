"""Whose a webhook is, and what becomes of one that is nobody's."""

import msgspec
import pytest
from x_account import SETTINGS, US

from connectors.channels.x.parse import parse
from connectors.channels.x.simulator import Simulator
from connectors.kit.errors import BadPayload
from normalizer.inbound import MessageReceived, Unreadable


def wrapped(kind: str, payload: object, user: str = US) -> bytes:
    told = {"event_uuid": "1", "filter": {"user_id": user}, "event_type": kind, "payload": payload}
    return msgspec.json.encode({"data": told})


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"for_user_id":"333","direct_message_events":[]}',
        b'{"for_user_id":111}',
        wrapped("dm.received", {"direct_message_events": []}, "333"),
        wrapped("dm.received", []),
    ],
)
def test_what_is_not_this_accounts_is_set_aside_whole(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse(body, US)


def test_both_of_xs_apis_tell_the_same_message_alike() -> None:
    older = msgspec.json.decode(Simulator(SETTINGS).message("Hello"))
    payload = {name: older[name] for name in ("direct_message_events", "users")}
    payload["users"] = {
        number: {"data": {"name": user["name"], "username": user["screen_name"]}}
        for number, user in payload["users"].items()
    }
    (first,) = parse(msgspec.json.encode(older), US)
    assert isinstance(first, MessageReceived)
    assert parse(wrapped("dm.received", payload), US) == [first]


def test_names_that_cannot_be_read_keep_no_message_back() -> None:
    told = msgspec.json.decode(Simulator(SETTINGS).message("Hello")) | {"users": [1]}
    (found,) = parse(msgspec.json.encode(told), US)
    assert isinstance(found, MessageReceived)
    assert (found.text, found.peer.person.name) == ("Hello", None)


def test_what_is_nested_too_deeply_to_be_passed_on_is_set_aside() -> None:
    inner: object = "box"
    for _ in range(20):
        inner = [inner]
    body = Simulator(SETTINGS).said({"text": "", "attachment": {"type": "rich", "rich": inner}})
    (found,) = parse(body, US)
    assert isinstance(found, Unreadable)
    assert found.reason == "nested too deeply"
