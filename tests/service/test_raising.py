"""`emergency.raise`: an agent or a bot calls a conversation an emergency, and all goes as if the customer had."""

from typing import Any

import pytest

from gateway.send.asks import Accepted, Order, Rejected
from gateway.send.orders import order
from normalizer.commands import RaiseEmergency
from normalizer.model import Author, AuthorKind, Priority
from tests.service.conftest import ADA, Shop, zulu

BOT = Author(kind=AuthorKind.BOT, ref="bot", name="Watson")


def raised(
    shop: Shop, author: Author = BOT, conversation_id: str | None = None, why: str | None = "smells of gas"
) -> Any:
    command = RaiseEmergency(conversation_id=conversation_id or shop.conversation_id, why=why)
    [result] = shop.write(order, Order("principal", author, command, shop.connectors))
    return result


def test_it_has_the_priority_the_timer_and_the_events_of_the_customers_own(shop: Shop) -> None:
    shop.hear("It hisses.")
    result = raised(shop)
    assert isinstance(result, Accepted)
    assert shop.rows("SELECT priority FROM conversations") == [(Priority.EMERGENCY,)]
    (expected, said), (alarm, data) = shop.waits()
    assert (expected, said["target"]) == ("reply.expected", 60.0)
    assert (alarm, data) == (
        "emergency.raised",
        {
            "conversation_id": shop.conversation_id,
            "message_id": result.message.id,
            "raised_at": zulu(shop.now),
            "due_at": said["expected_at"],
            "why": "smells of gas",
            "author": {"kind": "bot", "ref": "bot", "name": "Watson"},
        },
    )
    shop.later(seconds=120)
    shop.ring()
    assert [name for name, _ in shop.waits()][-1] == "emergency.overdue"
    assert shop.told() == []


def test_a_person_takes_it_and_a_bot_does_not(shop: Shop) -> None:
    shop.hear("It hisses.")
    raised(shop)
    shop.say("Open the windows.", author=BOT)
    assert shop.due() is not None
    shop.say("I am on my way.", author=ADA)
    assert [name for name, _ in shop.waits()][-1] == "emergency.accepted"
    assert shop.due() is None


def test_one_that_nobody_took_yet_is_not_raised_again(shop: Shop) -> None:
    shop.hear("It hisses.")
    raised(shop)
    again = raised(shop, ADA, why=None)
    assert isinstance(again, Accepted)
    assert again.repeated
    assert [name for name, _ in shop.waits()].count("emergency.raised") == 1


def test_one_that_was_taken_may_be_raised_again(shop: Shop) -> None:
    shop.hear("It hisses.")
    raised(shop)
    shop.say("I am on my way.", author=ADA)
    raised(shop)
    assert [name for name, _ in shop.waits()].count("emergency.raised") == 2


@pytest.mark.parametrize("closed", [True, False])
def test_what_nobody_could_answer_is_refused(shop: Shop, closed: bool) -> None:
    shop.hear("hello")
    if closed:
        shop.change(state="closed")
    refused = raised(shop, conversation_id=None if closed else "00000000-0000-7000-8000-000000000000")
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == ((409, "conflict") if closed else (404, "not_found"))
