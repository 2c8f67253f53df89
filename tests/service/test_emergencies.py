"""What is urgent overtakes, and an emergency that nobody takes is noticed."""

from datetime import timedelta

import msgspec
import pytest

from normalizer.codec import encode
from normalizer.hours import Hours
from normalizer.model import Author, AuthorKind, Contact, ConversationState, Priority
from tests.service.conftest import SATURDAY, Shop, zulu

BOT = Author(kind=AuthorKind.BOT, ref="bot", name="Bot")
NEVER_OPEN = Hours(tz="UTC", week=((),) * 7)


def priorities(shop: Shop) -> list[tuple[str, str]]:
    return [(event["type"][10:-3], event["priority"]) for event in shop.events() if event["source"][1] == "c"][-4:]


def mark_vip(shop: Shop) -> None:
    [(id_, body)] = shop.rows("SELECT id, body FROM contacts")
    vip = msgspec.structs.replace(msgspec.json.decode(body, type=Contact), vip=True)
    shop.write(lambda transaction, _: transaction.change("UPDATE contacts SET body = ? WHERE id = ?", encode(vip), id_))


def test_an_emergency_is_raised_before_the_message_is_told(shop):
    shop.serve(targets={"emergency": 60.0, "pigeon": 600.0})
    shop.hear("there is smoke", priority=Priority.EMERGENCY)
    assert priorities(shop) == [
        ("conversation.updated", "emergency"),
        ("message.received", "emergency"),
        ("reply.expected", "emergency"),
        ("emergency.raised", "emergency"),
    ]
    message = shop.events()[-3]["subject"]
    expected, (_, raised) = shop.waits()
    assert expected[1]["target"] == 60.0
    assert raised == {
        "conversation_id": shop.conversation_id,
        "message_id": message,
        "raised_at": zulu(SATURDAY),
        "due_at": "2026-11-21T02:01:00Z",
        "why": "the sender called it an emergency",
        "author": None,
    }


def test_an_inbox_that_says_nothing_takes_emergencies_too(shop):
    shop.hear()
    shop.hear("there is smoke", 2, priority=Priority.EMERGENCY)
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected", "emergency.raised"]
    assert shop.due() == "2026-11-21T02:01:00Z"


def test_an_emergency_does_not_wait_for_opening_hours(shop):
    shop.serve(targets={"emergency": 60.0, "pigeon": 30.0}, hours=NEVER_OPEN)
    shop.hear("there is smoke", priority=Priority.EMERGENCY)
    assert shop.due() == "2026-11-21T02:00:30Z"


def test_an_agents_answer_accepts_it_and_a_bots_does_not(shop):
    shop.hear("there is smoke", priority=Priority.EMERGENCY)
    shop.later(seconds=5)
    shop.say(author=BOT)
    assert shop.due() is not None
    shop.later(seconds=5)
    answer = shop.say("get out; we are coming")
    assert shop.waits()[-1] == (
        "emergency.accepted",
        {
            "conversation_id": shop.conversation_id,
            "message_id": answer.message.id,
            "raised_at": zulu(SATURDAY),
            "due_at": "2026-11-21T02:01:00Z",
            "why": None,
            "author": {"kind": "agent", "ref": "key", "name": "Ada"},
        },
    )
    shop.later(minutes=5)
    assert (shop.ring(), shop.due()) == ([], None)


def test_one_that_nobody_takes_in_time_gives_the_alarm_once(shop):
    shop.hear("there is smoke", priority=Priority.EMERGENCY)
    shop.later(seconds=48)
    assert shop.ring() == []
    shop.later(seconds=12)
    (alarm,) = shop.ring()
    assert (alarm.conversation_id, alarm.number, alarm.inbox, alarm.connector) == (
        shop.conversation_id,
        1,
        "main",
        "support",
    )
    assert [type_ for type_, _ in shop.waits()] == [
        "reply.expected",
        "emergency.raised",
        "reply.due",
        "reply.overdue",
        "emergency.overdue",
    ]
    assert shop.waits()[-1][1]["message_id"] == shop.waits()[0][1]["message_id"]
    shop.later(days=1)
    assert shop.ring() == []


