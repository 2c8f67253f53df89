"""Comments under a community's posts: told in public, answered there, and never mixed with what is private."""

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs

import msgspec
import pytest
import structlog
from vk_community import HELLO, OLGA, SETTINGS, answering, during

from connectors.channels.vk import COMMENTS, EVENTS
from connectors.channels.vk.simulator import Simulator
from connectors.kit.base import Sent
from connectors.kit.errors import OutcomeUnknown, Refused, Unreachable
from connectors.kit.testing.simulator import Failure, Reply
from gateway.send.asks import Accepted
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import LocationPart, MediaKind, MediaPart, ReplyAction
from normalizer.payload import Payload
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, running

ANSWER = replace(HELLO, thread="wall:55:320")
FILE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")
PUBLIC = {**SETTINGS, "comments": True}


@pytest.fixture
def provider():
    with Simulator(PUBLIC, HOOK) as simulator:
        yield simulator


def numbered(told: bytes) -> int:
    return int(msgspec.json.decode(told)["object"]["id"])


def test_a_comment_is_answered_under_it_and_the_echo_is_no_message_more(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            asked = provider.commented("Size 42?", OLGA)
            assert [await beside.heard(provider.genuine(asked)) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("Yes."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            shown = (sent["owner_id"], sent["post_id"], sent["from_group"], sent["message"], sent["reply_to_comment"])
            assert shown == ("-777", "55", "777", "Yes.", str(numbered(asked)))
            assert await beside.heard(provider.genuine(provider.comment_echo(name))) == 200
            assert texts(beside.hub) == ["Size 42?", "Yes."]
            told = events(beside.hub, "message.received")[0]["data"]["route"]
            assert told["visibility"] == "public"

    asyncio.run(test())


def test_what_the_community_answers_at_vk_is_history(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            asked = provider.commented("Size 42?", OLGA)
            await beside.heard(provider.genuine(asked))
            stands = {"reply_to_user": 12345, "reply_to_comment": numbered(asked), "parents_stack": [numbered(asked)]}
            await beside.heard(provider.genuine(provider.commented("Yes, we have.", "-777", **stands)))
            assert texts(beside.hub) == ["Size 42?", "Yes, we have."]
            assert len(beside.conversations()) == 1
            assert provider.sent == {}

    asyncio.run(test())


def test_what_is_said_in_private_and_in_public_have_routes_of_their_own(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            await beside.heard(provider.genuine(provider.commented("Size 42?", OLGA)))
            await beside.heard(provider.genuine(provider.message("My card is lost", OLGA)))
            assert len(beside.conversations()) == 1
            routes = rows(beside.hub, "SELECT visibility FROM routes ORDER BY visibility")
            assert routes == [("private",), ("public",)]
            await beside.say("Let us see.")
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((_, sent),) = provider.sent.items()
            assert (sent["peer_ids"], sent["message"]) == (OLGA, "Let us see.")

    asyncio.run(test())


def test_what_is_edited_reads_so_and_what_is_deleted_is_gone(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            asked = provider.commented("Size 42?", OLGA)
            comment = msgspec.json.decode(asked)["object"]
            await beside.heard(provider.genuine(asked))
            await beside.heard(provider.genuine(provider.event("wall_reply_edit", {**comment, "text": "Size 43?"})))
            assert texts(beside.hub) == ["Size 43?"]
            gone = {"owner_id": -777, "id": comment["id"], "deleter_id": 12345, "post_id": 55}
            await beside.heard(provider.genuine(provider.event("wall_reply_delete", gone)))
            assert len(events(beside.hub, "message.redacted")) == 1

    asyncio.run(test())


def test_comments_that_are_not_asked_for_leave_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider, comments=False) as beside:
            assert await beside.heard(provider.genuine(provider.commented("Size 42?", OLGA))) == 200
            assert texts(beside.hub) == []

    asyncio.run(test())


def test_comments_are_asked_for_where_they_are_served(provider):
    during(provider, lambda plugin: plugin.register(HOOK))
    assert set(provider.servers[1]["events"]) == {*EVENTS, *COMMENTS}


def test_a_comment_written_again_is_the_same_one(provider):
    provider.next(Failure.LOST_ANSWER)

    async def twice(plugin):
        with pytest.raises(OutcomeUnknown):
            await plugin.send(ANSWER)
        return await plugin.send(ANSWER)

    assert during(provider, twice) == Sent(("wall:55:1",))
    assert len(provider.sent) == 1


def test_a_quoted_comment_is_the_one_answered_where_it_stands_under_the_same_post(provider):
    for quoted in ("wall:55:323", "wall:56:1", "12345:7"):
        quoting = replace(ANSWER, token=quoted, reply_to=quoted)
        during(provider, lambda plugin, quoting=quoting: plugin.send(quoting))
    under = [parse_qs(request.body.decode())["reply_to_comment"] for request in provider.requests]
    assert under == [["323"], ["320"], ["320"]]


@pytest.mark.parametrize(
    ("outbound", "error", "code"),
    [
        (replace(ANSWER, thread="wall:55"), Unreachable, ErrorCode.INVALID_ADDRESS),
        (replace(ANSWER, payload=Payload(text="x", media=(FILE,))), Refused, ErrorCode.MEDIA_UNSUPPORTED),
        (replace(ANSWER, payload=Payload()), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (
            replace(ANSWER, payload=Payload(text="x", actions=(ReplyAction(label="Yes"),))),
            Refused,
            ErrorCode.CONTENT_UNSUPPORTED,
        ),
        (
            replace(ANSWER, payload=Payload(text="x", location=LocationPart(latitude=1, longitude=2))),
            Refused,
            ErrorCode.CONTENT_UNSUPPORTED,
        ),
    ],
)
def test_what_a_comment_cannot_hold_is_refused_before_anything_leaves(provider, outbound, error, code):
    with pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (code, [])


@pytest.mark.parametrize("number", [211, 212, 213, 222])
def test_where_comments_are_closed_the_answer_is_refused(number):
    closed = Reply.json({"error": {"error_code": number, "error_msg": "words"}})
    with answering(closed) as provider, pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(ANSWER))
    assert (raised.value.code, raised.value.provider_code) == (ErrorCode.POLICY_REJECTED, str(number))


def test_nobody_is_shown_in_private_that_a_comment_is_being_answered(provider):
    during(provider, lambda plugin: plugin.typing(Address(scheme="vk", value=OLGA), "wall:55:320"))
    assert provider.requests == []


def test_of_what_one_person_wrote_the_message_is_shown_as_read_and_the_comment_is_not(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            assert await beside.heard(provider.genuine(provider.commented("Size 42?", OLGA))) == 200
            assert await beside.heard(provider.genuine(provider.message("My number is 4711", OLGA))) == 200
            await beside.read(*beside.conversations())
            await eventually(lambda: provider.read)

    with structlog.testing.capture_logs() as logs:
        asyncio.run(test())
    assert provider.read == [{"peer_id": OLGA}]
    assert [line for line in logs if line["event"] == "not told as read"] == []


def test_where_an_operator_wants_none_nobody_is_shown_that_they_were_read(tmp_path):
    async def test(provider):
        async with running(tmp_path, "vk", provider) as beside:
            assert await beside.heard(provider.genuine(provider.message("My number is 4711", OLGA))) == 200
            await beside.read(*beside.conversations())
            assert len(events(beside.hub, "conversation.read")) == 1

    with Simulator({**SETTINGS, "read_receipts": False}, HOOK) as silent:
        asyncio.run(test(silent))
    assert silent.read == []
