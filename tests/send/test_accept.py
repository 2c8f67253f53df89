"""A command becomes one message and one delivery, or is refused with a word that says why."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.send.asks import Accepted, Rejected
from gateway.store.times import now
from normalizer.commands import MAX_PARTS, Recipient, SendMessage
from normalizer.inbound import ConsentChanged
from normalizer.model import ConsentState, Direction
from normalizer.parts import LocationPart, MediaKind, MediaPart
from tests.record.conftest import AT, peer, said
from tests.send.conftest import Desk, run


def test_a_reply_stands_in_the_history_and_waits_to_be_sent(desk: Desk) -> None:
    accepted = desk.say("hi", client_ref="c1")
    assert (accepted.message.direction, accepted.message.sequence, accepted.message.text) == ("out", 4, "hi")
    assert accepted.message.author.name == "Ada"
    assert accepted.delivery is not None
    assert (accepted.delivery.status, accepted.delivery.why) == ("queued", "last inbound route")
    assert desk.types()[-1] == "message.created"
    assert desk.events()[-1]["data"]["message"]["id"] == accepted.message.id


def test_the_same_key_sends_once_and_hears_the_same(desk: Desk) -> None:
    command = SendMessage(conversation_id=desk.conversation_id, text="hi")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: desk.ask(command, "key-1"), range(16)))
    assert len({answer.message.id for answer in answers}) == 1
    assert [answer.repeated for answer in answers].count(False) == 1
    assert desk.rows("SELECT count(*) FROM deliveries") == [(1,)]


def test_the_same_key_with_another_body_is_refused(desk: Desk) -> None:
    desk.ask(SendMessage(conversation_id=desk.conversation_id, text="hi"), "key-1")
    answer = desk.ask(SendMessage(conversation_id=desk.conversation_id, text="ho"), "key-1")
    assert isinstance(answer, Rejected)
    assert (answer.status, answer.code) == (422, "idempotency_mismatch")


def test_a_client_ref_is_a_key_too(desk: Desk) -> None:
    first, second = desk.say("hi", client_ref="a"), desk.say("hi", client_ref="a")
    assert first.message.id == second.message.id


def test_a_note_leaves_on_no_route(desk: Desk) -> None:
    accepted = desk.say("call her back", direction=Direction.NOTE)
    assert accepted.delivery is None
    assert accepted.message.route_id is None
    assert desk.rows("SELECT count(*) FROM deliveries") == [(0,)]


def test_somebody_known_is_reached_by_address(desk: Desk) -> None:
    accepted = desk.ask(SendMessage(to=Recipient(connector="support", address=" 7 "), text="hi"))
    assert isinstance(accepted, Accepted)
    assert accepted.message.conversation_id == desk.conversation_id
    assert accepted.delivery is not None
    assert accepted.delivery.why == "named address"


def test_a_contact_is_reached_by_id(desk: Desk) -> None:
    [(contact_id,)] = desk.rows("SELECT id FROM contacts")
    accepted = desk.ask(SendMessage(contact_id=contact_id, text="hi"))
    assert isinstance(accepted, Accepted)
    assert accepted.message.conversation_id == desk.conversation_id


LOCATION = LocationPart(latitude=1.0, longitude=2.0)
UNKNOWN_FILE = MediaPart(attachment_id="nope", kind=MediaKind.IMAGE, media_type="image/png")
REFUSED = {
    "nobody named": ({}, 422, "invalid_target"),
    "empty text": ({"text": "  "}, 422, "content_unsupported"),
    "too long": ({"text": "x" * 100_001}, 422, "content_unsupported"),
    "too many parts": ({"parts": (LOCATION,) * (MAX_PARTS + 1)}, 422, "content_unsupported"),
    "no character": ({"text": "hi\0"}, 422, "content_unsupported"),
    "no such file": (
        {"parts": (MediaPart(attachment_id="nope", kind="image", media_type="image/png"),)},
        422,
        "media_unreachable",
    ),
    "past": ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, 422, "expired"),
    "unknown address": ({"to": Recipient(connector="support", address="999")}, 422, "no_route"),
    "no address": ({"to": Recipient(connector="support", address="")}, 422, "invalid_address"),
    "unknown connector": ({"to": Recipient(connector="nowhere", address="7")}, 422, "no_route"),
    "unknown conversation": ({"conversation_id": "nope"}, 404, "not_found"),
    "unknown contact": ({"contact_id": "nope"}, 404, "not_found"),
    "unknown channel": ({"conversation": True, "channel": "smoke"}, 422, "no_route"),
    "unknown quotation": ({"conversation": True, "reply_to": "nope"}, 422, "invalid_reference"),
    "inbound": ({"conversation": True, "direction": Direction.IN}, 422, "invalid_direction"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_sent_is_refused_and_leaves_no_trace(desk: Desk, case: str) -> None:
    fields, status, code = REFUSED[case]
    values: dict[str, Any] = {"text": "hi", **fields}
    addressed = {"to", "conversation_id", "contact_id"} & values.keys()
    if values.pop("conversation", False) or (case != "nobody named" and not addressed):
        values["conversation_id"] = desk.conversation_id
    before = desk.events()
    answer = desk.ask(SendMessage(**values), "key")
    assert isinstance(answer, Rejected), answer
    assert (answer.status, answer.code) == (status, code)
    assert answer.detail
    assert desk.events() == before
    assert desk.rows("SELECT count(*) FROM idempotency") == [(0,)]


def test_a_message_without_words_still_reads_and_its_placeholder_is_not_sent(desk: Desk) -> None:
    accepted = desk.say("", parts=(LocationPart(latitude=1.0, longitude=2.0, name="the shop"),))
    assert accepted.message.text == "[location: the shop]"
    run(desk, accepted=1)
    assert "[location" not in "".join(outbound.payload.text for outbound in desk.plugin.sent)


def test_who_opted_out_is_not_written_to(desk: Desk) -> None:
    desk.record(ConsentChanged(key="c", peer=peer(), state=ConsentState.OPTED_OUT, source="blocked", occurred_at=AT))
    answer = desk.ask(SendMessage(conversation_id=desk.conversation_id, text="hi"))
    assert isinstance(answer, Rejected)
    assert (answer.status, answer.code) == (422, "opted_out")


def test_a_closed_conversation_opens_again_when_it_is_answered(desk: Desk) -> None:
    def close(transaction, items):
        transaction.change("UPDATE conversations SET state = 'closed', closed_at = 1")
        return items

    desk.writer.submit(close, None).result(10)
    assert desk.say("one more thing").message.conversation_id == desk.conversation_id
    assert desk.rows("SELECT state FROM conversations") == [("open",)]


def test_a_reply_quotes_the_message_it_answers(desk: Desk) -> None:
    [(message_id,)] = desk.rows("SELECT id FROM messages")
    desk.say("hi", reply_to=message_id)
    run(desk, accepted=1)
    assert desk.plugin.sent[0].reply_to == "7:1"


def test_the_answer_to_numbered_text_comes_back_as_a_choice(desk: Desk) -> None:
    from normalizer.parts import ReplyAction

    desk.say("Sure?", actions=(ReplyAction(label="Yes", value="y"), ReplyAction(label="No", value="n")))
    run(desk, accepted=1)
    assert "2. No" in "".join(outbound.payload.text for outbound in desk.plugin.sent)
    desk.record(said("2", 2))
    [part] = desk.events()[-1]["data"]["message"]["parts"]
    assert (part["type"], part["value"], part["label"]) == ("choice", "n", "No")
    desk.record(said("2", 3))
    assert desk.events()[-1]["data"]["message"]["parts"] == []


def test_a_number_written_long_after_the_question_is_no_choice(desk: Desk) -> None:
    from normalizer.parts import ReplyAction

    desk.say("Sure?", actions=(ReplyAction(label="Yes", value="y"), ReplyAction(label="No", value="n")))
    wait = timedelta(hours=1)
    run(desk, accepted=1, choice_wait=wait.total_seconds())
    desk.record(said("2", 2, occurred_at=now() + wait + timedelta(seconds=1)))
    assert desk.events()[-1]["data"]["message"]["parts"] == []
    desk.record(said("2", 3, occurred_at=now() + wait - timedelta(seconds=60)))  # written in time, and told late
    assert [part["value"] for part in desk.events()[-1]["data"]["message"]["parts"]] == ["n"]
