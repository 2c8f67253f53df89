"""What a message points to: a reply token, a thread; and what a stolen one opens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.send.asks import Accepted
from normalizer.context import Context, Said
from normalizer.model import Proof
from tests.people.conftest import MAIL
from tests.people.sending import Sending


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sending]:
    """Mina's first conversation was answered and closed; her second is open. A closed one reopens within its time."""
    world = Sending(tmp_path, reopen_within=10**9, sharing="route")
    world.hear(world.mailbox, MAIL, "first", subject="Order 7")
    [(first,)] = world.rows("SELECT id FROM conversations")
    accepted = world.say(conversation_id=first, text="answer")
    assert isinstance(accepted, Accepted)
    world.deliver("mail")
    yield world
    world.whole()
    world.close()


def token(world: Sending) -> str:
    return world.sent("mail")[-1].token


def close(world: Sending, number: int) -> None:
    world.rows_changed("UPDATE conversations SET state = 'closed', closed_at = opened_at WHERE number = ?", number)
    world.rows_changed("UPDATE routes SET conversation_id = NULL")


def test_a_reply_token_leads_back_to_its_conversation(world: Sending) -> None:
    close(world, 1)
    world.hear(world.mailbox, MAIL, "reply", reply_token=token(world))
    assert world.told()[-1] == (1, "reply")
    assert world.events()[-2]["data"]["why"] == "reply token or thread"


def test_a_stolen_reply_address_leads_to_the_thiefs_own_conversation(world: Sending) -> None:
    world.hear(world.mailbox, "thief@example.com", "give me all", reply_token=token(world))
    assert world.told()[-1] == (2, "give me all")
    world.hear(world.mailbox, MAIL, "forged", reply_token=token(world), proof=Proof.ASSERTED)
    assert world.told()[-1] == (3, "forged")


def test_a_token_counts_for_the_address_it_was_sent_to_and_for_no_other_of_the_same_person(world: Sending) -> None:
    world.hear(world.mailbox, "other@example.com", "hello")
    world.merge(world.contact(MAIL), world.contact("other@example.com"), vouched=True)
    world.hear(world.mailbox, "other@example.com", "forwarded", reply_token=token(world))
    assert world.told()[-1] == (2, "forwarded")
    world.hear(world.mailbox, MAIL, "replied", reply_token=token(world))
    assert world.told()[-1] == (1, "replied")


@pytest.mark.parametrize("wrong", ["", "x", "nothing.1", "nothing.x", ".1", "0" * 5000])
def test_a_token_of_nothing_is_no_token(world: Sending, wrong: str) -> None:
    world.hear(world.mailbox, "other@example.com", "hello", reply_token=wrong)
    assert world.told()[-1] == (2, "hello")


def test_the_nearest_reference_that_is_known_leads_to_its_conversation(world: Sending) -> None:
    close(world, 1)
    world.hear(world.mailbox, MAIL, "reply", references=("unknown", "mail:out:1", "mail:1"))
    assert world.told()[-1] == (1, "reply")


def test_a_forged_reference_leads_nowhere(world: Sending) -> None:
    world.hear(world.mailbox, "thief@example.com", "as I said", references=("mail:out:1",), reply_to="mail:1")
    assert world.told()[-1] == (2, "as I said")


def test_a_thread_of_a_thousand_references_is_looked_up_at_its_end(world: Sending) -> None:
    close(world, 1)
    many = tuple(f"unknown:{n}" for n in range(1000))
    world.hear(world.mailbox, MAIL, "reply", references=(*many, "mail:out:1"))
    assert world.told()[-1] == (2, "reply")


def test_a_conversation_has_the_subject_of_its_first_message(world: Sending) -> None:
    world.hear(world.mailbox, MAIL, "more", subject="Re: Order 7")
    assert world.rows("SELECT subject FROM conversations") == [("Order 7",)]
    opened = next(event for event in world.events() if event["type"] == "onethread.conversation.opened.v1")
    assert opened["data"]["conversation"]["subject"] == "Order 7"


def test_a_subject_that_comes_later_becomes_that_of_a_conversation_without_one(world: Sending) -> None:
    world.hear(world.phone, "+447700900123", "hello")
    world.hear(world.phone, "+447700900123", "it is about", subject="Order 8")
    assert world.rows("SELECT subject FROM conversations WHERE number = 2") == [("Order 8",)]


def test_a_message_keeps_its_own_trust_and_where_it_was_written_from(world: Sending) -> None:
    context = Context(order=Said(value="7", signed=True), page=Said(value="/cart"))
    world.hear(world.mailbox, MAIL, "hello", trust=Proof.ASSERTED, context=context)
    message = world.events()[-1]["data"]["message"]
    assert message["trust"] == "asserted"
    assert message["context"]["order"] == {"value": "7", "signed": True}
    assert message["context"]["page"] == {"value": "/cart", "signed": False}
    assert message["context"]["device"] is None
