"""What is said under a page's posts, where Facebook tells more than Instagram does."""

import asyncio

import pytest
from messenger_page import SETTINGS, during

from connectors.channels.messenger.simulator import Simulator
from tests.background.heronry import events, eventually, texts
from tests.channels.beside import HOOK, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def hub(folder, provider, **settings):
    return running(folder, "messenger", provider, comments=True, **settings)


async def came(beside, provider, body):
    assert await beside.heard(provider.genuine(body)) == 200


def test_edits_and_deletions_are_followed(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.commented("900_31", "What does it cosst?"))
            await came(beside, provider, provider.commented("900_31", "What does it cost?", verb="edited"))
            assert texts(beside.hub) == ["What does it cost?"]
            await came(beside, provider, provider.commented("900_31", "", verb="remove"))
            assert texts(beside.hub) == [""]
            assert len(events(beside.hub, "message.redacted")) == 1

    asyncio.run(test())


def test_a_visitors_post_is_answered_under_it(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            post = {"item": "post", "post_id": "1077_901"}
            await came(beside, provider, provider.commented("", "Do you open on Sundays?", **post))
            await beside.say("Until noon.")
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert list(provider.written.values()) == [("1077_901", "Until noon.")]

    asyncio.run(test())


def test_the_webhook_is_asked_for_comments_too(provider):
    asked = during(provider, lambda plugin: plugin.register(HOOK), comments=True)
    assert "feed" in asked.details["fields"]
