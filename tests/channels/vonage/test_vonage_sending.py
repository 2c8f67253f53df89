"""What Vonage answers, and what the hub is told; and what is asked of it besides sending."""

from pathlib import Path

import pytest
from vonage_account import ANA, APPLICATION, HELLO, SETTINGS, WHATSAPP, answering, during, private_key

from connectors.channels.vonage.simulator import Simulator, problem
from connectors.kit.base import Account, File, Outbound, OutboundReaction, Registration
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import ContactCardPart, LocationPart, MediaKind, MediaPart, PostbackAction, ReplyAction
from normalizer.payload import Payload

HERE = Address(scheme="tel", value=f"+{ANA}")
HOOK = "https://hub.example.com/in/support"


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.fixture
def whatsapp():
    with Simulator(WHATSAPP) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("code", "error", "ours"),
    [
        ("1000", Temporary, ErrorCode.RATE_LIMITED),
        ("1010", Refused, ErrorCode.CONTENT_UNSUPPORTED),
        ("1020", Refused, ErrorCode.CONTENT_UNSUPPORTED),
        ("1022", Refused, ErrorCode.TEMPLATE_INVALID),
        ("1030", Temporary, ErrorCode.PROVIDER_DOWN),
        ("1040", Unreachable, ErrorCode.INVALID_ADDRESS),
        ("1050", Refused, ErrorCode.POLICY_REJECTED),
        ("1060", Misconfigured, ErrorCode.MISCONFIGURED),
        ("1070", Misconfigured, ErrorCode.MISCONFIGURED),
        ("1120", Misconfigured, ErrorCode.MISCONFIGURED),
        ("1160", Refused, ErrorCode.POLICY_REJECTED),
        ("1340", Refused, ErrorCode.WINDOW_CLOSED),
        ("1999", Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_code_leads_to_its_next_act(code, error, ours):
    with answering(problem(422, code, "words")) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (ours, code, "words")


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (Reply(500), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (problem(503, "1030", "Internal error"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(302), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(202, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (
            Reply.json({"done": True}, 202),
            OutcomeUnknown,
            ErrorCode.PROVIDER_DOWN,
        ),  # it left, and nobody knows its name
        (Reply(401), Misconfigured, ErrorCode.AUTH_FAILED),
        (problem(402, "low-balance", "top up"), Misconfigured, ErrorCode.MISCONFIGURED),
        (problem(403, "forbidden", "no"), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply(413), Refused, ErrorCode.UNKNOWN),
    ],
)
def test_an_answer_without_a_number_is_judged_by_its_status(reply, error, code):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert raised.value.code == code


@pytest.mark.parametrize(("headers", "wait"), [({"retry_after": "17"}, 17), ({}, 9), ({"retry_after": "soon"}, 9)])
def test_too_many_requests_are_waited_for(headers, wait):
    with answering(problem(429, "1000", "Throttled", **headers)) as provider, pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO), rate_pause=9)
    assert raised.value.retry_after == wait


def test_whoever_wrote_nothing_for_a_day_is_out_of_reach_of_a_text(whatsapp):
    whatsapp.closed.add(ANA)
    with pytest.raises(Refused) as raised:
        during(whatsapp, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code) == (ErrorCode.WINDOW_CLOSED, "1340")


def file(url="https://hub.example.com/files/1", size=10, kind="image/jpeg", name="box.jpg"):
    return File("a1", Path(name), kind, name, size, url)


def sending(payload, address=HERE, **files):
    return Outbound(token="1.1", address=address, payload=payload, files=files)


PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")
REPLY, POSTBACK = ReplyAction(label="Yes"), PostbackAction(label="Yes", value="y")


@pytest.mark.parametrize(
    ("outbound", "error", "code"),
    [
        (sending(Payload()), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload(media=(PICTURE,))), Refused, ErrorCode.MEDIA_UNREACHABLE),
        (sending(Payload(media=(PICTURE,)), a1=file(url=None)), Refused, ErrorCode.MEDIA_UNREACHABLE),
        (sending(Payload(media=(PICTURE,)), a1=file(size=5_000_001)), Refused, ErrorCode.MEDIA_TOO_LARGE),
        (sending(Payload(text="w", media=(PICTURE,)), a1=file()), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload(media=(PICTURE, PICTURE)), a1=file()), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload(contact_card=ContactCardPart(name="Max"))), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload(text="w", actions=(POSTBACK,))), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload(text="w"), Address(scheme="tel", value="PARCELS")), Unreachable, ErrorCode.INVALID_ADDRESS),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(whatsapp, outbound, error, code):
    with pytest.raises(error) as raised:
        during(whatsapp, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, whatsapp.requests) == (code, [])


