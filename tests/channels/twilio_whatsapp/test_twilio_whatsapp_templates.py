"""Templates by Twilio's Content API: found by name and language, filled place by place, refused before they leave."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from twilio_whatsapp_chats import MINA, SETTINGS, simulator

from connectors.channels.twilio_whatsapp import TwilioWhatsApp
from connectors.channels.twilio_whatsapp.simulator import CONTENTS, Simulator, content
from connectors.families.twilio.simulated import form_of
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused, Temporary
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import MediaKind, MediaPart, TemplatePart
from normalizer.payload import Payload
from tests.channels.beside import NOW, answering, during

PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
FILES = {"a1": File("a1", Path("/nowhere"), "image/png", "a.png", 3, "https://hub.example.com/f")}
NAMED = {"twilio/media": {"body": "Dear {{name}}, {{name}}: {{thing}}", "media": ["https://shop.example.com/{{file}}"]}}


def asked(name, language="en", media=(), **values):
    template = TemplatePart(name=name, language=language, **values)
    payload = Payload(template=template, media=media)
    return Outbound(token="t", address=Address(scheme="tel", value=MINA), payload=payload, files=FILES)


def send(provider, *outbounds, clock=lambda: NOW):
    async def act(plugin):
        for outbound in outbounds:
            await plugin.send(outbound)

    during(TwilioWhatsApp, provider, act, clock=clock)
    return [form_of(one) for one in provider.requests if provider.is_send(one)]


def lists(provider):
    return [one for one in provider.requests if one.path.startswith(CONTENTS) and "Page=" not in one.path]


def why(provider, outbound):
    with pytest.raises(Refused) as raised:
        send(provider, outbound)
    assert raised.value.code is ErrorCode.TEMPLATE_INVALID
    assert not [one for one in provider.requests if provider.is_send(one)]
    return raised.value.detail


def test_a_template_without_places_has_no_variables():
    with simulator() as provider:
        (form,) = send(provider, asked("hello"))
    assert form["ContentSid"] == content("hello", "en", None, {"twilio/text": {}})["sid"]
    assert "ContentVariables" not in form


def test_named_places_are_filled_in_the_order_of_the_text_and_a_repeated_one_once():
    with simulator() as provider:
        provider.contents = [content("named", "en", "approved", NAMED)]
        (form,) = send(provider, asked("named", header=("a.png",), body=("Mina", "a chair")))
    assert json.loads(form["ContentVariables"]) == {"file": "a.png", "name": "Mina", "thing": "a chair"}


def test_a_code_fills_the_place_no_text_shows():
    with simulator() as provider:
        (form,) = send(provider, asked("code", body=("123456",)))
    assert json.loads(form["ContentVariables"]) == {"1": "123456"}


def test_a_content_is_also_found_by_its_own_name_and_an_approved_one_comes_before_another():
    with simulator() as provider:
        text = {"twilio/text": {"body": "Hi"}}
        mine = content("x", "en", "approved", text)
        mine["approval_requests"]["name"] = None
        old = content("x for en", "en", "rejected", text)
        provider.contents = [old, mine, {**old, "sid": "HX3"}]
        (form,) = send(provider, asked("x for en"))
        assert form["ContentSid"] == mine["sid"]


def test_whatsapps_word_is_also_read_where_it_stands_under_its_name():
    with simulator() as provider:
        told = content("hello", "en", "approved", {"twilio/text": {"body": "Hi"}})
        provider.contents = [{**told, "approval_requests": {"whatsapp": told["approval_requests"]}}]
        assert len(send(provider, asked("hello"))) == 1


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (None, "unsubmitted: submit it for approval at Twilio"),
        ("pending", "pending: wait for WhatsApp's approval"),
        ("rejected", "rejected (INVALID_FORMAT): change it, and submit it again"),
        ("paused", "paused: use another until WhatsApp lets it go again"),
        ("disabled", "disabled: use another; WhatsApp does not let it go again"),
        ("in_appeal", "in_appeal"),
    ],
)
def test_one_that_is_not_approved_is_refused_with_what_to_do(status, remedy):
    with simulator() as provider:
        told = content("x", "en", status, {"twilio/text": {"body": "Hi"}})
        provider.contents = [{**told, "friendly_name": "x"}]
        assert why(provider, asked("x")) == f"the template 'x' is {remedy}"


@pytest.mark.parametrize(
    ("outbound", "reason"),
    [
        (asked("nothing"), "there is no template 'nothing' in 'en'"),
        (asked("hello", "de"), "there is no template 'hello' in 'de'"),
        (asked("hello", body=("x",)), "the template's body has 0 places, not 1"),
        (asked("parcel", body=("a", "b")), "the template's header has 1 places, not 0"),
        (asked("parcel", header=("a",), body=("b", "c")), "the template's buttons has 1 places, not 0"),
        (asked("hello", media=(PICTURE,)), "a template at Twilio holds its own file"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_leaves(outbound, reason):
    with simulator() as provider:
        assert why(provider, outbound).startswith(reason)


@pytest.mark.parametrize("types", [{"twilio/carousel": {"body": "Hi", "cards": []}}, {}])
def test_a_type_that_is_not_served_is_refused(types):
    with simulator() as provider:
        told = content("x", "en", "approved", types or {"": {}})
        provider.contents = [{**told, "types": types or None}]
        assert "is not sent here" in why(provider, asked("x"))


def test_a_value_of_several_lines_is_refused_by_twilio_as_no_template():
    with simulator() as provider, pytest.raises(Refused) as raised:
        send(provider, asked("code", body=("1\n2",)))
    assert (raised.value.code, raised.value.provider_code) == (ErrorCode.TEMPLATE_INVALID, "21656")


def test_one_that_was_deleted_since_it_was_listed_is_refused_as_no_template():
    with simulator() as provider:

        async def act(plugin):
            await plugin.send(asked("hello"))
            provider.contents.clear()
            await plugin.send(asked("hello"))

        with pytest.raises(Refused) as raised:
            during(TwilioWhatsApp, provider, act)
    assert (raised.value.code, raised.value.provider_code) == (ErrorCode.TEMPLATE_INVALID, "21655")


def test_another_content_that_says_nothing_readable_harms_none():
    with simulator() as provider:
        provider.contents.append({**content("odd", "en", "approved", {"twilio/text": {}}), "types": {"twilio/text": 7}})
        assert len(send(provider, asked("hello"), asked("odd"))) == 2


def test_the_list_is_asked_for_once_in_five_minutes_and_again_for_one_it_lacks():
    with simulator() as provider:
        send(provider, asked("hello"), asked("hello"))
        assert len(lists(provider)) == 1
    at = 0
    with simulator() as provider:

        async def act(plugin):
            nonlocal at
            await plugin.send(asked("hello"))
            provider.contents.append(content("new", "en", "approved", {"twilio/text": {"body": "New"}}))
            at = 31
            await plugin.send(asked("new"))
            at = 45
            with pytest.raises(Refused):
                await plugin.send(asked("nothing"))
            at = 400
            await plugin.send(asked("hello"))

        during(TwilioWhatsApp, provider, act, clock=lambda: NOW + timedelta(seconds=at))
        assert len(lists(provider)) == 3


@pytest.mark.parametrize("body", [b"", b"[]", b'{"contents":[{}]}', b'{"contents":[{"sid":"HX1","types":[]}]}'])
def test_a_list_that_cannot_be_read_is_asked_for_later(body):
    reply = Reply(200, body, {"content-type": "application/json"})
    with answering(Simulator, SETTINGS, reply) as provider, pytest.raises(Temporary):
        send(provider, asked("hello"))
