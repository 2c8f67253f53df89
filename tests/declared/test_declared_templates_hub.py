"""Templates through a whole hub: what is named leaves by its name, and what there is not never leaves."""

import asyncio
from importlib import import_module
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from declared_channels import FOLDERS

from connectors.kit import registry
from connectors.kit.fixtures import read_fixtures
from connectors.kit.testing.simulator import Reply
from gateway.send.asks import Accepted, Rejected
from normalizer.parts import TemplatePart
from tests.background.heronry import events, eventually, rows
from tests.channels import beside

TO = "+8618501234444"
ZENVIA = "c2c3e42d-6fb7-4ad6-897a-dd7613469f58"


def provider_of(name):
    simulator = import_module(f"{registry.load(name).__module__}.simulator").Simulator
    return simulator(read_fixtures(FOLDERS[name] / "fixtures").config, beside.HOOK)


def tencent(request):
    told = msgspec.json.decode(request.body)
    return told["TemplateId"], told["TemplateParamSet"]


def aliyun(request):
    told = dict(parse_qsl(urlsplit(request.path).query))
    return told["TemplateCode"], msgspec.json.decode(told["TemplateParam"])


def zenvia(request):
    (told,) = msgspec.json.decode(request.body)["contents"]
    return (told["templateId"], told["fields"]) if told["type"] == "template" else ("", told["text"])


CHANNELS = {
    "tencent_sms": (tencent, "1111", "111", "1112", ["881", "Friday"], ("1110", ["hi"])),
    "aliyun_sms": (
        aliyun,
        "SMS_123456790",
        "SMS_12345679",
        "SMS_123456791",
        {"number": "881", "day": "Friday"},
        ("SMS_123456789", {"text": "hi"}),
    ),
    "zenvia_whatsapp": (
        zenvia,
        ZENVIA,
        ZENVIA[:-1],
        "5d7a6f4e-0b5a-4c84-9d2f-2f6b1c8a9e31",
        {"protocol": "881", "user": "Friday"},
        ("", "hi"),
    ),
}
"""By channel: what reads a request, a template, a name near it, one that is not approved, and what fills them."""


def part(name, *values):
    return (TemplatePart(name=name, language="zh_CN", body=values),)


@pytest.mark.parametrize("name", CHANNELS)
def test_what_a_command_names_is_what_leaves(tmp_path, name):
    reads, there, near, waiting, filled, plain = CHANNELS[name]

    async def test(provider):
        async with beside.running(tmp_path, name, provider) as at:
            # Who never wrote is written to by a template alone on WhatsApp, so they write.
            await at.heard(provider.genuine(provider.message("hello", TO.removeprefix("+"))))
            for words in (
                {"parts": part(there, "881", "Friday")},
                {"parts": part(near, "881", "Friday")},
                {"parts": part(there, "881")},
                {"parts": part(waiting, "1")},
                {},
            ):
                assert isinstance(await at.say("hi", TO, **words), Accepted)
            await eventually(lambda: at.statuses() == ["accepted", "failed", "failed", "failed", "accepted"])
            told = [event["data"]["delivery"].get("error") for event in events(at.hub, "delivery.updated")]
            return [error["detail"] for error in told if error is not None and error["code"] == "template_invalid"]

    with provider_of(name) as provider:
        details = asyncio.run(test(provider))
        sends = [reads(request) for request in provider.requests if provider.is_send(request)]
        asked = [request for request in provider.requests if not provider.is_send(request)]
    assert sends == [(there, filled), plain]
    assert details[0].startswith(f"there is no template {near!r}; there is ")
    assert (repr(there) in details[0], repr(waiting) in details[0]) == (True, False)
    assert details[1].startswith("the template has 2 places (")
    assert details[2].startswith(f"the template {waiting!r} may not be sent: ")
    assert len(asked) == 1


def test_a_list_that_the_key_may_not_ask_for_pauses_the_lane_and_loses_nothing(tmp_path):
    with provider_of("aliyun_sms") as known:
        kind = type(known)

    class Barred(kind):
        barred = True

        async def answer(self, request):
            if self.barred and not self.is_send(request):
                return Reply.json({"Code": "isp.RAM_PERMISSION_DENY", "Message": "no", "RequestId": "A"})
            return await super().answer(request)

    async def test(provider):
        async with beside.running(tmp_path, "aliyun_sms", provider) as at:
            await at.say("hi", TO, parts=part("SMS_123456790", "881", "Friday"))
            await eventually(lambda: rows(at.hub, "SELECT paused_until IS NOT NULL FROM lanes") == [(1,)])
            return at.statuses()

    with Barred(known.config, beside.HOOK) as provider:
        assert asyncio.run(test(provider)) == ["queued"]
        assert [provider.is_send(request) for request in provider.requests] == [False]


@pytest.mark.parametrize("name", ["zenvia_whatsapp", "kaleyra"])
def test_to_somebody_who_never_wrote_only_a_template_leaves(tmp_path, name):
    named = {"zenvia_whatsapp": part(ZENVIA, "881", "Friday"), "kaleyra": part("parcel", "881", "Friday")}

    async def test(provider):
        async with beside.running(tmp_path, name, provider) as at:
            refused = await at.say("hi", TO)
            assert (type(refused), refused.code) == (Rejected, "window_closed")
            assert isinstance(await at.say("hi", TO, parts=named[name]), Accepted)
            await eventually(lambda: at.statuses() == ["accepted"])

    with provider_of(name) as provider:
        asyncio.run(test(provider))
