"""Contacts over the API: changed, merged and parted, and an address proven by a code."""

import re
from time import monotonic, sleep
from typing import Any

import pytest

from gateway.store.engine import writing
from tests.api.conftest import Api

NOBODY = "00000000-0000-7000-8000-000000000000"


def contacts(api: Api, *senders: str) -> list[str]:
    """Each of them writes; the ids of their contacts."""
    found = []
    for sender in senders:
        api.hear(f"hello from {sender}", sender=sender)
        found.append(api.conversation()["contact_id"])
    return found


def texts(api: Api, contact: str) -> list[str]:
    return [message["text"] for message in api.ask("GET", f"/v1/contacts/{contact}/timeline")["messages"]]


def addresses(answer: dict[str, Any]) -> list[str]:
    return [identity["value"] for identity in answer["identities"]]


def test_a_contact_is_changed_once_and_says_so(api: Api) -> None:
    [ann] = contacts(api, "ann")
    wanted = {
        "name": "Ann Byrd",
        "tags": ["gold", "gold", "north"],
        "vip": True,
        "preferred_channels": ["cage"],
        "attributes": {"size": "m"},
        "external_id": "user-7",
        "locale": "de-AT",
    }
    changed = api.ask("PATCH", f"/v1/contacts/{ann}", json=wanted)["contact"]
    assert changed == changed | wanted | {"tags": ["gold", "north"]}
    assert api.ask("PATCH", f"/v1/contacts/{ann}", json=wanted)["contact"] == changed
    [told] = api.events("contact.updated")
    assert told["data"]["contact"] == {"id": ann, "name": "Ann Byrd", "tags": ["gold", "north"]}
    api.hear("again", first=2)
    assert api.events("message.received")[-1]["data"]["contact"]["name"] == "Ann Byrd"
    assert api.ask("PATCH", f"/v1/contacts/{ann}", json={"name": None})["contact"]["name"] is None


@pytest.mark.parametrize("wanted", [{"nmae": "Ann"}, {"vip": None}, {"tags": "gold"}, {"name": "x" * 501}])
def test_a_change_that_cannot_be_is_refused(api: Api, wanted: dict[str, Any]) -> None:
    [ann] = contacts(api, "ann")
    api.refuse("PATCH", f"/v1/contacts/{ann}", 422, "invalid", json=wanted)
    api.refuse("PATCH", f"/v1/contacts/{NOBODY}", 404, "not_found", json={})


def test_contacts_are_merged_and_parted_again(api: Api) -> None:
    ann, bob = contacts(api, "ann", "bob")
    merged = api.ask("POST", f"/v1/contacts/{bob}/merge", json={"contact_id": ann, "why": "same hat"})
    assert merged["contact"]["id"] == ann
    assert addresses(merged) == ["ann", "bob"]
    assert len({route["conversation_id"] for route in merged["routes"]}) == 1 < len(merged["routes"])
    assert texts(api, ann) == ["hello from ann", "hello from bob"]
    pointer = api.ask("GET", f"/v1/contacts/{bob}")
    assert (pointer["contact"]["merged_into"], pointer["identities"], pointer["routes"]) == (ann, [], [])
    listed = api.ask("GET", f"/v1/conversations?contact={ann}")["conversations"]
    assert [(one["number"], one["state"]) for one in listed] == [(2, "closed"), (1, "open")]
    assert api.ask("POST", f"/v1/contacts/{ann}/merge", json={"contact_id": bob}) == merged
    parted = api.ask("POST", f"/v1/contacts/{bob}/unmerge", json={})
    assert (parted["contact"]["id"], parted["contact"]["merged_into"], addresses(parted)) == (bob, None, ["bob"])
    assert api.ask("POST", f"/v1/contacts/{bob}/unmerge", json={}) == parted
    assert [(event["data"]["why"], event["subject"]) for event in api.events("contact.merged,contact.unmerged")] == [
        ("same hat", ann),
        ("unmerged by tests", ann),
    ]
    assert texts(api, ann) == ["hello from ann"]


def test_what_is_said_to_a_merged_conversation_or_contact_reaches_the_one_that_stayed(api: Api) -> None:
    ann, bob = contacts(api, "ann", "bob")
    conversation = api.conversation()["id"]
    api.ask("POST", f"/v1/contacts/{bob}/merge", json={"contact_id": ann})
    for target in ({"conversation_id": conversation}, {"contact_id": bob}):
        message = api.ask("POST", "/v1/messages", status=202, json={"text": "hi", **target})["message"]
        assert api.ask("GET", f"/v1/conversations/{message['conversation_id']}")["conversation"]["number"] == 1
    api.refuse("PATCH", f"/v1/conversations/{conversation}", 409, "conflict", json={"state": "open"})
    changed = api.ask("PATCH", f"/v1/contacts/{bob}", json={"name": "Ann"})
    assert (changed["contact"]["id"], changed["contact"]["name"]) == (ann, "Ann")


