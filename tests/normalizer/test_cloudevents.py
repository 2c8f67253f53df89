"""Every event the hub can publish is read by the CloudEvents SDK, whichever way it travels."""

from datetime import UTC, datetime

import msgspec
import pytest
from cloudevents.core.bindings import http, rabbitmq
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_strategies import values

from normalizer.codec import encode
from normalizer.events import EVENTS, ConnectorData, Envelope, RedactionData, short_type, wire_type
from normalizer.model import Priority

QUICK = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
WHEN = datetime(2026, 11, 21, 10, 0, 0, 250_000, UTC)
IDS = st.uuids().map(str)
WORDS = st.none() | st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
STRUCTURED = "application/cloudevents+json"


def events(short):
    """Events of one type, of any data the model admits, as the hub writes them."""
    return st.builds(
        Envelope,
        id=IDS,
        type=st.just(wire_type(short)),
        source=IDS.map("/conversations/{}".format),
        subject=IDS,
        time=st.datetimes(timezones=st.just(UTC)),
        sequence=st.none() | st.integers(1, 10**18).map("{:020}".format),
        partitionkey=IDS,
        priority=st.sampled_from(Priority).map(str),
        channel=WORDS,
        connector=WORDS,
        inbox=WORDS,
        traceparent=st.none() | st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        position=st.none() | st.integers(1, 10**18).map(str),
        data=values(EVENTS[short]),
    )


def read(body):
    return JSONFormat().read(None, body)


def attributes(body):
    """What the SDK is to find, from the bytes themselves."""
    told = msgspec.json.decode(body)
    data = told.pop("data")
    return told | {"time": datetime.fromisoformat(told["time"])}, data


@pytest.mark.parametrize("short", sorted(EVENTS))
@QUICK
@given(data=st.data())
def test_every_type_is_read_as_it_was_written(short, data):
    body = encode(data.draw(events(short)))
    event = read(body)
    assert isinstance(event, CloudEvent)
    assert (event.get_attributes(), event.get_data()) == attributes(body)
    assert short_type(event.get_type()) == short


@pytest.mark.parametrize("short", sorted(EVENTS))
@QUICK
@given(data=st.data())
def test_every_type_says_only_what_it_knows(short, data):
    told = msgspec.json.decode(encode(data.draw(events(short))))
    assert None not in [value for name, value in told.items() if name != "data"]
    assert told["specversion"] == "1.0"
    assert told["datacontenttype"] == "application/json"


@QUICK
@given(st.sampled_from(sorted(EVENTS)).flatmap(events))
def test_an_event_is_the_same_by_webhook_and_by_broker(envelope):
    body = encode(envelope)
    posted = http.from_structured(http.HTTPMessage({"content-type": STRUCTURED}, body), JSONFormat())
    queued = rabbitmq.from_structured(rabbitmq.RabbitMQMessage({}, STRUCTURED, body), JSONFormat())
    for event in (posted, queued):
        assert (event.get_attributes(), event.get_data()) == attributes(body)


@QUICK
@given(st.sampled_from(sorted(EVENTS)).flatmap(events))
def test_an_event_written_again_by_the_sdk_is_the_same_event(envelope):
    body = encode(envelope)
    assert attributes(JSONFormat().write(read(body))) == attributes(body)


def test_an_event_of_a_conversation_has_these_attributes():
    event = read(
        encode(
            Envelope(
                id="0199f3a0-0000-7000-8000-000000000001",
                type=wire_type("message.redacted"),
                source="/conversations/0199f3a0-0000-7000-8000-000000000002",
                subject="0199f3a0-0000-7000-8000-000000000003",
                time=WHEN,
                sequence="00000000000000000042",
                partitionkey="0199f3a0-0000-7000-8000-000000000002",
                priority="normal",
                channel="sms",
                connector="sms-uk",
                inbox="main",
                position="1234",
                data=RedactionData(message_id="0199f3a0-0000-7000-8000-000000000003", redacted_at=WHEN),
            )
        )
    )
    assert event.get_attributes() == {
        "specversion": "1.0",
        "id": "0199f3a0-0000-7000-8000-000000000001",
        "type": "onethread.message.redacted.v1",
        "source": "/conversations/0199f3a0-0000-7000-8000-000000000002",
        "subject": "0199f3a0-0000-7000-8000-000000000003",
        "time": WHEN,
        "datacontenttype": "application/json",
        "sequence": "00000000000000000042",
        "partitionkey": "0199f3a0-0000-7000-8000-000000000002",
        "priority": "normal",
        "channel": "sms",
        "connector": "sms-uk",
        "inbox": "main",
        "position": "1234",
    }
    assert event.get_data() == {
        "message_id": "0199f3a0-0000-7000-8000-000000000003",
        "redacted_at": "2026-11-21T10:00:00.250000Z",
    }


def test_an_event_of_no_conversation_leaves_out_what_it_has_not():
    body = encode(
        Envelope(
            id="e1",
            type=wire_type("connector.down"),
            source="/connectors/sms-uk",
            subject="sms-uk",
            time=WHEN,
            partitionkey="sms-uk",
            priority="high",
            data=ConnectorData(connector="sms-uk", state="down"),
        )
    )
    event = read(body)
    assert event.get_extension("sequence") is None
    assert set(event.get_attributes()) == {
        *("specversion", "id", "type", "source", "subject", "time", "datacontenttype"),
        *("partitionkey", "priority"),
    }
