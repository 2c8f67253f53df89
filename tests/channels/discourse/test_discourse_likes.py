"""Likes are hearts: told by a webhook, given and taken back where the forum lets us."""

import asyncio

import pytest
from forum import HELLO, SETTINGS, answering, during

from connectors.channels.discourse.parse import HEART
from connectors.channels.discourse.simulator import Simulator, answered, failed
from connectors.kit.base import OutboundReaction, Sent
from connectors.kit.errors import Refused, Temporary
from normalizer.errors import ErrorCode
from tests.background.heronry import events, eventually
from tests.channels.beside import HOOK, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def react(provider, reaction, external_id="77/4"):
    wanted = OutboundReaction(HELLO.address, external_id, reaction, "77")
    return during(provider, lambda plugin: plugin.react(wanted))


def done(provider):
    return [(request.method, request.path) for request in provider.requests if request.method != "GET"]


def test_a_like_is_given_once_and_taken_back_once(provider):
    assert [react(provider, HEART) for _ in range(2)] == [Sent(("77/4",))] * 2
    assert provider.liked == {77_004}
    for _ in range(2):
        react(provider, None)
    assert provider.liked == set()
    assert done(provider) == [
        ("POST", "/post_actions.json"),
        ("DELETE", "/post_actions/77004.json?post_action_type_id=2"),
    ]


def test_what_the_forum_does_not_let_us_like_is_not_tried(provider):
    provider.strict = True
    with pytest.raises(Refused) as raised:
        react(provider, HEART)
    assert (raised.value.code, done(provider)) == (ErrorCode.POLICY_REJECTED, [])


def test_what_is_no_post_is_not_liked(provider):
    with pytest.raises(Refused):
        react(provider, HEART, "../1")
    assert provider.requests == []


@pytest.mark.parametrize(
    ("reply", "error"), [(failed(404, "gone", "not_found"), Refused), (answered({"id": "x"}), Temporary)]
)
def test_a_post_that_cannot_be_had_says_why(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        react(provider, HEART)


def test_a_like_of_our_answer_is_told(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discourse", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Where is my order?")))
            await beside.say("It left today.")
            await eventually(lambda: beside.statuses() == ["accepted"])
            told = provider.genuine(provider.like(77, 2))
            assert [await beside.heard(told) for _ in range(2)] == [200, 200]
            assert [event["data"]["reaction"] for event in events(beside.hub, "reaction.added")] == [HEART]

    asyncio.run(test())
