"""Agents' read receipts: what was seen is told once, only ever grows, and counts for what became one conversation."""

from typing import Any

import pytest

from gateway.store.engine import writing
from tests.api.conftest import Api

NOBODY = "00000000-0000-7000-8000-000000000000"


def said(api: Api, conversation: str) -> list[dict[str, Any]]:
    """The messages of a conversation, oldest first."""
    return list(api.ask("GET", f"/v1/conversations/{conversation}/messages?limit=1000")["messages"])


def read(api: Api, conversation: str, up_to: str) -> int | None:
    """Up to where it was read then."""
    answer = api.ask("POST", f"/v1/conversations/{conversation}/read", json={"up_to": up_to})
    assert answer["conversation"]["id"] == conversation
    found: int | None = answer["conversation"]["read_up_to"]
    return found


def told(api: Api) -> list[tuple[str, int]]:
    return [(one["data"]["message_id"], one["data"]["read_up_to"]) for one in api.events("conversation.read")]


def test_what_an_agent_has_seen_is_told_once_with_who_it_was(api: Api) -> None:
    api.hear("one", "two")
    conversation = api.conversation()
    assert conversation["read_up_to"] is None
    [first, second] = said(api, conversation["id"])
    for _ in range(2):
        assert read(api, conversation["id"], second["id"]) == second["sequence"]
    [event] = api.events("conversation.read")
    assert event["type"] == "onethread.conversation.read.v1"
    assert (event["source"], event["subject"]) == (f"/conversations/{conversation['id']}", conversation["id"])
    assert event["data"] == {
        "conversation_id": conversation["id"],
        "message_id": second["id"],
        "read_up_to": second["sequence"],
        "author": {"kind": "agent", "ref": None, "name": "tests"},
    }
    assert read(api, conversation["id"], first["id"]) == second["sequence"]
    assert len(told(api)) == 1


def test_it_grows_with_what_is_written(api: Api) -> None:
    api.hear("one")
    conversation = api.conversation()["id"]
    [first] = said(api, conversation)
    read(api, conversation, first["id"])
    api.hear("two", first=2)
    [_, second] = said(api, conversation)
    read(api, conversation, second["id"])
    assert told(api) == [(first["id"], first["sequence"]), (second["id"], second["sequence"])]
    sequences = [one["sequence"] for one in api.events() if one["source"] == f"/conversations/{conversation}"]
    assert [int(sequence) for sequence in sequences] == list(range(1, len(sequences) + 1))


def test_a_message_of_ours_stands_for_what_the_customer_wrote_before_it(api: Api) -> None:
    api.hear("one")
    conversation = api.conversation()["id"]
    body = {"conversation_id": conversation, "text": "ours"}
    ours = api.ask("POST", "/v1/messages", json=body, status=202)["message"]
    api.hear("two", first=2)
    first = said(api, conversation)[0]
    assert read(api, conversation, ours["id"]) == first["sequence"]
    assert told(api) == [(first["id"], first["sequence"])]


def test_where_the_customer_wrote_nothing_there_is_nothing_to_have_seen(api: Api) -> None:
    body = {"to": {"connector": "perch", "address": "ann"}, "text": "hello?"}
    ours = api.ask("POST", "/v1/messages", json=body, status=202)["message"]
    assert read(api, ours["conversation_id"], ours["id"]) is None
    assert told(api) == []


def test_what_became_one_conversation_is_read_together(api: Api) -> None:
    for sender in ("ann", "bea", "cid"):
        api.hear(f"of {sender}", sender=sender)
    contacts = [one["data"]["contact"]["id"] for one in api.events("message.received")]
    messages = [one["data"]["message"] for one in api.events("message.received")]
    for other in contacts[1:]:
        api.ask("POST", f"/v1/contacts/{contacts[0]}/merge", json={"contact_id": other})
    api.hear("after", first=2)
    survivor = messages[0]["conversation_id"]
    after = said(api, survivor)[-1]
    part = messages[1]["conversation_id"]
    answer = api.ask("POST", f"/v1/conversations/{part}/read", json={"up_to": messages[1]["id"]})
    assert answer["conversation"]["id"] == survivor
    read(api, survivor, after["id"])
    assert [id_ for id_, _ in told(api)] == [messages[1]["id"], messages[2]["id"], after["id"]]


def test_what_was_written_later_elsewhere_is_not_read_by_it(api: Api) -> None:
    api.hear("of ann", sender="ann")
    api.hear("of bea", sender="bea")
    [ann, bea] = api.events("message.received")
    contacts = [one["data"]["contact"]["id"] for one in (ann, bea)]
    api.ask("POST", f"/v1/contacts/{contacts[0]}/merge", json={"contact_id": contacts[1]})
    read(api, ann["data"]["message"]["conversation_id"], ann["data"]["message"]["id"])
    assert [id_ for id_, _ in told(api)] == [ann["data"]["message"]["id"]]


def test_the_command_does_the_same(api: Api) -> None:
    api.hear("one")
    conversation = api.conversation()["id"]
    [first] = said(api, conversation)
    body = {"type": "conversation.read", "conversation_id": conversation, "up_to": first["id"]}
    for _ in range(2):
        done = api.ask("POST", "/v1/commands", json=body, status=202)
        assert done == {"accepted": True, "delivery": None}
    assert told(api) == [(first["id"], first["sequence"])]


def test_what_cannot_have_been_read_is_refused(api: Api) -> None:
    api.hear("of ann", sender="ann")
    api.hear("of bea", sender="bea")
    [ann, bea] = [one["data"]["message"] for one in api.events("message.received")]
    path = f"/v1/conversations/{ann['conversation_id']}/read"
    api.refuse("POST", path, 404, "not_found", json={"up_to": NOBODY})
    api.refuse("POST", f"/v1/conversations/{NOBODY}/read", 404, "not_found", json={"up_to": ann["id"]})
    api.refuse("POST", path, 422, "invalid_reference", json={"up_to": bea["id"]})
    api.refuse("POST", path, 422, "invalid", json={})
    assert told(api) == []


@pytest.mark.engine("sqlite")
def test_the_mark_is_found_through_the_settled_history(api: Api) -> None:
    api.hear(*(f"{n}" for n in range(5)))
    conversation = api.conversation()["id"]
    with writing(api.hub.engine) as connection:
        connection.exec_driver_sql("INSERT INTO history SELECT conversation, sequence, position FROM history_tail")
        connection.exec_driver_sql("DELETE FROM history_tail")
    api.hear("5", first=6)
    messages = said(api, conversation)
    for message in (messages[3], messages[5], messages[4]):
        read(api, conversation, message["id"])
    assert told(api) == [(one["id"], one["sequence"]) for one in (messages[3], messages[5])]
