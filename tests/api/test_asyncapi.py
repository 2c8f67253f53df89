"""What flows is described: the document is valid AsyncAPI, and what the hub sends and takes fits its schemas."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cloudevents.core.formats.json import JSONFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.api.asyncapi import describe
from gateway.api.routes import ROUTES
from gateway.api.schemas import ASKED, COMMANDS, SENT, published
from gateway.bus.asked import KINDS, read
from gateway.bus.contract import Incoming
from gateway.bus.names import commands_of, queue_of, topic_key
from gateway.relay.copies import copy_of, cursor_copy
from gateway.relay.events import HEAD, Event
from normalizer.codec import encode
from normalizer.events import EVENTS, Envelope, short_type, wire_type
from normalizer.model import Priority
from tests.api.conftest import Api
from tests.normalizer.model_strategies import values

OFFICIAL = jsonschema.Draft7Validator(
    json.loads((Path(__file__).parent / "vendored" / "asyncapi-3.0.0.json").read_text())
)
DESCRIPTION: dict[str, Any] = json.loads(json.dumps(describe()))
CHANNELS: dict[str, Any] = DESCRIPTION["channels"]
QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
WHEN = datetime(2026, 11, 21, tzinfo=UTC)
IDS = st.uuids().map(str)


def payload(channel: str, name: str) -> jsonschema.Draft7Validator:
    """What AsyncAPI says of a message's body, as its readers take it: in draft-07."""
    said = CHANNELS[channel]["messages"][name]["payload"]
    return jsonschema.Draft7Validator({"allOf": [said], "components": DESCRIPTION["components"]})


