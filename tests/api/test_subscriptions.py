"""Subscriptions over the API: made, looked at, changed, paused, moved, parked conversations, replays, ended."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from connectors.kit.secret import Secret
from gateway.keys import Scope
from gateway.relay.changing import Change, Made, Placed, change
from gateway.relay.subscription import Origin
from gateway.settings.sealing import Seal
from gateway.settings.subscribing import SubscriptionEntry
from tests.api.conftest import Api
from tests.api.test_openapi import schema_of
from tests.relay.receiver import SECRET, Receiver, says
from tests.web.parrot import bearer

NOBODY = "00000000-0000-7000-8000-000000000000"
CRM = {"name": "crm", "webhook": "https://crm.example.com/hook", "secret": SECRET, "cursor_every": 0}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A subscriber in a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    receiver = Receiver()
    asyncio.run_coroutine_threadsafe(receiver.__aenter__(), loop).result(10)
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(receiver.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def until(condition: Any) -> Any:
    deadline = threading.Event()
    for _ in range(2000):
        if found := condition():
            return found
        deadline.wait(0.01)
    raise AssertionError("it did not come to that")


def operate(api: Api, wanted: Change) -> None:
    result = api.hub.writer.submit(change, wanted).result(10)
    assert not isinstance(result, Exception)


def subscribe(api: Api, url: str, **more: Any) -> None:
    """To a receiver on this machine, as only an operator may."""
    entry = SubscriptionEntry(webhook=url, secret=Secret(SECRET), cursor_every=0.0, **more)
    operate(api, Made("crm", entry, trusted=True, seal=Seal()))
    until(lambda: api.hub.relays.standing("crm"))


def one(api: Api, name: str = "crm") -> dict[str, Any]:
    return dict(api.ask("GET", f"/v1/subscriptions/{name}")["subscription"])


def test_a_webhook_is_made_and_shown_without_its_secret(api: Api) -> None:
    made = api.ask("POST", "/v1/subscriptions", status=201, json={**CRM, "types": ["message.*"], "commands": True})
    assert made["secret"] is None
    found = made["subscription"]
    assert found == one(api) == api.ask("GET", "/v1/subscriptions")["subscriptions"][0]
    assert {key: found[key] for key in ("name", "origin", "state", "webhook", "types", "commands", "queue")} == {
        "name": "crm",
        "origin": "api",
        "state": "active",
        "webhook": "https://crm.example.com/hook",
        "types": ["message.*"],
        "commands": ["read", "write"],
        "queue": None,
    }
    assert SECRET not in str(found)
    jsonschema.validate(made, schema_of("/v1/subscriptions", "post", 201), cls=jsonschema.Draft202012Validator)


def test_where_no_secret_is_given_one_is_made_and_told_once(api: Api) -> None:
    body = {name: value for name, value in CRM.items() if name != "secret"}
    made = api.ask("POST", "/v1/subscriptions", status=201, json=body)
    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in str(one(api)) + str(api.ask("GET", "/v1/subscriptions"))


def test_a_queue_is_named_after_its_subscription(api: Api) -> None:
    found = api.ask("POST", "/v1/subscriptions", status=201, json={"name": "archive", "queue": True})["subscription"]
    assert (found["queue"], found["webhook"]) == ("onethread.q.archive", None)


@pytest.mark.parametrize(
    ("more", "path", "told"),
    [
        ({"name": "Crm"}, "name", "Expected `str` matching regex"),
        ({"webhook": "ftp://x"}, "webhook", "expected an http or https URL"),
        ({"webhook": "http://127.0.0.1:9/hook"}, "webhook", "127.0.0.1 is not a public address"),
        ({"webhook": "http://10.1.2.3/hook"}, "webhook", "10.1.2.3 is not a public address"),
        ({"webhook": "http://[::1]/hook"}, "webhook", "::1 is not a public address"),
        ({"secret": "hunter22"}, "secret", "expected whsec_ and 24 to 64 octets"),
        ({"types": ["mesage.*"]}, "types[0]", "there is no such event type"),
        ({"connectors": ["perhc"]}, "connectors[0]", "there is no connector 'perhc'"),
        ({"inboxes": ["mian"]}, "inboxes[0]", "there is no inbox 'mian'; did you mean 'main'?"),
        ({"queue": True}, "", "expected either `queue: true` or a `webhook`"),
        ({"retries": [-1]}, "retries[0]", "Expected `float` >= 0"),
        ({"timeout": 601}, "timeout", "Expected `float` <= 600"),
        ({"commands": ["everything"]}, "commands[0]", "Invalid enum value"),
        ({"webhok": "x"}, "", "unknown field"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(api: Api, more: dict[str, Any], path: str, told: str) -> None:
    problem = api.refuse("POST", "/v1/subscriptions", 422, "invalid", json=CRM | more)
    [wrong] = problem["errors"]
    assert wrong["path"] == path
    assert told in wrong["message"]
    assert "hunter22" not in str(problem)
    assert api.ask("GET", "/v1/subscriptions")["subscriptions"] == []


def test_a_name_goes_to_one_subscription_only(api: Api) -> None:
    api.ask("POST", "/v1/subscriptions", status=201, json=CRM)
    api.refuse("POST", "/v1/subscriptions", 409, "conflict", json=CRM)


def test_only_keys_of_an_admin_see_and_change_subscriptions(api: Api) -> None:
    key = bearer(api.hub, Scope.READ, Scope.WRITE)
    for method, path in [
        ("GET", "/v1/subscriptions"),
        ("POST", "/v1/subscriptions"),
        ("DELETE", "/v1/subscriptions/x"),
    ]:
        api.refuse(method, path, 403, "forbidden", headers=key, json=CRM)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"state": "paused"}),
        ("DELETE", "", None),
        ("GET", "/parked", None),
        ("POST", "/parked/resume", {}),
        ("POST", "/parked/skip", {"partition": "a", "position": "1"}),
        ("GET", "/replays", None),
        ("POST", "/replay", {"after": "0"}),
        ("DELETE", f"/replays/{NOBODY}", None),
    ],
)
def test_one_that_is_not_there_is_not_found(api: Api, method: str, path: str, body: Any) -> None:
    api.refuse(method, f"/v1/subscriptions/nobody{path}", 404, "not_found", json=body)


def test_what_is_changed_stays_and_the_rest_too(api: Api) -> None:
    api.ask("POST", "/v1/subscriptions", status=201, json=CRM)
    before = one(api)
    changed = api.ask("PATCH", "/v1/subscriptions/crm", json={"types": ["delivery.updated"], "retries": [1, 2]})
    assert changed["subscription"] == {**before, "types": ["delivery.updated"], "retries": [1.0, 2.0]}
    problem = api.refuse("PATCH", "/v1/subscriptions/crm", 422, "invalid", json={"webhook": "http://127.0.0.1/x"})
    assert problem["errors"][0]["path"] == "webhook"
    to_queue = api.ask("PATCH", "/v1/subscriptions/crm", json={"webhook": None, "queue": True})["subscription"]
    assert (to_queue["webhook"], to_queue["queue"]) == (None, "onethread.q.crm")


def test_a_new_secret_signs_beside_the_old_one_until_that_is_taken_away(api: Api) -> None:
    api.ask("POST", "/v1/subscriptions", status=201, json=CRM)
    new = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    assert api.ask("PATCH", "/v1/subscriptions/crm", json={"secret": new})["subscription"]["rotating"] is True
    over = api.ask("PATCH", "/v1/subscriptions/crm", json={"previous_secret": None})["subscription"]
    assert over["rotating"] is False
    assert new not in str(over)


def test_pausing_and_resuming_show(api: Api) -> None:
    with receiving() as crm:
        subscribe(api, crm.url)
        assert api.ask("PATCH", "/v1/subscriptions/crm", json={"state": "paused"})["subscription"]["state"] == "paused"
        until(lambda: api.hub.relays.standing("crm") is None)
        api.hear("hello")
        assert one(api)["lag"]["events"] > 0
        assert crm.posts == []
        api.ask("PATCH", "/v1/subscriptions/crm", json={"state": "active"})
        until(lambda: one(api)["lag"]["events"] == 0)
        assert [post.event["type"] for post in crm.posts][-1] == "onethread.message.received.v1"
        assert [post.position for post in crm.posts] == sorted(int(event["position"]) for event in api.events())


def test_what_the_file_provides_can_be_paused_and_not_changed(api: Api) -> None:
    api.hub.settings = replace(api.hub.settings, subscriptions={"archive": SubscriptionEntry(queue=True)})
    operate(api, Placed("archive", Origin.FILE, oldest=True))
    assert one(api, "archive")["origin"] == "file"
    api.refuse("PATCH", "/v1/subscriptions/archive", 409, "conflict", json={"types": ["message.*"]})
    api.refuse("DELETE", "/v1/subscriptions/archive", 409, "conflict")
    api.refuse("POST", "/v1/subscriptions", 409, "conflict", json={"name": "archive", "queue": True})
    api.ask("PATCH", "/v1/subscriptions/archive", json={"state": "paused"})
    api.hub.settings = replace(api.hub.settings, subscriptions={})
    assert (one(api, "archive")["origin"], one(api, "archive")["state"]) == ("absent", "paused")
    api.refuse("POST", "/v1/subscriptions/archive/replay", 409, "conflict", json={"after": "0"})
    assert api.client.delete("/v1/subscriptions/archive", headers=api.key).status_code == 204
    api.refuse("GET", "/v1/subscriptions/archive", 404, "not_found")


def test_a_deleted_subscription_gets_nothing_more(api: Api) -> None:
    with receiving() as crm:
        subscribe(api, crm.url)
        assert api.client.delete("/v1/subscriptions/crm", headers=api.key).data == b""
        until(lambda: api.hub.relays.standing("crm") is None)
        api.hear("hello")
        assert api.ask("GET", "/v1/subscriptions")["subscriptions"] == []
        assert crm.posts == []


def test_parked_conversations_are_listed_resumed_and_skipped(api: Api) -> None:
    with receiving() as crm:
        crm.answers = says(500)
        subscribe(api, crm.url, types=("message.*",), retries=())
        for n, sender in enumerate(("ann", "bob", "cid"), 1):
            api.hear("hello", "again", sender=sender, first=n)
        until(lambda: one(api)["waiting"] == {"events": 6, "parked": 3})
        page = api.ask("GET", "/v1/subscriptions/crm/parked?limit=2")
        rest = api.ask("GET", f"/v1/subscriptions/crm/parked?limit=2&cursor={page['next']}")
        parked = page["parked"] + rest["parked"]
        assert rest["next"] is None
        told = [(each["state"], each["attempts"], each["behind"], each["error"], each["type"]) for each in parked]
        assert told == [("parked", 1, 1, "answered 500", "message.received")] * 3
        schema = schema_of("/v1/subscriptions/{name}/parked", "get", 200)
        jsonschema.validate(page, schema, cls=jsonschema.Draft202012Validator)

        crm.answers = says(200)
        ann, bob, _ = parked
        skipped = {"partition": ann["partition"], "position": ann["position"]}
        assert api.client.post("/v1/subscriptions/crm/parked/skip", json=skipped, headers=api.key).status_code == 204
        until(lambda: len(crm.taken) == 1)
        assert int(crm.taken[0].event["position"]) > int(ann["position"])
        wrong = skipped | {"partition": bob["partition"]}
        api.refuse("POST", "/v1/subscriptions/crm/parked/skip", 404, "not_found", json=wrong)
        resumed = api.ask("POST", "/v1/subscriptions/crm/parked/resume", json={"partition": bob["partition"]})
        assert resumed == {"resumed": 1}
        until(lambda: len(crm.taken) == 3)
        assert api.ask("POST", "/v1/subscriptions/crm/parked/resume", json={}) == {"resumed": 1}
        until(lambda: one(api)["waiting"] == {"events": 0, "parked": 0})
        assert len(crm.taken) == 5


def test_a_range_is_replayed_and_can_be_looked_at(api: Api) -> None:
    with receiving() as crm:
        subscribe(api, crm.url, types=("message.*",))
        api.hear("one", "two", "three")
        until(lambda: len(crm.taken) == 3)
        body = {"after": "0", "types": ["message.received"]}
        replay = api.ask("POST", "/v1/subscriptions/crm/replay", status=202, json=body)["replay"]
        assert (replay["state"], replay["after"], replay["types"]) == ("running", "0", ["message.received"])
        assert int(replay["until"]) == api.hub.feed.newest()
        until(lambda: len(crm.taken) == 6)
        assert [post.event.get("replayed") for post in crm.taken] == [None] * 3 + [True] * 3
        [done] = until(lambda: [r for r in api.ask("GET", "/v1/subscriptions/crm/replays")["replays"] if r["ended_at"]])
        assert (done["id"], done["state"], done["sent"]) == (replay["id"], "done", 3)
        path = f"/v1/subscriptions/crm/replays/{replay['id']}"
        api.refuse("DELETE", path, 409, "conflict")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"after": "x"}, 422, "invalid"),
        ({"after": "9" * 19}, 422, "invalid"),
        ({"after": "999999"}, 410, "position_gone"),
        ({"after": "2", "until": "1"}, 422, "invalid"),
        ({"after": "0", "types": ["mesage.*"]}, 422, "invalid"),
        ({"after": "0", "types": ["delivery.updated"]}, 422, "invalid"),
        ({}, 422, "invalid"),
    ],
)
def test_a_replay_that_cannot_be_is_refused(api: Api, body: dict[str, Any], status: int, code: str) -> None:
    api.ask("POST", "/v1/subscriptions", status=201, json=CRM)
    api.ask("PATCH", "/v1/subscriptions/crm", json={"state": "paused", "types": ["message.*"]})
    api.hear("hello")
    api.refuse("POST", "/v1/subscriptions/crm/replay", status, code, json=body)
    assert api.ask("GET", "/v1/subscriptions/crm/replays") == {"replays": []}


def test_the_position_can_be_set(api: Api) -> None:
    api.ask("POST", "/v1/subscriptions", status=201, json=CRM)
    api.ask("PATCH", "/v1/subscriptions/crm", json={"state": "paused"})
    api.hear("hello")
    newest = str(api.hub.feed.newest())
    for asked, got in {"oldest": "0", "newest": newest, "2": "2"}.items():
        api.ask("PATCH", "/v1/subscriptions/crm", json={"position": asked})
        until(lambda got=got: one(api)["position"] == got)  # the relay says so once it has heard of it
    api.refuse("PATCH", "/v1/subscriptions/crm", 410, "position_gone", json={"position": "999"})


def test_metrics_tell_of_every_subscription(api: Api) -> None:
    with receiving() as crm:
        subscribe(api, crm.url)
        api.hear("hello")
        until(lambda: one(api)["lag"]["events"] == 0)
        loopback = {"REMOTE_ADDR": "127.0.0.1"}
        line = 'onethread_subscription_active{subscription="crm"} 1.0'
        text = until(lambda: line in (found := api.client.get("/metrics", environ_base=loopback).text) and found)
        assert 'onethread_relayed_total{outcome="taken",subscription="crm"}' in text
        for name in ("lag_events", "lag_seconds", "held_events", "parked_conversations"):
            assert f'onethread_subscription_{name}{{subscription="crm"}}' in text
