"""The simulator calls back as Twilio does: signed, to the address the message named, in no order and not once."""

from urllib.parse import parse_qsl

import msgspec
import pytest
from twilio_sms_sender import MINA, NUMBER, SETTINGS, Answering, during, plugin, request, text

from connectors.channels.twilio_sms.simulator import Simulator
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import StatusChanged
from normalizer.status import Status


@pytest.fixture
def hub():
    with Answering(Reply(200)) as hub:
        yield hub


def reported(hub, count):
    """What the hub heard, verified and read."""
    found = []
    for wire in hub.wait(count):
        asked = request(wire, f"{hub.url}/in/sms-uk")
        plugin().verify(asked)
        found += plugin().parse(asked)
    return found


def test_it_calls_back_in_any_order_and_as_often_as_wanted(hub):
    with Simulator(SETTINGS) as provider:
        sent = during(provider, lambda sender: sender.send(text()), hook=f"{hub.url}/in/sms-uk")
        (sid,) = sent.external_ids
        assert provider.call_back(sid, "delivered", "sent", "delivered") == [200, 200, 200]
        assert provider.call_back(sid, "undelivered", error=30003) == [200]
    told = reported(hub, 4)
    assert [(item.status, item.error_code) for item in told] == [
        (Status.DELIVERED, None),
        (Status.ACCEPTED, None),
        (Status.DELIVERED, None),
        (Status.FAILED, "unreachable"),
    ]
    assert {(item.external_id, item.token) for item in told} == {(sid, "0199-aa51.1")}
    assert {wire.path for wire in hub.requests} == {"/in/sms-uk?token=0199-aa51.1"}


def test_it_calls_back_by_itself_where_it_is_told_to(hub):
    with Simulator(SETTINGS) as provider:
        provider.calls_back = ("delivered", "queued", "sent")
        during(provider, lambda sender: sender.send(text()), hook=f"{hub.url}/in/sms-uk")
        told = reported(hub, 3)
    assert all(isinstance(item, StatusChanged) for item in told)
    assert [item.key.rpartition(":")[2] for item in told] == ["delivered", "queued", "sent"]


def test_nobody_listening_does_not_hold_it_up(hub):
    with Simulator(SETTINGS) as provider:
        provider.calls_back = ("delivered",)
        during(provider, lambda sender: sender.send(text()), hook="http://127.0.0.1:9/in/sms-uk")
        assert during(provider, lambda sender: sender.send(text())).external_ids != ()


def test_a_message_without_an_address_for_reports_has_none():
    provider = Simulator(SETTINGS)
    sent = provider.account.create([("From", NUMBER), ("To", MINA), ("Body", "hi")])
    with pytest.raises(LookupError):
        provider.report(sent.sid, "sent")
    with pytest.raises(LookupError):
        provider.report("SM0", "sent")


def test_a_senders_name_that_cannot_be_is_said():
    with pytest.raises(ValueError, match="a short code or a name"):
        Simulator(SETTINGS).message(sender="not a sender at all")


def test_every_message_it_makes_is_one_of_its_own():
    provider = Simulator(SETTINGS)
    bodies = [dict(parse_qsl(provider.message().decode())) for _ in range(3)]
    assert len({body["MessageSid"] for body in bodies}) == 3


def test_its_list_is_paged_as_twilios():
    with Simulator(SETTINGS) as provider:
        for n in range(5):
            provider.message(f"m{n}")

        async def pages(sender):
            path, found = "/Messages.json?PageSize=2", []
            url = sender.api.account(path)
            while url:
                page = await sender.api.get(url, msgspec.json.Decoder())
                found.append([message["body"] for message in page["messages"]])
                url = page["next_page_uri"] and f"https://api.twilio.com{page['next_page_uri']}"
            return found

        assert during(provider, pages) == [["m4", "m3"], ["m2", "m1"], ["m0"]]