def schema(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(published()[name])


def event(name: str, data: Any) -> bytes:
    return encode(
        Envelope(
            id="e1",
            type=wire_type(name),
            source="/conversations/c1",
            subject="m1",
            time=WHEN,
            sequence=f"{1:020}",
            partitionkey="c1",
            priority=Priority.NORMAL,
            channel="sms",
            connector="sms-uk",
            inbox="main",
            position="7",
            data=data,
        )
    )


def copies(name: str, body: bytes) -> list[bytes]:
    """Of an event, for a subscription: as it happens, and sent again."""
    happened = Event(position=7, type=name, body=body, head=HEAD.decode(body))
    return [copy_of(happened, 5).body, copy_of(happened, 5, replayed=True).body]


# --- the document ---------------------------------------------------------------------------------------------------


def test_it_is_valid_asyncapi_3() -> None:
    assert DESCRIPTION["asyncapi"] == "3.0.0"
    OFFICIAL.validate(DESCRIPTION)


@pytest.mark.parametrize(
    "wrong",
    [
        {"asyncapi": "2.6.0"},
        {"channels": {"queue": {"address": 5}}},
        {"operations": {"takeCommand": {"action": "subscribe", "channel": {"$ref": "#/channels/commands"}}}},
        {"components": {"schemas": {"Part": {"discriminator": {"propertyName": "type"}}}}},
    ],
)
def test_the_judge_refuses_what_is_not(wrong: dict[str, Any]) -> None:
    assert not OFFICIAL.is_valid(DESCRIPTION | wrong)


def test_everything_it_refers_to_is_in_it() -> None:
    referred = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            referred.update([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
            value = list(value.values())
        for one in value if isinstance(value, list) else []:
            look(one)

    look(DESCRIPTION)
    assert len(referred) > 50
    for reference in referred:
        found: Any = DESCRIPTION
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_it_is_served_to_everybody(api: Api) -> None:
    answer = api.client.get("/v1/asyncapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.get_json() == DESCRIPTION


def test_channels_are_where_the_hub_sends_and_takes() -> None:
    assert {name: channel["address"] for name, channel in CHANNELS.items()} == {
        "queue": queue_of("{subscription}"),
        "topic": "{entity}.{verb}.{channel}.{connector}",
        "commands": commands_of("{subscription}"),
        "webhook": None,
        "feed": "/v1/events",
    }
    assert CHANNELS["topic"]["bindings"]["amqp"]["exchange"]["name"] == "onethread.events"
    assert CHANNELS["feed"]["address"] in {route.path for route in ROUTES}


def test_the_hub_sends_events_and_receives_commands() -> None:
    operations = DESCRIPTION["operations"].values()
    assert {(one["action"], one["channel"]["$ref"].rpartition("/")[2]) for one in operations} == {
        ("send", "queue"),
        ("send", "topic"),
        ("send", "webhook"),
        ("send", "feed"),
        ("receive", "commands"),
    }
    answers = DESCRIPTION["operations"]["takeCommand"]["reply"]["messages"]
    assert [answer["$ref"] for answer in answers] == [
        "#/channels/queue/messages/command.accepted",
        "#/channels/queue/messages/command.rejected",
    ]


def test_each_channel_carries_what_it_can_carry() -> None:
    assert {name: set(channel["messages"]) for name, channel in CHANNELS.items()} == {
        "queue": set(SENT),
        "topic": set(SENT),
        "commands": set(KINDS),
        "webhook": set(SENT),
        "feed": set(EVENTS),
    }
    for channel in CHANNELS.values():
        for name, message in channel["messages"].items():
            assert (message["name"], message["contentType"]) == (wire_type(name), "application/cloudevents+json")


@pytest.mark.parametrize("name", sorted(SENT))
def test_the_key_of_a_topic_has_the_words_that_are_told(name: str) -> None:
    words = dict(zip(("entity", "verb", "channel", "connector"), topic_key(name, "sms", None).split("."), strict=True))
    told = CHANNELS["topic"]["parameters"]
    assert set(told) == set(words)
    assert words["entity"] in told["entity"]["enum"]
    assert words["verb"] in told["verb"]["enum"]
    assert (words["channel"], words["connector"]) == ("sms", "-")


# --- the schemas ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(published()))
def test_each_schema_is_served_by_its_name_to_everybody(api: Api, name: str) -> None:
    answer = api.client.get(f"/v1/schemas/{name}.json")
    assert (answer.status_code, answer.content_type) == (200, "application/schema+json")
    told = json.loads(answer.data)
    assert told == published()[name]
    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(told)


@pytest.mark.parametrize("name", ["message.imagined.json", "message.received", "message.received.json.json", ".json"])
def test_there_is_no_other_schema(api: Api, name: str) -> None:
    problem = api.refuse("GET", f"/v1/schemas/{name}", 404, "not_found")
    assert "such as message.received.json" in problem["detail"]


def test_there_is_a_schema_of_each_event_and_command() -> None:
    assert set(published()) == {*EVENTS, "bus.cursor", *ASKED.values()}
    assert {name: known_as for name, known_as in ASKED.items() if known_as != name} == {
        "conversation.read": "conversation.read.command"
    }
    assert ASKED.keys() == KINDS.keys()


@pytest.mark.parametrize("name", sorted(EVENTS))
@QUICK
@given(data=st.data())
def test_an_event_fits_its_schema_wherever_it_goes(name: str, data: st.DataObject) -> None:
    body = event(name, data.draw(values(EVENTS[name])))
    told = json.loads(body)
    schema(name).validate(told)
    payload("feed", name).validate(told)
    for copy in copies(name, body):
        schema(name).validate(json.loads(copy))
        for channel in ("queue", "topic", "webhook"):
            payload(channel, name).validate(json.loads(copy))


@pytest.mark.parametrize("name", sorted(EVENTS))
@QUICK
@given(data=st.data())
def test_a_copy_is_still_a_cloudevent(name: str, data: st.DataObject) -> None:
    body = event(name, data.draw(values(EVENTS[name])))
    whole = JSONFormat().read(None, body).get_attributes()
    plain, again = (JSONFormat().read(None, copy).get_attributes() for copy in copies(name, body))
    assert plain == {**whole, "previous": "5"}
    assert again == {**whole, "previous": "5", "replayed": True}


def test_what_tells_how_far_the_feed_is_fits_too() -> None:
    told = json.loads(cursor_copy("archive", 12, 7, WHEN).body)
    schema("bus.cursor").validate(told)
    for channel in ("queue", "topic", "webhook"):
        payload(channel, "bus.cursor").validate(told)
    assert JSONFormat().read(None, json.dumps(told)).get_type() == "onethread.bus.cursor.v1"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "onethread.message.received.v2"},
        {"specversion": "0.3"},
        {"data": {"message_id": "m1"}},
        {"time": 5},
        {"partitionkey": None},
    ],
)
def test_an_event_of_another_shape_does_not_fit(change: dict[str, Any]) -> None:
    data = {"message_id": "m1", "redacted_at": "2026-11-21T00:00:00Z"}
    good = json.loads(event("message.redacted", data))
    assert schema("message.redacted").is_valid(good)
    assert not schema("message.redacted").is_valid(good | change)
    assert not payload("feed", "message.redacted").is_valid(good | change)


def asked(name: str, id_: str, data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id_, "type": wire_type(name), "source": "/bots/7", "data": data}


@pytest.mark.parametrize("name", sorted(COMMANDS))
@QUICK
@given(data=st.data())
def test_a_command_the_hub_takes_fits_its_schema(name: str, data: st.DataObject) -> None:
    wanted = json.loads(encode(data.draw(values(COMMANDS[name]))))
    for shape in (wanted, {field: value for field, value in wanted.items() if field != "type"}):
        command = asked(name, data.draw(IDS), shape)
        taken = read(Incoming(body=json.dumps(command).encode()), frozenset({"write"}), WHEN)
        assert isinstance(taken.wanted, COMMANDS[name])
        schema(ASKED[name]).validate(command)
        payload("commands", name).validate(command)


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "a b"},
        {"id": None},
        {"source": None},
        {"type": "message.edit"},
        {"specversion": "2"},
        {"expirytime": "soon"},
        {"data": {"message_id": "m"}},
        {"data": {"message_id": "m", "text": "t", "txet": "u"}},
    ],
)
def test_a_command_the_hub_rejects_does_not_fit(change: dict[str, Any]) -> None:
    good = asked("message.edit", "c1", {"message_id": "m", "text": "t"})
    bad = {name: value for name, value in (good | change).items() if value is not None}
    rejected = read(Incoming(body=json.dumps(bad).encode()), frozenset({"write"}), WHEN).wanted
    assert not isinstance(rejected, COMMANDS["message.edit"])
    for check in (schema("message.edit"), payload("commands", "message.edit")):
        check.validate(good)
        # A format is told, and not judged.
        assert check.is_valid(bad) == ("expirytime" in change)


def test_what_a_hub_really_sent_fits(api: Api) -> None:
    api.hear("hello", "there")
    conversation = api.conversation()["id"]
    api.ask("POST", "/v1/messages", json={"conversation_id": conversation, "text": "hi"}, status=202)
    api.ask("PATCH", f"/v1/conversations/{conversation}", json={"state": "closed"})
    sent = api.events()
    assert {short_type(one["type"]) for one in sent} > {"message.received", "message.created", "conversation.closed"}
    for one in sent:
        name = short_type(one["type"])
        schema(name).validate(one)
        payload("feed", name).validate(one)
        assert JSONFormat().read(None, json.dumps(one)).get_id() == one["id"]
