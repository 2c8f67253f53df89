"""Texts that Meta approved: what is sent of one, and what is refused before anything leaves."""

import asyncio
from dataclasses import replace
from time import time

import pytest
from messenger_page import HELLO, SETTINGS, during

from connectors.channels.messenger.simulator import Simulator, template
from connectors.kit.errors import Refused
from gateway.send.asks import Accepted, Rejected
from normalizer.errors import ErrorCode
from normalizer.parts import MediaKind, MediaPart, TemplatePart
from normalizer.payload import Payload
from tests.background.heronry import eventually
from tests.channels.beside import HOOK, running

UPDATE = TemplatePart(name="order_update", language="en", header=("881",), body=("Ana", "late"), buttons=("881",))
PLAIN = TemplatePart(name="plain", language="en", body=("late", "Ana"))
BODY = {"type": "BODY", "text": "It is {{state}}, {{who}}: {{state}}."}


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def sent(provider, part, **payload):
    outbound = replace(HELLO, payload=Payload(template=part, **payload))
    return during(provider, lambda plugin: plugin.send(outbound))


def test_named_places_are_filled_by_name(provider):
    provider.templates.append(template("plain", parameter_format="NAMED", components=[BODY]))
    sent(provider, PLAIN)
    (said,) = provider.sent.values()
    words = [
        {"type": "text", "parameter_name": "state", "text": "late"},
        {"type": "text", "parameter_name": "who", "text": "Ana"},
    ]
    assert said["message"]["template"]["components"] == [{"type": "body", "parameters": words}]


def test_numbered_places_are_filled_by_their_number_and_buttons_report_what_they_are_given(provider):
    button = {"type": "POSTBACK", "text": "Track", "payload": "order_{{3}}"}
    components = [{"type": "BODY", "text": "{{2}}, it is {{1}}."}, {"type": "BUTTONS", "buttons": [button]}]
    provider.templates.append(template("plain", components=components))
    sent(provider, TemplatePart(name="plain", language="en", body=("late", "Ana"), buttons=("881",)))
    (said,) = provider.sent.values()
    assert said["message"]["template"]["components"] == [
        {"type": "body", "parameters": [{"type": "text", "text": "late"}, {"type": "text", "text": "Ana"}]},
        {"type": "buttons", "parameters": [{"type": "POSTBACK", "payload": "881"}]},
    ]


def changed(**told):
    return TemplatePart(**{"name": "order_update", "language": "en", **told})


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (changed(name="order"), "there is no template 'order' in 'en'"),
        (changed(language="de"), "there is no template 'order_update' in 'de'"),
        (changed(name="order_late"), "the template 'order_late' is pending"),
        (changed(), "the template's header has 1 places, not 0"),
        (changed(header=("1",), body=("1",)), "the template's body has 2 places, not 1"),
        (changed(header=("1",), body=("1", "2")), "the template's buttons want 1 values, not 0"),
    ],
)
def test_what_the_page_does_not_have_or_wants_filled_differently_is_refused(provider, part, words):
    with pytest.raises(Refused) as raised:
        sent(provider, part)
    assert (raised.value.code, raised.value.detail, provider.sent) == (ErrorCode.TEMPLATE_INVALID, words, {})


@pytest.mark.parametrize(
    "components",
    [
        [{"type": "HEADER", "format": "IMAGE"}],
        [
            {
                "type": "BUTTONS",
                "buttons": [{"type": "URL", "url": "https://x/{{1}}"}, {"type": "URL", "url": "https://x"}],
            }
        ],
        [{"type": "BUTTONS", "buttons": [{"type": "FLOW", "url": "{{1}}"}]}],
    ],
)
def test_what_nobody_documents_is_refused(provider, components):
    provider.templates.append(template("plain", components=components))
    buttons = ("1",) if components[0]["type"] == "BUTTONS" else ()
    with pytest.raises(Refused) as raised:
        sent(provider, TemplatePart(name="plain", language="en", buttons=buttons))
    assert (raised.value.code, provider.sent) == (ErrorCode.TEMPLATE_INVALID, {})


def test_a_file_at_the_head_is_refused(provider):
    picture = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
    with pytest.raises(Refused) as raised:
        sent(provider, UPDATE, media=(picture,))
    assert (raised.value.code, provider.requests) == (ErrorCode.TEMPLATE_INVALID, [])


def test_after_the_window_only_an_approved_text_leaves(tmp_path, provider):
    async def test():
        async with running(tmp_path, "messenger", provider) as beside:
            message = {"mid": provider.name(), "text": "old"}
            old = provider.item(timestamp=int((time() - 90_000) * 1000), message=message)
            assert await beside.heard(provider.genuine(old)) == 200
            assert isinstance(await beside.say("It is late."), Rejected)
            assert isinstance(await beside.say("It is late.", parts=(UPDATE,)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (said,) = provider.sent.values()
            assert (said["messaging_type"], said["message"]["template"]["name"]) == ("UTILITY", "order_update")

    asyncio.run(test())
