"""What the Cloud API answers, what is refused before anything leaves, and what is asked of it besides sending."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from whatsapp_number import FILE, HELLO, PICTURE, SECRETS, SETTINGS, TO, answering, during, saying, template

from connectors.channels.whatsapp import WhatsApp
from connectors.channels.whatsapp.simulator import FILES, Simulator
from connectors.families.meta.simulated import failed
from connectors.kit.base import Account, Registration
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import (
    ContactCardPart,
    LinkAction,
    LocationPart,
    MediaKind,
    MediaPart,
    ReplyAction,
)
from normalizer.payload import Payload
from tests.channels import beside
from tests.channels.beside import HOOK, NOW


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("code", "error", "named"),
    [
        (0, Misconfigured, ErrorCode.AUTH_FAILED),
        (1, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (2, Temporary, ErrorCode.PROVIDER_DOWN),
        (3, Misconfigured, ErrorCode.MISCONFIGURED),
        (4, Temporary, ErrorCode.RATE_LIMITED),
        (10, Misconfigured, ErrorCode.MISCONFIGURED),
        (33, Misconfigured, ErrorCode.AUTH_FAILED),
        (100, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (190, Misconfigured, ErrorCode.AUTH_FAILED),
        (230, Misconfigured, ErrorCode.MISCONFIGURED),
        (368, Misconfigured, ErrorCode.MISCONFIGURED),
        (80007, Temporary, ErrorCode.RATE_LIMITED),
        (130429, Temporary, ErrorCode.RATE_LIMITED),
        (130472, Refused, ErrorCode.POLICY_REJECTED),
        (130497, Unreachable, ErrorCode.POLICY_REJECTED),
        (131000, Temporary, ErrorCode.PROVIDER_DOWN),
        (131008, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (131016, Temporary, ErrorCode.PROVIDER_DOWN),
        (131021, Unreachable, ErrorCode.INVALID_ADDRESS),
        (131026, Unreachable, ErrorCode.UNREACHABLE),
        (131030, Unreachable, ErrorCode.UNREACHABLE),
        (131042, Misconfigured, ErrorCode.MISCONFIGURED),
        (131047, Refused, ErrorCode.WINDOW_CLOSED),
        (131048, Temporary, ErrorCode.RATE_LIMITED),
        (131049, Refused, ErrorCode.POLICY_REJECTED),
        (131050, Refused, ErrorCode.OPTED_OUT),
        (131051, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (131053, Refused, ErrorCode.MEDIA_UNREACHABLE),
        (131056, Temporary, ErrorCode.RATE_LIMITED),
        (131057, Temporary, ErrorCode.PROVIDER_DOWN),
        (132000, Refused, ErrorCode.TEMPLATE_INVALID),
        (132001, Refused, ErrorCode.TEMPLATE_INVALID),
        (132015, Refused, ErrorCode.TEMPLATE_INVALID),
        (133010, Misconfigured, ErrorCode.MISCONFIGURED),
        (133016, Temporary, ErrorCode.RATE_LIMITED),
        (999999, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_code_leads_to_its_next_act(code, error, named):
    reply = failed(400, code, "words", details="more words")
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code) == (named, str(code))
    assert raised.value.detail == "words (more words)"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(500), OutcomeUnknown),
        (failed(500, 999999, "what is this"), OutcomeUnknown),
        (Reply(302), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply.json({"messages": []}), OutcomeUnknown),
        (Reply(401), Misconfigured),
        (Reply(403), Misconfigured),
        (Reply(429), Temporary),
        (Reply(404), Refused),
    ],
)
def test_what_is_no_answer_of_graphs_is_judged_by_what_it_may_have_done(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


def test_too_much_pauses_the_lane_but_too_much_for_one_reader_only_that_one(provider):
    provider.next(Failure.RATE_LIMITED)
    with pytest.raises(Temporary) as all_of_them:
        during(provider, lambda plugin: plugin.send(HELLO), rate_pause=90)
    with answering(failed(400, 131056, "pair rate limit hit")) as other, pytest.raises(Temporary) as one_of_them:
        during(other, lambda plugin: plugin.send(HELLO))
    assert (all_of_them.value.retry_after, all_of_them.value.alone) == (90, False)
    assert (one_of_them.value.retry_after, one_of_them.value.alone) == (None, True)


@pytest.mark.parametrize(
    ("outbound", "error", "code"),
    [
        (saying(Payload()), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (saying(Payload(media=(PICTURE, PICTURE))), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (replace(saying(Payload(media=(PICTURE,))), files={}), Refused, ErrorCode.MEDIA_UNREACHABLE),
        (
            replace(saying(Payload(media=(PICTURE,))), files={"a1": replace(FILE, url="http://x.example/f")}),
            Refused,
            ErrorCode.MEDIA_UNREACHABLE,
        ),
        (
            saying(Payload(text="x", actions=(ReplyAction(label="Yes"), ReplyAction(label="Yes")))),
            Refused,
            ErrorCode.CONTENT_UNSUPPORTED,
        ),
        (
            saying(Payload(text="x", actions=(LinkAction(label="l", url="https://x"), ReplyAction(label="Yes")))),
            Refused,
            ErrorCode.CONTENT_UNSUPPORTED,
        ),
        (replace(HELLO, address=Address(scheme="whatsapp", value="ana")), Unreachable, ErrorCode.INVALID_ADDRESS),
        (replace(HELLO, address=Address(scheme="whatsapp", value="")), Unreachable, ErrorCode.INVALID_ADDRESS),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, outbound, error, code):
    with pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (type(raised.value), raised.value.code, provider.requests) == (error, code, [])


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (
            Payload(location=LocationPart(latitude=51.5, longitude=-0.125, name="Office")),
            "Office\n51.500000, -0.125000",
        ),
        (Payload(contact_card=ContactCardPart(name="Bo", phones=("+447700900333",))), "Bo\n+447700900333"),
        (
            Payload(media=(MediaPart(attachment_id="a1", kind=MediaKind.STICKER, media_type="image/webp"),)),
            "box.png\nhttps://x.example/f",
        ),
    ],
)
def test_what_cannot_stand_above_buttons_is_said_there(provider, payload, said):
    outbound = saying(msgspec.structs.replace(payload, actions=(ReplyAction(label="Yes"),)))
    if payload.media:
        outbound = replace(outbound, files={"a1": replace(FILE, media_type="image/webp")})
    during(provider, lambda plugin: plugin.send(outbound))
    (sent,) = provider.sent.values()
    assert sent["interactive"]["body"]["text"] == said


# --- templates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outbound", "says"),
    [
        (template("nonesuch"), "there is no template 'nonesuch' in 'en'"),
        (template("parcel", "fr", body=("Ana", "881"), buttons=("881",)), "there is no template 'parcel' in 'fr'"),
        (template("paused", picture=False), "the template 'paused' is paused"),
        (template(body=("Ana",), buttons=("881",)), "the template's body has 2 places, not 1"),
        (template(body=("Ana", "881")), "the template's buttons want 1 values, not 0"),
        (template(body=("Ana", "881"), buttons=("1", "2", "3")), "the template's buttons want 1 values, not 3"),
        (template(picture=False, body=("Ana", "881"), buttons=("881",)), "the template's head is a file: image"),
        (template("hello", "en_US"), "the template has no file at its head"),
        (template("greeting", picture=False), "the template's body has 1 places, not 0"),
    ],
)
def test_a_template_that_would_be_refused_does_not_leave(provider, outbound, says):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, raised.value.detail) == (ErrorCode.TEMPLATE_INVALID, says)
    assert not any(provider.is_send(request) for request in provider.requests)


def test_a_template_is_filled_in_the_order_of_its_places(provider):
    during(provider, lambda plugin: plugin.send(template(body=("Ana", "881"), buttons=("881", "parcel:stop"))))
    (sent,) = provider.sent.values()
    assert sent["template"] == {
        "name": "parcel",
        "language": {"code": "en"},
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://x.example/f"}}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "881"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "881"}]},
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "1",
                "parameters": [{"type": "payload", "payload": "parcel:stop"}],
            },
        ],
    }


def test_the_list_of_templates_is_believed_for_a_while_and_asked_for_anew_for_one_it_lacks(provider):
    at = [NOW]
    hello = template("hello", "en_US", picture=False)
    new = {"name": "new", "language": "en", "status": "APPROVED", "components": []}

    async def act(plugin):
        await plugin.send(hello)
        await plugin.send(hello)
        asked = [len(provider.requests)]
        provider.templates.append(new)
        with pytest.raises(Refused):  # so soon after it was asked for, the list is not asked for again
            await plugin.send(template("new", picture=False))
        at[0] += timedelta(seconds=31)
        await plugin.send(template("new", picture=False))
        asked.append(len(provider.requests))
        at[0] += timedelta(seconds=301)
        await plugin.send(hello)
        return [*asked, len(provider.requests)]

    assert during(provider, act, clock=lambda: at[0]) == [4, 8, 12]


# --- besides sending --------------------------------------------------------------------------------------------------


async def read(plugin, source):
    fetched = await plugin.fetch(source)
    return fetched.media_type, fetched.size, b"".join([chunk async for chunk in fetched.chunks])


def test_a_file_whose_address_ran_out_is_asked_for_anew(provider):
    provider.held(b"octets")
    (name,) = provider.files
    provider.over.add(f"{FILES}{name}/1")  # the simulator's next address
    with pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: read(plugin, f"media:{name}"))
    assert raised.value.code is ErrorCode.MEDIA_UNREACHABLE
    provider.over.add("elsewhere")
    assert during(provider, lambda plugin: read(plugin, f"media:{name}")) == ("image/jpeg", 6, b"octets")


@pytest.mark.parametrize("source", ["media:999", "media:../1077", "https://example.com/x", "media:"])
def test_a_file_that_is_gone_or_none_is_refused(provider, source):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: read(plugin, source))
    assert raised.value.code is ErrorCode.MEDIA_UNREACHABLE


def test_the_number_tells_who_it_is(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="Acme", details={"number": "+1 555-000-1111", "quality": "green"}
    )
    with answering(failed(401, 190, "expired")) as other, pytest.raises(Misconfigured):
        during(other, lambda plugin: plugin.check())


def test_the_webhook_is_set_shown_and_given_back(provider):
    asked = Registration(url=HOOK, details={"apps": 1})
    assert during(provider, lambda plugin: plugin.register(HOOK)) == asked
    assert during(provider, lambda plugin: plugin.registration()) == asked
    assert during(provider, lambda plugin: plugin.unregister()) == Registration(url=None, details={"apps": 1})


def test_a_group_is_shown_no_sign(provider):
    group = Address(scheme="whatsapp", value="group:Y2FwaV9ncm91cA==")
    during(provider, lambda plugin: plugin.typing_under(group, "wamid.1"))
    assert provider.requests == []
    during(provider, lambda plugin: plugin.typing_under(TO, "wamid.1"))
    assert [shown["message_id"] for shown in provider.shown] == ["wamid.1"]


def test_another_version_is_another_path():
    with Simulator({**SETTINGS, "version": "v26.0"}) as provider:
        during(provider, lambda plugin: plugin.send(HELLO))
        assert [request.path for request in provider.requests] == ["/v26.0/1077/messages"]


def test_the_log_of_exchanges_holds_no_secret(provider):
    kept = []
    beside.during(WhatsApp, provider, lambda plugin: plugin.register(HOOK), log=kept.append)
    assert kept
    assert not any(secret in repr(kept) for secret in SECRETS.values())
