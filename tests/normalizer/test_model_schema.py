import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_strategies import replaced, values
from openapi_spec_validator import OpenAPIV31SpecValidator

from normalizer import model
from normalizer.codec import encode
from normalizer.commands import Command, SendMessage
from normalizer.events import EVENTS, Envelope, wire_type
from normalizer.inbound import Inbound
from normalizer.schema import command_schema, event_schema, inbound_schema, model_components

QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def plain(value):
    return msgspec.json.decode(encode(value))


def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("short", sorted(EVENTS))
@QUICK
@given(data=st.data())
def test_every_event_of_the_feed_fits_its_schema(short, data):
    envelope = replaced(
        data.draw(values(Envelope)), specversion="1.0", type=wire_type(short), data=data.draw(values(EVENTS[short]))
    )
    validator(event_schema(short)).validate(plain(envelope))


def test_an_event_of_another_type_or_without_its_data_does_not_fit():
    event = {
        "specversion": "1.0",
        "id": "e1",
        "type": "onethread.message.redacted.v1",
        "source": "/conversations/c1",
        "subject": "m1",
        "time": "2026-11-21T00:00:00Z",
        "partitionkey": "c1",
        "priority": "normal",
        "data": {"message_id": "m1", "redacted_at": "2026-11-21T00:00:00Z"},
    }
    check = validator(event_schema("message.redacted"))
    assert check.is_valid(event)
    assert not check.is_valid({**event, "type": "onethread.message.received.v1"})
    assert not check.is_valid({**event, "data": {"message_id": "m1"}})
    assert not check.is_valid({name: value for name, value in event.items() if name != "specversion"})


def test_there_is_no_schema_of_an_event_that_does_not_exist():
    with pytest.raises(KeyError):
        event_schema("message.imagined")


@QUICK
@given(values(Inbound))
def test_every_inbound_fits_the_schema(item):
    validator(inbound_schema()).validate(plain(item))


@QUICK
@given(values(SendMessage) | values(Command))
def test_every_command_fits_the_schema(command):
    validator(command_schema()).validate(plain(command))


def test_a_command_with_an_unknown_field_does_not_fit():
    check = validator(command_schema())
    assert check.is_valid({"conversation_id": "c1", "text": "hello"})
    assert not check.is_valid({"conversation_id": "c1", "txet": "hello"})


def test_the_components_make_a_valid_openapi_document():
    components = model_components()
    document = {
        "openapi": "3.1.0",
        "info": {"title": "model", "version": "1"},
        "paths": {},
        "components": {"schemas": components},
    }
    OpenAPIV31SpecValidator(document).validate()
    entities = {name for name, kind in vars(model).items() if isinstance(kind, type) and issubclass(kind, model.Value)}
    assert entities - {"Value"} <= set(components)
