"""A hub with this connector, and Instagram beside it: what is said under a post is heard and answered there."""

import asyncio

import pytest
import structlog
from instagram_account import SETTINGS, during

from connectors.channels.instagram.simulator import ANA, Simulator
from connectors.kit.base import Outbound
from connectors.kit.errors import Refused
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import ReplyAction
from normalizer.payload import Payload
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def hub(folder, provider, **settings):
    return running(folder, "instagram", provider, comments=True, **settings)


async def came(beside, provider, body):
    assert await beside.heard(provider.genuine(body)) == 200


def test_a_comment_is_answered_where_it_stands(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            said = provider.genuine(provider.commented("17900001", "What does it cost?"))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            await came(beside, provider, provider.commented("17900002", "And in red?", under="17900001"))
            assert rows(beside.hub, "SELECT visibility, address, window_until FROM routes") == [
                ("public", "comment:17900001", None)
            ]
            assert isinstance(await beside.say("Twenty.", actions=(ReplyAction(label="Red"),)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            [(name, written)] = provider.written.items()
            assert written == ("17900001", "Twenty.\n1. Red")
            own = provider.commented(name, "Twenty.\n1. Red", under="17900001", **{"from": {"id": provider.owner}})
            await came(beside, provider, own)
            assert texts(beside.hub) == ["What does it cost?", "And in red?", "Twenty."]
            assert provider.sent == {}

    asyncio.run(test())


def test_what_is_said_in_the_name_of_the_account_elsewhere_is_recorded_and_not_sent(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.commented("17900001", "What does it cost?"))
            own = {"from": {"id": provider.owner}}
            await came(beside, provider, provider.commented("17900002", "Twenty.", under="17900001", **own))
            await came(beside, provider, provider.commented("17900003", "New in the shop", **own))
            assert rows(beside.hub, "SELECT DISTINCT conversation_id FROM messages") == [(beside.conversations()[0],)]
            assert texts(beside.hub) == ["What does it cost?", "Twenty."]
            assert (beside.statuses(), provider.written) == ([], {})

    asyncio.run(test())


def test_what_somebody_writes_in_private_is_another_conversation_and_never_leaves_in_public(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("My number is 4711"))
            await came(beside, provider, provider.commented("17900001", "What does it cost?"))
            private, public = beside.conversations()
            routes = dict(rows(beside.hub, "SELECT visibility, id FROM routes"))
            refused = await beside.say("4711 left today", conversation_id=private, route_id=routes["public"])
            assert isinstance(refused, Rejected)
            assert isinstance(await beside.say("Twenty.", conversation_id=public), Accepted)
            assert isinstance(await beside.say("4711 left today", conversation_id=private), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted", "accepted"])
            assert list(provider.written.values()) == [("17900001", "Twenty.")]
            assert [one["recipient"]["id"] for one in provider.sent.values()] == [ANA]
            assert len(rows(beside.hub, "SELECT id FROM identities WHERE value = ?", ANA)) == 1

    asyncio.run(test())


def test_a_lost_answer_is_not_repeated(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.commented("17900001", "What does it cost?"))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("Twenty.")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            assert len(provider.written) == 1

    asyncio.run(test())


def test_comments_that_are_not_asked_for_are_not_kept(tmp_path, provider):
    async def test():
        async with running(tmp_path, "instagram", provider) as beside:
            await came(beside, provider, provider.commented("17900001", "What does it cost?"))
            assert texts(beside.hub) == []

    asyncio.run(test())


@pytest.mark.parametrize(
    ("value", "payload", "code"),
    [
        ("comment:me/messages", Payload(text="Hello"), ErrorCode.INVALID_ADDRESS),
        ("comment:17900001", Payload(text=" "), ErrorCode.CONTENT_UNSUPPORTED),
        ("comment:17900001", Payload(text="x", actions=(ReplyAction(label="x"),)), ErrorCode.CONTENT_UNSUPPORTED),
    ],
)
def test_what_a_comment_cannot_be_is_refused_before_anything_leaves(provider, value, payload, code):
    to = Address(scheme="instagram", value=value)
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(Outbound(token="t.1", address=to, payload=payload)))
    assert (raised.value.code, provider.requests) == (code, [])


def test_who_writes_is_shown_that_they_were_read_and_who_comments_is_not(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.commented("17900001", "What does it cost?"))
            await came(beside, provider, provider.message("My number is 4711"))
            for conversation in beside.conversations():
                await beside.read(conversation)
            await eventually(lambda: provider.shown)
            assert len(events(beside.hub, "conversation.read")) == 2

    with structlog.testing.capture_logs() as logs:
        asyncio.run(test())
    assert provider.shown == [{"recipient": {"id": ANA}, "sender_action": "mark_seen"}]
    assert [line for line in logs if line["event"] == "not told as read"] == []


def test_where_an_operator_wants_none_nobody_is_shown_that_they_were_read(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider, read_receipts=False) as beside:
            await came(beside, provider, provider.message("My number is 4711"))
            await beside.read(*beside.conversations())
            assert len(events(beside.hub, "conversation.read")) == 1

    asyncio.run(test())
    assert provider.shown == []
