"""A customer who waits: expected, reminded of, overdue, answered."""

from datetime import timedelta

import pytest

from gateway.record.arrivals import record
from gateway.service.due import Late, ring
from normalizer.hours import Hours, Span
from normalizer.model import Author, AuthorKind, ConversationKind, ConversationState, Direction, Purpose
from tests.record.conftest import peer, said
from tests.service.conftest import SATURDAY, Shop, us, zulu

BOT = Author(kind=AuthorKind.BOT, ref="bot", name="Bot")
SYSTEM = Author(kind=AuthorKind.SYSTEM)
OFFICE = Hours(tz="Asia/Shanghai", week=((Span(9 * 60, 21 * 60),),) * 5 + ((Span(600, 840), Span(900, 1080)), ()))


def reply(shop: Shop, **more):
    return {
        "conversation_id": shop.conversation_id,
        "message_id": shop.events()[4]["subject"],
        "priority": "normal",
        "target": 30.0,
        "expected_at": zulu(SATURDAY + timedelta(seconds=30)),
        "open": True,
        "opens_at": None,
        **more,
    }


def test_an_answer_is_expected_at_once(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    assert shop.types()[-2:] == ["message.received", "reply.expected"]
    message = shop.events()[-2]["subject"]
    assert shop.waits() == [("reply.expected", reply(shop, message_id=message))]
    assert shop.due() == "2026-11-21T02:00:30Z"
    event = shop.events()[-1]
    assert (event["source"], event["channel"], event["connector"]) == (
        f"/conversations/{shop.conversation_id}",
        "pigeon",
        "support",
    )
    assert [int(event["sequence"]) for event in shop.events()[1:]] == [1, 2, 3, 4]


def test_an_inbox_without_targets_expects_nothing(shop):
    shop.hear()
    assert (shop.waits(), shop.due(), shop.rows("SELECT * FROM timers")) == ([], None, [])


def test_a_channel_without_a_target_expects_nothing(shop):
    shop.serve(targets={"chat": 30.0})
    shop.hear()
    assert (shop.waits(), shop.due()) == ([], None)


@pytest.mark.engine("sqlite")
def test_a_known_customers_message_costs_an_inbox_without_service_no_statement(shop):
    shop.hear()
    statements = {}
    for n, settings in enumerate(({}, {"hours": OFFICE}, {"targets": {"pigeon": 30.0}}), 2):
        shop.serve(**settings)
        shop.later(seconds=1)
        shop.write(record, shop.arrival(said("more", n)), statements=statements.setdefault(n, []))
    plain, with_hours, with_targets = (" ".join(written) for written in statements.values())
    assert len(statements[2]) == len(statements[3]) > 3
    words = ("timers", "UPDATE conversations", "FROM contacts")
    assert [[word for word in words if word in text] for text in (plain, with_hours, with_targets)] == [
        [],
        [],
        list(words),
    ]


def test_the_first_of_several_messages_sets_the_time(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.later(seconds=20)
    shop.hear("anybody there?", 2)
    assert shop.due() == "2026-11-21T02:00:30Z"
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected"]


def test_it_is_reminded_of_and_then_overdue(shop):
    shop.serve(targets={"pigeon": 30.0}, remind=0.5)
    shop.hear()
    shop.later(seconds=14)
    shop.ring()
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected"]
    shop.later(seconds=1)
    assert shop.ring() == []
    shop.later(seconds=15)
    assert shop.ring() == []
    shop.later(days=1)
    shop.ring()
    expected = shop.waits()[0][1]
    assert shop.waits() == [("reply.expected", expected), ("reply.due", expected), ("reply.overdue", expected)]
    assert shop.events()[-1]["connector"] == "support"
    assert shop.events()[-1]["traceparent"][:35] == shop.events()[4]["traceparent"][:35]
    assert shop.rows("SELECT * FROM timers") == []
    assert shop.due() == "2026-11-21T02:00:30Z"


def test_a_clock_that_was_stopped_for_both_says_only_that_it_is_overdue(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.later(hours=1)
    shop.ring()
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected", "reply.overdue"]


def test_an_answer_ends_the_wait_and_the_next_message_begins_another(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.later(seconds=10)
    shop.say()
    assert (shop.due(), shop.rows("SELECT * FROM timers")) == (None, [])
    shop.later(minutes=5)
    shop.ring()
    shop.hear("thanks, and", 2)
    assert shop.due() == "2026-11-21T02:05:40Z"
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected", "reply.expected"]


def test_what_answers_and_what_does_not(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.say(direction=Direction.NOTE)
    shop.say(author=SYSTEM)
    shop.say(purpose=Purpose.NOTICE)
    shop.say(purpose=Purpose.AUTO)
    assert shop.due() is not None
    shop.say(author=BOT)
    assert shop.due() is None


def test_an_answer_from_outside_the_hub_is_one(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.hear("written on the phone", 2, from_us=True)
    assert shop.due() is None


def test_closing_the_conversation_ends_the_wait(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.change(state=ConversationState.CLOSED)
    assert (shop.due(), shop.rows("SELECT * FROM timers")) == (None, [])
    assert shop.events()[-1]["data"]["conversation"]["reply_due_at"] is None


def test_an_event_of_the_conversation_tells_until_when(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.change(subject="late parcel")
    assert shop.events()[-1]["data"]["conversation"]["reply_due_at"] == "2026-11-21T02:00:30Z"


def test_a_timer_that_rings_while_it_is_answered_and_asked_again_is_too_early(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.later(seconds=25)
    late = shop.rows("SELECT subject, due_at FROM timers")
    shop.say()
    shop.hear("one more", 2)
    assert late[0][1] <= us(shop.now)
    assert shop.write(ring, Late(late[0][0], shop.connectors)) == [None]
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected", "reply.expected"]


def test_hours_are_counted_and_the_next_opening_is_told(shop):
    shop.serve(targets={"pigeon": 3600.0}, hours=OFFICE)
    shop.now = SATURDAY + timedelta(hours=3, minutes=30)  # half past one, half an hour before the break
    shop.hear()
    assert shop.due() == "2026-11-21T07:30:00Z"
    shop.say()
    shop.now = SATURDAY + timedelta(days=1)
    shop.hear("on Sunday", 2)
    told = shop.waits()[-1][1]
    assert (told["open"], told["opens_at"]) == (False, "2026-11-23T01:00:00Z")
    assert told["expected_at"] == "2026-11-23T02:00:00Z"


def test_nobody_waits_in_a_group_nor_a_machine(shop):
    shop.serve(targets={"pigeon": 30.0})
    group = peer("all")
    shop.record(said("hi all", sender="all", peer=type(group)(person=group.person, kind=ConversationKind.GROUP)))
    shop.hear("I am on holiday", auto=True)
    assert shop.waits() == []


def test_a_message_told_twice_waits_once(shop):
    shop.serve(targets={"pigeon": 30.0})
    shop.hear()
    shop.later(seconds=5)
    shop.hear()
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected"]
    assert shop.due() == "2026-11-21T02:00:30Z"
