"""What 360dialog does otherwise than WhatsApp's own API; the rest is the family's."""

import asyncio

import pytest
from dialog360_number import SETTINGS, during

from connectors.channels.dialog360 import Dialog360
from connectors.channels.dialog360.simulator import Simulator
from connectors.families.meta.whatsapp.number import FILES
from connectors.kit.base import Account, Registration
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, Refused
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


async def octets(fetched):
    return b"".join([chunk async for chunk in fetched.chunks])


def test_the_webhook_is_set_with_what_proves_it(provider):
    async def act(plugin):
        return [await plugin.registration(), await plugin.register(HOOK), await plugin.registration()]

    assert during(provider, act) == [Registration(url=None), Registration(url=HOOK), Registration(url=HOOK)]
    assert provider.headers == {"x-webhook-secret": SETTINGS["webhook_secret"]}


def test_a_webhook_cannot_be_taken_away(provider):
    with pytest.raises(Misconfigured, match="until another takes its place"):
        during(provider, lambda plugin: plugin.unregister())


def test_a_key_is_tried_and_one_that_is_not_taken_is_told(provider):
    provider.webhook = HOOK
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="a number at 360dialog", details={"webhook": HOOK}
    )
    with pytest.raises(Misconfigured):
        during(provider, lambda plugin: plugin.check(), api_key="another-key-0001")


def test_a_file_whose_address_is_metas_is_fetched_with_the_key_at_360dialogs(provider):
    provider.held(b"a picture")
    (number,) = provider.files

    async def act(plugin):
        fetched = await plugin.fetch(f"media:{number}")
        return fetched.media_type, await octets(fetched)

    assert during(provider, act) == ("image/jpeg", b"a picture")
    asked, fetched = provider.requests
    assert (asked.path, fetched.path) == (f"/{number}", f"{FILES}{number}/0")
    assert fetched.headers["d360-api-key"] == SETTINGS["api_key"]


def test_a_file_that_is_gone_is_no_fault_of_the_connector(provider):
    with pytest.raises(Refused, match="does not exist"):
        during(provider, lambda plugin: plugin.fetch("media:12345"))


@pytest.mark.parametrize(
    ("change", "word"),
    [({"api_key": "short"}, "api_key"), ({"webhook_secret": "too short"}, "webhook_secret")],
)
def test_settings_that_cannot_work_are_refused(change, word):
    with pytest.raises(ValueError, match=word):
        configured(Dialog360.Config, {**SETTINGS, **change})


def test_a_picture_comes_a_template_leaves_and_its_report_comes_before_the_answer(tmp_path, provider):
    async def test():
        async with running(tmp_path, "dialog360", provider) as beside:
            assert await beside.heard(provider.genuine(provider.held(b"a picture", caption="broken"))) == 200
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            provider.next(Failure.LOST_ANSWER)
            assert isinstance(await beside.say("We send another."), Accepted)
            await eventually(lambda: beside.statuses() == ["uncertain"])
            (name,) = provider.sent
            for status in ("delivered", "sent", "read"):
                assert await beside.heard(provider.genuine(provider.report(name, status))) == 200
            await eventually(lambda: beside.statuses() == ["read"])
            assert texts(beside.hub) == ["broken", "We send another."]
        assert not any(secret.encode() in kept(tmp_path) for secret in SETTINGS.values())

    asyncio.run(test())