def test_further_cries_raise_no_second_one_until_a_person_answered(shop):
    for n in (1, 2, 3):
        shop.hear("help", n, priority=Priority.EMERGENCY)
    shop.say()
    shop.later(minutes=1)
    shop.hear("it is back", 4, priority=Priority.EMERGENCY)
    types = [type_ for type_, _ in shop.waits()]
    assert types == [
        *("reply.expected", "emergency.raised", "emergency.accepted"),
        *("reply.expected", "emergency.raised"),
    ]


def test_an_emergency_shortens_a_wait_that_had_begun(shop):
    shop.serve(targets={"pigeon": 3600.0})
    shop.hear()
    shop.later(minutes=1)
    shop.hear("there is smoke", 2, priority=Priority.EMERGENCY)
    assert shop.due() == "2026-11-21T02:02:00Z"
    shop.later(minutes=1)
    assert len(shop.ring()) == 1


def test_an_emergency_in_a_wait_that_is_nearly_over_does_not_lengthen_it(shop):
    shop.serve(targets={"pigeon": 3600.0})
    shop.hear()
    shop.later(minutes=59, seconds=30)
    shop.hear("there is smoke", 2, priority=Priority.EMERGENCY)
    assert shop.due() == "2026-11-21T03:00:00Z"
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected", "emergency.raised"]
    shop.later(seconds=30)
    assert len(shop.ring()) == 1


def test_an_emergency_in_a_wait_that_is_overdue_has_its_own_target(shop):
    shop.serve(targets={"pigeon": 3600.0})
    shop.hear()
    shop.later(hours=2)
    shop.ring()
    shop.hear("there is smoke", 2, priority=Priority.EMERGENCY)
    assert shop.due() == "2026-11-21T04:01:00Z"
    shop.later(minutes=1)
    assert len(shop.ring()) == 1


@pytest.mark.parametrize("ends", [{"state": ConversationState.CLOSED}, {"priority": Priority.NORMAL}])
def test_an_agent_who_closes_or_lowers_it_ends_the_alarm(shop, ends):
    shop.hear("there is smoke", priority=Priority.EMERGENCY)
    shop.change(**ends)
    shop.later(hours=1)
    assert shop.ring() == []
    assert "emergency.overdue" not in shop.types()


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("HELP me", True),
        ("helpful people", False),
        ("快救命啊", True),
        ("it is all right", False),
        ("x" * 5000 + " help", False),
    ],
)
def test_emergency_words_are_found_where_an_inbox_has_them(shop, text, raised):
    shop.serve(emergency_words=("Help", "救命"))
    shop.hear(text)
    assert ("emergency.raised" in shop.types()) is raised


def test_a_machine_raises_no_emergency(shop):
    shop.serve(emergency_words=("help",))
    shop.hear("help", auto=True, priority=Priority.EMERGENCY)
    assert shop.waits() == []


def test_what_a_sender_calls_urgent_raises_and_never_lowers(shop):
    shop.hear(priority=Priority.HIGH)
    shop.hear("never mind", 2, priority=Priority.BULK)
    updated = [event for event in shop.events() if "conversation.updated" in event["type"]]
    assert [event["data"]["conversation"]["priority"] for event in updated] == ["high"]


def test_a_vip_is_served_before_others(shop):
    shop.serve(targets={"pigeon": 600.0, "high": 120.0})
    shop.hear()
    shop.say()
    mark_vip(shop)
    shop.later(minutes=1)
    shop.hear("and another thing", 2)
    assert priorities(shop)[-3:] == [
        ("conversation.updated", "high"),
        ("message.received", "high"),
        ("reply.expected", "high"),
    ]
    assert shop.events()[-3]["data"]["why"] == "a VIP writes"
    assert shop.waits()[-1][1]["expected_at"] == zulu(SATURDAY + timedelta(minutes=3))


def test_without_targets_a_vip_is_looked_for_when_a_case_opens(shop):
    shop.serve(emergency_words=("help",))
    shop.hear()
    mark_vip(shop)
    shop.later(minutes=1)
    shop.hear("one more", 2)
    assert priorities(shop)[-1] == ("message.received", "normal")


def test_a_vip_who_opens_a_case_is_served_before_others_without_any_target(shop):
    shop.hear()
    mark_vip(shop)
    shop.change(state=ConversationState.CLOSED)
    shop.later(minutes=1)
    shop.hear("another matter", 2)
    assert priorities(shop)[-1] == ("message.received", "high")