def test_whose_an_address_is(api: Api) -> None:
    [ann] = contacts(api, "ann")
    found = api.ask("GET", "/v1/contacts?connector=perch&address=ann")["contacts"]
    assert [contact["id"] for contact in found] == [ann]
    assert api.ask("GET", "/v1/contacts?connector=perch&address=bob")["contacts"] == []
    assert api.ask("GET", "/v1/contacts?connector=attic&address=ann")["contacts"] == []
    api.refuse("GET", "/v1/contacts?connector=nowhere&address=ann", 422, "invalid")
    api.refuse("GET", "/v1/contacts?connector=perch", 422, "invalid")


def test_nobody_merges_with_nobody(api: Api) -> None:
    [ann] = contacts(api, "ann")
    api.refuse("POST", f"/v1/contacts/{ann}/merge", 404, "not_found", json={"contact_id": NOBODY})
    api.refuse("POST", f"/v1/contacts/{NOBODY}/merge", 404, "not_found", json={"contact_id": ann})
    api.refuse("POST", f"/v1/contacts/{NOBODY}/unmerge", 404, "not_found", json={})
    api.refuse("POST", f"/v1/contacts/{ann}/merge", 422, "invalid", json={"contact_id": "ann"})


def code_sent(api: Api) -> str:
    """The code that left by the perch, once it did."""
    for _ in range(500):
        codes = [found[0] for one in api.parrot.told if (found := re.findall(r"\b[0-9]{6}\b", one.payload.text))]
        if codes:
            return str(codes[-1])
        api.hub.writer.submit(_nothing, None).result(5)
    raise AssertionError("no code left")


def _nothing(_: Any, items: Any) -> list[None]:
    return [None for _ in items]


def test_an_address_is_proven_by_the_code_it_got(api: Api) -> None:
    ann, _ = contacts(api, "ann", "bob")
    wanted = {"address": "bob", "connector": "perch"}
    once = {"Idempotency-Key": "once"}
    path = f"/v1/contacts/{ann}/links"
    link = api.ask("POST", path, status=202, json=wanted, headers=once)["link"]
    assert api.ask("POST", path, status=202, json=wanted, headers=once)["link"] == link
    assert (link["state"], link["contact_id"], link["address"]) == ("pending", ann, "bob")
    code = code_sent(api)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    api.refuse("POST", f"{path}/{link['id']}/confirm", 422, "wrong_code", json={"code": wrong})
    api.refuse("POST", f"{path}/{link['id']}/confirm", 422, "invalid", json={"code": "one two"})
    api.refuse("POST", f"{path}/nothing/confirm", 404, "not_found", json={"code": code})
    passed = api.ask("POST", f"{path}/{link['id']}/confirm", json={"code": f"{code[:3]}-{code[3:]}"})["link"]
    assert passed == link | {"state": "passed", "attempts_left": 4}
    answer = api.ask("GET", f"/v1/contacts/{ann}")
    assert addresses(answer) == ["ann", "bob"]
    assert [identity["proof"] for identity in answer["identities"]] == ["channel", "verified"]
    assert [event["type"].split(".")[2] for event in api.events("verification.*")] == ["requested", "passed"]
    assert code not in " ".join(texts(api, ann))


def test_a_code_that_nobody_returns_expires_by_itself(api: Api) -> None:
    ann, _ = contacts(api, "ann", "bob")
    api.ask("POST", f"/v1/contacts/{ann}/links", status=202, json={"address": "bob", "connector": "perch"})
    with writing(api.hub.engine) as connection:
        connection.exec_driver_sql("UPDATE verifications SET expires_at = 1")
        connection.exec_driver_sql("UPDATE timers SET due_at = 1 WHERE kind = 'verification'")
    give_up = monotonic() + 10
    while not (failed := api.events("verification.failed")):
        assert monotonic() < give_up
        sleep(0.05)
    assert [(event["data"]["why"], event["data"]["link"]["state"]) for event in failed] == [("expired", "expired")]


def test_too_many_codes_are_put_off(api: Api) -> None:
    ann, _ = contacts(api, "ann", "bob")
    for _ in range(3):
        api.ask("POST", f"/v1/contacts/{ann}/links", status=202, json={"address": "bob", "connector": "perch"})
    wanted = {"address": "bob", "connector": "perch"}
    api.refuse("POST", f"/v1/contacts/{ann}/links", 429, "rate_limited", json=wanted)


def test_people_are_arranged_by_commands_too(api: Api) -> None:
    ann, bob = contacts(api, "ann", "bob")
    commands: list[dict[str, Any]] = [
        {"type": "contact.update", "contact_id": ann, "change": {"vip": True}},
        {"type": "contact.merge", "contact_id": bob, "other_id": ann},
        {"type": "contact.unmerge", "contact_id": bob},
        {"type": "verification.request", "contact_id": ann, "address": "bob", "connector": "perch"},
    ]
    for command in commands:
        assert api.ask("POST", "/v1/commands", status=202, json=command) == {"accepted": True, "delivery": None}
    assert [event["type"].removeprefix("onethread.") for event in api.events("contact.*,verification.*")][2:] == [
        "contact.updated.v1",
        "contact.merged.v1",
        "contact.unmerged.v1",
        "verification.requested.v1",
    ]
    api.refuse("POST", "/v1/commands", 404, "not_found", json=commands[1] | {"other_id": NOBODY})
