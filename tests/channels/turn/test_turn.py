"""What Turn.io does otherwise than WhatsApp's own API; the rest is the family's."""

import asyncio

import pytest
from turn_number import SETTINGS, during

from connectors.channels.turn import Turn
from connectors.channels.turn.simulator import Simulator, failed
from connectors.kit.base import Account, Outbound
from connectors.kit.config import configured
from connectors.kit.errors import BadPayload, Misconfigured, Refused, Temporary, Unreachable
from connectors.kit.fixtures import WireRequest
from connectors.kit.testing.simulator import Reply
from gateway.send.asks import Accepted
from normalizer.inbound import Address
from normalizer.parts import MediaKind, MediaPart
from normalizer.payload import Payload
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, answering, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def hello(**payload):
    return Outbound(token="1.1", address=Address(scheme="whatsapp", value="+447700900222"), payload=Payload(**payload))


def test_a_token_is_tried_by_asking_for_templates(provider):
    told = Account(name="a number of the account 2088", details={"templates": "4"})
    assert during(provider, lambda plugin: plugin.check()) == told
    with pytest.raises(Misconfigured):
        during(provider, lambda plugin: plugin.check(), token="another-token-0001")


@pytest.mark.parametrize(
    ("code", "status", "kind", "meant"),
    [
        (470, 400, Refused, "window_closed"),
        (1013, 404, Unreachable, "unreachable"),
        (1015, 429, Temporary, "rate_limited"),
        (2001, 400, Refused, "template_invalid"),
        (131047, 400, Refused, "window_closed"),
    ],
)
def test_codes_of_both_apis_are_known(code, status, kind, meant):
    with (
        answering(Simulator, SETTINGS, failed(status, code, "so it is")) as simulator,
        pytest.raises(kind) as told,
    ):
        during(simulator, lambda plugin: plugin.send(hello(text="hi")))
    assert (told.value.code, told.value.provider_code) == (meant, str(code))


def test_a_failure_to_bring_a_file_sends_nothing_and_is_tried_again(tmp_path, provider):
    class Full(Simulator):
        async def answer(self, request: WireRequest) -> Reply:
            if request.path == "/v1/media":
                return Reply(502)
            return await super().answer(request)

    async def test():
        with Full(SETTINGS, HOOK) as full:
            async with running(tmp_path, "turn", full) as beside:
                await beside.heard(full.genuine(full.held(b"a picture")))
                await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
                ((attachment,),) = rows(beside.hub, "SELECT id FROM attachments")
                part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
                assert isinstance(await beside.say("this?", parts=(part,)), Accepted)
                await eventually(lambda: rows(beside.hub, "SELECT status, attempt FROM deliveries") == [("queued", 2)])
                assert full.sent == {}

    asyncio.run(test())


def test_a_picture_comes_and_another_leaves_by_the_id_under_which_it_was_brought(tmp_path, provider):
    async def test():
        async with running(tmp_path, "turn", provider) as beside:
            await beside.heard(provider.genuine(provider.held(b"a picture", caption="broken")))
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment,),) = rows(beside.hub, "SELECT id FROM attachments")
            part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
            assert isinstance(await beside.say("this one?", parts=(part,)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert sent["image"] == {"id": "brought-2", "caption": "this one?"}
            assert provider.files["brought-2"] == ("image/jpeg", b"a picture")
            assert await beside.heard(provider.genuine(provider.report(name, "delivered"))) == 200
            await eventually(lambda: beside.statuses() == ["delivered"])
            assert texts(beside.hub) == ["broken", "this one?"]

    asyncio.run(test())


def test_a_file_that_is_gone_and_one_that_is_none_are_told_apart_from_trouble(provider):
    async def read(plugin, source):
        return [chunk async for chunk in (await plugin.fetch(source)).chunks]

    for source in ("media:nowhere", "media:../../v1/messages", "elsewhere"):
        with pytest.raises(Refused):
            during(provider, lambda plugin, source=source: read(plugin, source))


def test_a_request_that_holds_nothing_known_is_not_passed_over(provider):
    async def act(plugin):
        request = provider.genuine(b'{"contacts":[]}')
        return plugin.parse(request)

    with pytest.raises(BadPayload, match="neither messages nor statuses"):
        during(provider, act)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"token": "a"}, "token"), ({"hmac_secret": ""}, "hmac_secret"), ({"business_account_id": "x"}, "digits")],
)
def test_settings_that_cannot_work_are_refused(change, word):
    with pytest.raises(ValueError, match=word):
        configured(Turn.Config, {**SETTINGS, **change})
