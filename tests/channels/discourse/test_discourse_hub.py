"""A hub with this connector, and a forum beside it: what is public stays so, and nothing private is written there."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from forum import SETTINGS

from connectors.channels.discourse.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from normalizer.errors import ErrorCode
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_topic_is_answered_where_it_was_asked(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discourse", provider) as beside:
            said = provider.genuine(provider.post("Where is my order?", post_number=1))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert rows(beside.hub, "SELECT visibility, thread FROM routes") == [("public", "77")]
            assert isinstance(await beside.say("It left today."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert provider.posts == [{"raw": "It left today.", "topic_id": 77}]
            echo = provider.post("It left today.", username="support", staff=True)
            assert await beside.heard(provider.genuine(echo)) == 200
            assert texts(beside.hub) == ["Where is my order?", "It left today."]
        for secret in ("api_key", "webhook_secret"):
            assert SETTINGS[secret].encode() not in kept(tmp_path)

    asyncio.run(test())


def test_what_was_said_in_private_never_leaves_in_public(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discourse", provider) as beside:
            await beside.heard(provider.genuine(provider.post("Where is my order?")))
            private = provider.post("My number is 4711", topic_id=78, topic_archetype="private_message")
            await beside.heard(provider.genuine(private))
            routes = dict(rows(beside.hub, "SELECT visibility, id FROM routes"))
            refused = await beside.say("4711 left today", route_id=routes["public"])
            assert isinstance(refused, Rejected)
            assert refused.code == ErrorCode.PRIVATE_ON_PUBLIC
            assert isinstance(await beside.say("4711 left today", route_id=routes["private"]), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert provider.posts == [{"raw": "4711 left today", "topic_id": 78}]

    asyncio.run(test())


def test_edits_and_deletions_are_followed(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discourse", provider) as beside:
            first = {"id": 900, "post_number": 3}
            await beside.heard(provider.genuine(provider.post("Where is my ordre?", **first)))
            provider.event = "post_edited"
            await beside.heard(provider.genuine(provider.post("Where is my order?", **first, version=2)))
            assert texts(beside.hub) == ["Where is my order?"]
            provider.event = "post_destroyed"
            await beside.heard(provider.genuine(provider.post("Where is my order?", **first, version=2)))
            assert len(events(beside.hub, "message.redacted")) == 1
            assert texts(beside.hub) == [""]

    asyncio.run(test())


def test_what_is_not_signed_is_refused_and_not_kept(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discourse", provider) as beside:
            wire = provider.genuine(provider.message("Hello"))
            assert await beside.heard(replace(wire, body=wire.body + b" ")) == 403
            assert rows(beside.hub, "SELECT count(*) FROM raws") == [(0,)]

    asyncio.run(test())


def test_one_that_cannot_be_read_is_set_aside(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discourse", provider) as beside:
            assert await beside.heard(provider.genuine(provider.post("?", topic_archetype="shadow"))) == 200
            assert await beside.heard(provider.genuine(msgspec.json.encode({"post": {"id": 1}}))) == 200
            assert rows(beside.hub, "SELECT count(*) FROM quarantine") == [(2,)]
            assert texts(beside.hub) == []

    asyncio.run(test())


def test_a_lost_answer_is_not_repeated_and_too_much_is_waited_for(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discourse", provider, rate_pause=0.3) as beside:
            await beside.heard(provider.genuine(provider.message("Hello")))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("An answer")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            assert len(provider.posts) == 1
            provider.FAILURES = {
                **provider.FAILURES,
                Failure.RATE_LIMITED: replace(provider.FAILURES[Failure.RATE_LIMITED], body=b""),
            }
            provider.next(Failure.RATE_LIMITED)
            await beside.say("Another answer")
            await eventually(lambda: beside.statuses() == ["uncertain", "accepted"])
            assert [post["raw"] for post in provider.posts] == ["An answer", "Another answer"]

    asyncio.run(test())
