from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_strategies import values

from normalizer import model
from normalizer.capability import Capability
from normalizer.codec import decoder, encode
from normalizer.commands import Command, SendMessage
from normalizer.events import EVENTS, Envelope, wire_type
from normalizer.inbound import Inbound
from normalizer.parts import Action, ChoicePart, Part
from normalizer.payload import Payload, Rendered

KINDS = {
    **{kind.__name__: kind for kind in EVENTS.values()},
    **{kind.__name__: kind for kind in (model.Contact, model.Message, model.Delivery, model.Conversation, model.Inbox)},
    **{kind.__name__: kind for kind in (SendMessage, Payload, Rendered, Capability)},
    "Inbound": Inbound,
    "Command": Command,
    "Part": Part,
    "Action": Action,
}


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_what_was_encoded_decodes_to_the_same(name, data):
    value = data.draw(values(KINDS[name]))
    assert decoder(KINDS[name]).decode(encode(value)) == value


def test_a_decoder_is_made_once():
    assert decoder(Inbound) is decoder(Inbound)


def test_a_tagged_value_reads_as_expected():
    assert encode(ChoicePart(value="2", label="No")) == (
        b'{"type":"choice","value":"2","label":"No","message_id":null}'
    )


def test_times_are_utc_and_without_a_zone_refused():
    assert encode(datetime(2026, 11, 21, 9, 0, tzinfo=UTC)) == b'"2026-11-21T09:00:00Z"'
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.at`"):
        decoder(model.Consent).decode(
            b'{"channel":"sms","purpose":null,"state":"opted_in","source":"form","at":"2026-11-21T09:00:00"}'
        )


def test_an_envelope_always_says_which_cloudevents_it_is():
    envelope = Envelope(
        id="e1",
        type=wire_type("message.redacted"),
        source="/conversations/c1",
        subject="m1",
        time=datetime(2026, 11, 21, tzinfo=UTC),
        partitionkey="c1",
        priority="normal",
        data={},
    )
    assert msgspec.json.decode(encode(envelope)) == {
        "specversion": "1.0",
        "id": "e1",
        "type": "onethread.message.redacted.v1",
        "source": "/conversations/c1",
        "subject": "m1",
        "time": "2026-11-21T00:00:00Z",
        "datacontenttype": "application/json",
        "partitionkey": "c1",
        "priority": "normal",
        "data": {},
    }