@pytest.mark.parametrize(
    "payload",
    [
        Payload(media=(PICTURE,)),
        Payload(location=LocationPart(latitude=1, longitude=2)),
        Payload(text="w", actions=(REPLY,)),
    ],
)
def test_a_text_message_carries_text_only(provider, payload):
    with pytest.raises(Refused):
        during(provider, lambda plugin: plugin.send(sending(payload, a1=file())))
    with pytest.raises(Refused):
        during(provider, lambda plugin: plugin.react(OutboundReaction(HERE, "1", "👍")))
    assert provider.requests == []


def test_the_account_and_the_application_are_shown(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="Onethread", details={"application": APPLICATION}
    )
    bare = {name: value for name, value in SETTINGS.items() if name != "application_id"}
    with Simulator(bare) as other:
        assert during(other, lambda plugin: plugin.check()) == Account(name="abcd1234")
        with pytest.raises(Misconfigured, match="application_id"):
            during(other, lambda plugin: plugin.register(HOOK))


def test_the_webhook_is_set_and_everything_else_stays(provider):
    before = dict(provider.application)
    assert during(provider, lambda plugin: plugin.registration()) == Registration(
        url=None, details={"status_url": None}
    )
    asked = Registration(url=HOOK, details={"status_url": HOOK})
    assert during(provider, lambda plugin: plugin.register(HOOK)) == asked
    assert during(provider, lambda plugin: plugin.registration()) == asked
    target = {"address": HOOK, "http_method": "POST"}
    messages = {"webhooks": {"inbound_url": target, "status_url": target}, "version": "v1"}
    assert provider.application == {
        **before,
        "capabilities": {"voice": before["capabilities"]["voice"], "messages": messages},
    }
    with pytest.raises(Misconfigured, match="dashboard"):
        during(provider, lambda plugin: plugin.unregister())


@pytest.mark.parametrize(
    ("reply", "error"),
    [(Reply(401), Misconfigured), (Reply(404), Misconfigured), (Reply(503), Temporary), (Reply(200, b"?"), Temporary)],
)
def test_what_keeps_the_credentials_from_being_tried_is_told(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.check())


async def _read(plugin, source):
    fetched = await plugin.fetch(source)
    return b"".join([chunk async for chunk in fetched.chunks])


@pytest.mark.parametrize("key", [{}, {"private_key": private_key()}])
def test_vonages_own_files_are_fetched_with_credentials(key):
    with Simulator({**SETTINGS, **key}) as provider:
        provider.picture(b"octets of a picture")
        (name,) = provider._files
        source = f"{provider.url}/v3/media/{name}"
        assert during(provider, lambda plugin: _read(plugin, source)) == b"octets of a picture"
        with pytest.raises(Refused) as raised:
            during(provider, lambda plugin: _read(plugin, f"{provider.url}/v3/media/none"))
        assert raised.value.code == ErrorCode.MEDIA_UNREACHABLE


@pytest.mark.parametrize(
    ("source", "ours"),
    [
        ("https://api-us.nexmo.com/v3/media/1", True),
        ("https://media.vonage.com/1", True),
        ("http://api-us.nexmo.com/v3/media/1", False),  # nobody shall read them on the way
        ("https://nexmo.com.example.org/1", False),
        ("https://scontent.xx.fbcdn.net/1", False),
        ("https://[", False),
    ],
)
def test_credentials_go_to_vonage_alone(provider, source, ours):
    async def asked(plugin):
        return plugin.api._is_ours(source)

    assert during(provider, asked) is ours
