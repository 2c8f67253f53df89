"""vkbottle's types judge: events and answers are theirs.

They want an older msgspec than ours, so they come with nothing here: `pip install vkbottle-types` into an environment
of its own runs this.
"""

import json
from datetime import UTC
from urllib.parse import parse_qs

import pytest
from vk_community import FIXTURES, HELLO, OLGA, SETTINGS, during

from connectors.channels.vk.answers import COMMENTED, SENT
from connectors.channels.vk.simulator import Simulator
from connectors.kit.fixtures import read_fixtures
from normalizer.inbound import MessageEdited, MessageReceived

pytest.importorskip("vkbottle_types", reason="vkbottle-types is not installed: it wants msgspec<0.22")
from vkbottle_types.codegen.responses.messages import MessagesSendUserIdsResponse
from vkbottle_types.codegen.responses.wall import WallCreateCommentResponse
from vkbottle_types.events import bot_events

CASES = {case.name: case for case in read_fixtures(FIXTURES).inbound}
KINDS = {
    "message_new": bot_events.MessageNew,
    "message_reply": bot_events.MessageReply,
    "message_edit": bot_events.MessageEdit,
    "message_allow": bot_events.MessageAllow,
    "message_deny": bot_events.MessageDeny,
    "message_typing_state": bot_events.MessageTypingState,
    "message_event": bot_events.MessageEvent,
}
STRANGE = {"text_before_5_103", "location_off_the_earth", "unknown_attachment", "photo_without_address"}
KNOWN = [case for case in CASES.values() if json.loads(case.request.body)["type"] in KINDS and case.name not in STRANGE]


@pytest.mark.parametrize("case", KNOWN, ids=str)
def test_each_event_is_one_of_theirs_and_reads_as_ours(case):
    told = json.loads(case.request.body)
    theirs = KINDS[told["type"]](**told)
    (ours,) = case.expected
    if not isinstance(ours, MessageReceived | MessageEdited) or told["type"] == "message_event":
        return
    message = theirs.object.message if told["type"] == "message_new" else theirs.object
    assert ours.external_id == f"{message.peer_id}:{message.conversation_message_id}"
    if message.text:
        assert ours.text.startswith(message.text)
    if isinstance(ours, MessageReceived):
        assert ours.occurred_at == message.date.astimezone(UTC)
        assert ours.peer.person.address.value == str(message.peer_id)
        assert ours.from_us == bool(message.out)
    urls = [file.source for file in ours.media or ()]
    assert len(urls) == sum(
        attachment.type.value in ("photo", "doc", "audio_message", "sticker", "graffiti")
        for attachment in message.attachments or ()
    )


@pytest.mark.parametrize("name", ["comment", "comment_answering", "comment_by_us"])
def test_each_comment_is_one_of_theirs_and_reads_as_ours(name):
    theirs = bot_events.WallReplyNew(**json.loads(CASES[name].request.body)).object
    (ours,) = CASES[name].expected
    first = (theirs.parents_stack or [theirs.id])[0]
    wrote = theirs.from_id if theirs.from_id > 0 else theirs.reply_to_user
    answered = theirs.reply_to_comment
    assert (ours.external_id, ours.peer.thread) == (
        f"wall:{theirs.post_id}:{theirs.id}",
        f"wall:{theirs.post_id}:{first}",
    )
    assert ours.reply_to == (f"wall:{theirs.post_id}:{answered}" if answered else None)
    assert (ours.peer.person.address.value, ours.text) == (str(wrote), theirs.text)
    assert ours.occurred_at == theirs.date.astimezone(UTC)


def test_a_deleted_comment_is_one_of_theirs():
    theirs = bot_events.WallReplyDelete(**json.loads(CASES["comment_deleted"].request.body)).object
    (ours,) = CASES["comment_deleted"].expected
    assert ours.external_id == f"wall:{theirs.post_id}:{theirs.id}"


def test_what_a_comment_is_answered_with_is_one_of_theirs():
    answer = {"response": {"comment_id": 10751, "parents_stack": []}}
    assert WallCreateCommentResponse(**answer).response.comment_id == 10751
    assert COMMENTED.decode(json.dumps(answer["response"])).comment_id == 10751


def test_the_simulators_answer_is_one_of_theirs():
    with Simulator(SETTINGS) as provider:
        sent = during(provider, lambda plugin: plugin.send(HELLO))
        told = {name: values[0] for name, values in parse_qs(provider.requests[0].body.decode()).items()}
    assert told["peer_ids"] == OLGA
    answer = {"response": [{"peer_id": 12345, "message_id": 1001, "conversation_message_id": 1}]}
    (theirs,) = MessagesSendUserIdsResponse(**answer).response
    (ours,) = SENT.decode(json.dumps(answer["response"]))
    assert (theirs.peer_id, theirs.conversation_message_id) == (ours.peer_id, ours.conversation_message_id)
    assert sent.external_ids == (f"{theirs.peer_id}:{theirs.conversation_message_id}",)
