"""What operators see: connectors, quarantine, and the descriptions of the API."""

from base64 import b64decode
from typing import Any

import jsonschema
import pytest

from gateway.store.transaction import Transaction
from normalizer.parts import SpanKind
from tests.api.conftest import Api
from tests.web.parrot import SIGNATURE, signed


def test_connectors_are_listed_with_their_address_and_ability(api: Api) -> None:
    [attic, perch] = api.ask("GET", "/v1/connectors")["connectors"]
    assert attic["name"] == "attic"
    assert {name: perch[name] for name in perch if name != "capability"} == {
        "name": "perch",
        "plugin": "parrot",
        "channel": "cage",
        "inbox": "main",
        "state": "up",
        "reason": None,
        "remedy": None,
        "paused_until": None,
        "polling": None,
        "webhook_url": "https://hub.example.com/in/perch",
    }
    assert perch["capability"]["text"]["most"] == 40
    assert perch["capability"]["spans"] == sorted(SpanKind)


@pytest.mark.parametrize(
    ("seconds", "told", "failures", "state", "reason", "remedy"),
    [
        (60, "up", 0, "paused", "too fast", "it goes on by itself"),
        (60, "down", 0, "down", "too fast", "onethread connectors check perch"),
        (60, "degraded", 5, "degraded", "too fast", "one message at a time is tried"),
        (60, "down", 8, "down", "too fast", "one message at a time is tried"),
        (-60, "up", 0, "up", None, None),
        (-60, "down", 0, "down", "too fast", "onethread connectors check perch"),
    ],
)
def test_a_lane_that_stands_still_says_why_and_what_to_do(
    api: Api, seconds: int, told: str, failures: int, state: str, reason: str | None, remedy: str | None
) -> None:
    def apply(transaction: Transaction, items: Any) -> list[None]:
        until = transaction.now_us + seconds * 1_000_000
        transaction.change("DELETE FROM lanes WHERE connector_id = 'perch'")
        transaction.change(
            "INSERT INTO lanes (connector_id, owner, fence, lease_until, paused_until, paused_why, state, failures)"
            " VALUES ('perch', 'another', 99, ?, ?, 'too fast', ?, ?)",
            transaction.now_us + 3600 * 1_000_000,
            until,
            told,
            failures,
        )
        return [None] * len(items)

    api.hub.writer.submit(apply, None).result(10)
    perch = api.ask("GET", "/v1/connectors")["connectors"][1]
    assert (perch["state"], perch["reason"], bool(perch["paused_until"])) == (state, reason, seconds > 0)
    assert (remedy is None) == (perch["remedy"] is None)
    assert (remedy or "") in (perch["remedy"] or "")


def quarantine(api: Api, body: bytes) -> None:
    headers = signed(body) | {"Authorization": "Basic c2VjcmV0", "User-Agent": "parrot"}
    assert api.client.post("/in/perch", data=body, headers=headers).status_code == 200


def test_the_quarantine_is_listed_newest_first_page_by_page(api: Api) -> None:
    for n in range(5):
        quarantine(api, f"squawk {n}".encode())
    first = api.ask("GET", "/v1/quarantine?limit=3&connector=perch&state=open")
    rest = api.ask("GET", f"/v1/quarantine?limit=3&connector=perch&state=open&cursor={first['next']}")
    items = first["quarantine"] + rest["quarantine"]
    assert [item["id"] for item in items] == sorted((item["id"] for item in items), reverse=True)
    assert (len(items), rest["next"]) == (5, None)
    assert {(item["connector"], item["state"], item["size"]) for item in items} == {("perch", "open", 8)}
    assert api.ask("GET", "/v1/quarantine?connector=attic")["quarantine"] == []
    assert api.ask("GET", "/v1/quarantine?state=replayed")["quarantine"] == []
    assert api.ask("GET", "/v1/quarantine?state=opne", status=422)["code"] == "invalid"


def test_an_item_is_shown_with_its_raw_request_and_no_secret(api: Api) -> None:
    quarantine(api, b"squawk")
    [item] = api.ask("GET", "/v1/quarantine")["quarantine"]
    answer = api.ask("GET", f"/v1/quarantine/{item['id']}")
    assert answer["quarantined"] == item
    assert b64decode(answer["slice"]) == b64decode(answer["raw"]["body"]) == b"squawk"
    assert (answer["raw"]["method"], answer["raw"]["url"]) == ("POST", "https://hub.example.com/in/perch")
    headers = answer["raw"]["headers"]
    assert (headers["user-agent"], headers["authorization"], headers[SIGNATURE]) == ("parrot", "***", "***")


def test_an_item_is_replayed_and_says_what_became_of_it(api: Api) -> None:
    quarantine(api, b"squawk")
    [item] = api.ask("GET", "/v1/quarantine")["quarantine"]
    answer = api.ask("POST", f"/v1/quarantine/{item['id']}/replay")
    assert (answer["state"], answer["recorded"]) == ("open", 0)
    assert answer["still"]


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("POST", "/replay")])
def test_an_item_nobody_knows_is_not_found(api: Api, method: str, end: str) -> None:
    api.refuse(method, f"/v1/quarantine/00000000-0000-7000-8000-000000000000{end}", 404, "not_found")


def test_every_event_in_the_feed_fits_its_published_schema(api: Api) -> None:
    api.hear("hello")
    api.ask("PATCH", f"/v1/conversations/{api.conversation()['id']}", json={"state": "closed"})
    schemas = api.client.get("/v1/schemas/events").get_json()["events"]
    events = api.events()
    assert len({event["type"] for event in events}) >= 5
    for event in events:
        short = event["type"].removeprefix("onethread.").removesuffix(".v1")
        jsonschema.validate(event, schemas[short], cls=jsonschema.Draft202012Validator)
