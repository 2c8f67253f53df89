"""A hub with a channel of Meta's, and Meta beside it: what is said under a post is heard and answered there."""

import asyncio
from typing import Any, NamedTuple

import pytest
import structlog

from connectors.channels.instagram import Instagram
from connectors.channels.instagram import simulator as on_instagram
from connectors.channels.messenger import Messenger
from connectors.channels.messenger import simulator as on_facebook
from connectors.kit.base import Outbound, Plugin
from connectors.kit.errors import Refused
from connectors.kit.testing.simulator import Failure, LoopbackSimulator
from gateway.send.asks import Accepted, Rejected
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import ReplyAction
from normalizer.payload import Payload
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, during, running

SECRETS = {"access_token": "nobody-shall-see-this-token", "app_secret": "0f1e2d3c4b5a69", "verify_token": "our-words"}


class Channel(NamedTuple):
    name: str
    plugin: type[Plugin[Any]]
    simulator: type[LoopbackSimulator]
    settings: dict[str, Any]
    writer: str
    """Who comments, and writes."""
    comments: tuple[str, str, str]
    """Ids as this one's are."""


CHANNELS = (
    Channel(
        "messenger",
        Messenger,
        on_facebook.Simulator,
        {"page_id": "1077", "app_id": "770077", **SECRETS},
        on_facebook.ANA,
        ("900_31", "900_32", "900_33"),
    ),
    Channel(
        "instagram",
        Instagram,
        on_instagram.Simulator,
        {"account_id": "17840001", **SECRETS},
        on_instagram.ANA,
        ("17900001", "17900002", "17900003"),
    ),
)


@pytest.fixture(params=CHANNELS, ids=lambda channel: channel.name)
def channel(request):
    return request.param


@pytest.fixture
def provider(channel):
    with channel.simulator(channel.settings, HOOK) as simulator:
        yield simulator


@pytest.fixture
def hub(tmp_path, channel, provider):
    """A running one, with settings of the connector's."""

    def run(**settings):
        return running(tmp_path, channel.name, provider, comments=True, **settings)

    return run


async def came(beside, provider, body):
    assert await beside.heard(provider.genuine(body)) == 200


def test_a_comment_is_answered_where_it_stands(hub, channel, provider):
    first, second, _ = channel.comments

    async def test():
        async with hub() as beside:
            said = provider.genuine(provider.commented(first, "What does it cost?"))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            await came(beside, provider, provider.commented(second, "And in red?", under=first))
            assert rows(beside.hub, "SELECT visibility, address, window_until FROM routes") == [
                ("public", f"comment:{first}", None)
            ]
            assert isinstance(await beside.say("Twenty.", actions=(ReplyAction(label="Red"),)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            [(name, written)] = provider.written.items()
            assert written == (first, "Twenty.\n1. Red")
            own = provider.commented(name, "Twenty.\n1. Red", under=first, **{"from": {"id": provider.owner}})
            await came(beside, provider, own)
            assert texts(beside.hub) == ["What does it cost?", "And in red?", "Twenty."]
            assert provider.sent == {}

    asyncio.run(test())


def test_what_is_said_in_the_name_of_the_account_elsewhere_is_recorded_and_not_sent(hub, channel, provider):
    first, second, third = channel.comments

    async def test():
        async with hub() as beside:
            await came(beside, provider, provider.commented(first, "What does it cost?"))
            own = {"from": {"id": provider.owner}}
            await came(beside, provider, provider.commented(second, "Twenty.", under=first, **own))
            await came(beside, provider, provider.commented(third, "New in the shop", **own))
            assert rows(beside.hub, "SELECT DISTINCT conversation_id FROM messages") == [(beside.conversations()[0],)]
            assert texts(beside.hub) == ["What does it cost?", "Twenty."]
            assert (beside.statuses(), provider.written) == ([], {})

    asyncio.run(test())


def test_what_somebody_writes_in_private_is_another_conversation_and_never_leaves_in_public(hub, channel, provider):
    first, *_ = channel.comments

    async def test():
        async with hub() as beside:
            await came(beside, provider, provider.message("My number is 4711"))
            await came(beside, provider, provider.commented(first, "What does it cost?"))
            private, public = beside.conversations()
            routes = dict(rows(beside.hub, "SELECT visibility, id FROM routes"))
            refused = await beside.say("4711 left today", conversation_id=private, route_id=routes["public"])
            assert isinstance(refused, Rejected)
            assert isinstance(await beside.say("Twenty.", conversation_id=public), Accepted)
            assert isinstance(await beside.say("4711 left today", conversation_id=private), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted", "accepted"])
            assert list(provider.written.values()) == [(first, "Twenty.")]
            assert [one["recipient"]["id"] for one in provider.sent.values()] == [channel.writer]
            assert len(rows(beside.hub, "SELECT id FROM identities WHERE value = ?", channel.writer)) == 1

    asyncio.run(test())


def test_a_lost_answer_is_not_repeated(hub, channel, provider):
    first, *_ = channel.comments

    async def test():
        async with hub() as beside:
            await came(beside, provider, provider.commented(first, "What does it cost?"))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("Twenty.")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            assert len(provider.written) == 1

    asyncio.run(test())


def test_comments_that_are_not_asked_for_are_not_kept(tmp_path, channel, provider):
    first, *_ = channel.comments

    async def test():
        async with running(tmp_path, channel.name, provider) as beside:
            await came(beside, provider, provider.commented(first, "What does it cost?"))
            assert texts(beside.hub) == []

    asyncio.run(test())


@pytest.mark.parametrize(
    ("comment", "payload", "code"),
    [
        ("me/messages", Payload(text="Hello"), ErrorCode.INVALID_ADDRESS),
        (None, Payload(text=" "), ErrorCode.CONTENT_UNSUPPORTED),
        (None, Payload(text="x", actions=(ReplyAction(label="x"),)), ErrorCode.CONTENT_UNSUPPORTED),
    ],
)
def test_what_a_comment_cannot_be_is_refused_before_anything_leaves(channel, provider, comment, payload, code):
    to = Address(scheme=channel.name, value=f"comment:{comment or channel.comments[0]}")
    outbound = Outbound(token="t.1", address=to, payload=payload)
    with pytest.raises(Refused) as raised:
        during(channel.plugin, provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (code, [])


def test_who_writes_is_shown_that_they_were_read_and_who_comments_is_not(hub, channel, provider):
    first, *_ = channel.comments

    async def test():
        async with hub() as beside:
            await came(beside, provider, provider.commented(first, "What does it cost?"))
            await came(beside, provider, provider.message("My number is 4711"))
            for conversation in beside.conversations():
                await beside.read(conversation)
            await eventually(lambda: provider.shown)
            assert len(events(beside.hub, "conversation.read")) == 2

    with structlog.testing.capture_logs() as logs:
        asyncio.run(test())
    assert provider.shown == [{"recipient": {"id": channel.writer}, "sender_action": "mark_seen"}]
    assert [line for line in logs if line["event"] == "not told as read"] == []


def test_where_an_operator_wants_none_nobody_is_shown_that_they_were_read(hub, provider):
    async def test():
        async with hub(read_receipts=False) as beside:
            await came(beside, provider, provider.message("My number is 4711"))
            await beside.read(*beside.conversations())
            assert len(events(beside.hub, "conversation.read")) == 1

    asyncio.run(test())
    assert provider.shown == []
