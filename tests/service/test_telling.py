"""What an inbox says by itself: to whom, in which words, and how seldom."""

from datetime import timedelta

import msgspec

from gateway.record.arrivals import record
from normalizer.codec import encode
from normalizer.hours import Hours, Span
from normalizer.inbound import ConsentChanged, Person
from normalizer.model import Consent, ConsentState, Contact, ConversationKind, Priority, Purpose
from normalizer.parts import CallPart, CallStatus
from tests.record.conftest import AT, peer, said
from tests.service.conftest import SATURDAY, Shop, us

OFFICE = Hours(tz="Asia/Shanghai", week=((Span(9 * 60, 21 * 60),),) * 6 + ((),))
TEXTS = {
    "closed": {"en": "We are back on {date} at {time}.", "zh": "我们将于{date}{time}回复。"},
    "expected": {"en": "You hear from us by {time}.", "zh": "我们将在{time}前回复。"},
    "emergency": {"en": "Somebody is alarmed.", "zh": "已通知值班人员。"},
}
SERVES = {"targets": {"pigeon": 600.0}, "hours": OFFICE, "texts": TEXTS, "languages": ("en", "zh")}
SUNDAY = SATURDAY + timedelta(days=1)
MONDAY = SATURDAY + timedelta(days=2)


def speaking(locale: str | None, sender: str = "7"):
    person = peer(sender).person
    return type(peer())(person=Person(address=person.address, name=person.name, locale=locale))


def update(shop: Shop, **values) -> None:
    [(id_, body)] = shop.rows("SELECT id, body FROM contacts")
    contact = msgspec.structs.replace(msgspec.json.decode(body, type=Contact), **values)
    sql = "UPDATE contacts SET body = ? WHERE id = ?"
    shop.write(lambda transaction, _: transaction.change(sql, encode(contact), id_))


def test_the_customer_is_told_the_expected_time_at_once(shop):
    shop.serve(**SERVES)
    shop.hear()
    assert shop.types()[-3:] == ["message.received", "reply.expected", "message.created"]
    event = shop.events()[-1]
    message = event["data"]["message"]
    assert {name: message[name] for name in ("text", "direction", "author", "purpose", "auto", "route_id")} == {
        "text": "You hear from us by 10:10.",
        "direction": "out",
        "author": {"kind": "system", "ref": None, "name": None},
        "purpose": "auto",
        "auto": True,
        "route_id": shop.rows("SELECT id FROM routes")[0][0],
    }
    assert [int(each["sequence"]) for each in shop.events()[1:]] == [1, 2, 3, 4, 5]
    expires = us(SATURDAY + timedelta(minutes=10))
    sql = "SELECT message_id, connector_id, status, expires_at, CAST(body AS TEXT) ->> '$.why' FROM deliveries"
    assert shop.rows(sql) == [(message["id"], "support", "queued", expires, "the route written from")]
    assert shop.due() is not None


def test_outside_opening_hours_the_next_opening_is_told(shop):
    shop.serve(**SERVES)
    shop.now = SUNDAY
    shop.hear()
    assert shop.told() == ["We are back on 23 November 2026 at 9:00."]


def test_it_is_told_in_the_language_of_who_writes(shop):
    shop.serve(**SERVES)
    shop.now = SUNDAY
    shop.hear(peer=speaking("zh-Hant-TW"))
    assert shop.told() == ["我们将于11月23日9:00回复。"]


def test_a_language_nobody_wrote_a_text_in_gets_the_inboxs_first(shop):
    shop.serve(**SERVES | {"languages": ("zh", "en")})
    shop.hear(peer=speaking("fi"))
    assert shop.told() == ["我们将在10:10前回复。"]


def test_what_is_known_of_the_contact_counts_where_the_message_does_not_say(shop):
    shop.serve(**SERVES | {"texts": {}})
    shop.hear()
    update(shop, locale="zh", timezone="Europe/Berlin")
    shop.serve(**SERVES)
    shop.say()
    shop.later(hours=1)
    shop.hear("one more", 2)
    assert shop.told() == ["我们将在4:10前回复。"]


def test_a_zone_that_is_none_leaves_the_inboxs(shop):
    shop.serve(**SERVES | {"texts": {}})
    shop.hear()
    update(shop, timezone="../../etc/passwd")
    shop.serve(**SERVES)
    shop.say()
    shop.hear("one more", 2)
    assert shop.told() == ["You hear from us by 10:10."]


def test_it_is_told_once_a_day_of_the_inboxs_zone(shop):
    shop.serve(**SERVES)
    for n, at in enumerate((SUNDAY, SUNDAY + timedelta(hours=13, minutes=59)), 1):
        shop.now = at
        shop.hear("anybody there?", n)
    assert len(shop.told()) == 1
    shop.now = SUNDAY + timedelta(hours=14)  # midnight in Shanghai
    shop.hear("and now?", 3)
    assert shop.told() == ["We are back on 23 November 2026 at 9:00."] * 2


def test_messages_recorded_together_are_told_once(shop):
    shop.serve(**SERVES)
    shop.write(record, *(shop.arrival(said("hello", n)) for n in range(1, 9)))
    assert len(shop.told()) == 1


def test_while_it_is_open_only_who_begins_to_wait_is_told(shop):
    shop.serve(**SERVES | {"targets": {"pigeon": 86_400.0}})
    shop.hear()
    shop.now = MONDAY
    shop.hear("still waiting", 2)
    assert len(shop.told()) == 1


def test_its_own_text_is_no_answer_and_answers_no_machine(shop):
    shop.serve(**SERVES)
    shop.hear()
    assert shop.due() is not None
    shop.now = MONDAY
    shop.hear("I am on holiday", 2, auto=True)
    assert len(shop.told()) == 1


def test_a_group_is_told_nothing(shop):
    shop.serve(**SERVES)
    group = msgspec.structs.replace(peer("all"), kind=ConversationKind.GROUP)
    shop.hear(peer=group)
    assert shop.told() == []


def test_who_opted_out_is_told_nothing(shop):
    shop.serve(**SERVES)
    shop.record(consent(ConsentState.OPTED_OUT, None))
    shop.hear()
    assert shop.told() == []


def test_who_wants_no_automatic_texts_is_told_nothing(shop):
    shop.serve(**SERVES)
    shop.hear()
    assert len(shop.told()) == 1
    update(shop, consent=(Consent(channel="pigeon", purpose=Purpose.AUTO, state="opted_out", source="desk", at=AT),))
    shop.now = MONDAY
    shop.say()
    shop.hear("hello", 2)
    assert len(shop.told()) == 1


def consent(state, purpose):
    key = f"consent:{state}:{purpose}"
    return ConsentChanged(key=key, peer=peer(), state=state, purpose=purpose, source="menu", occurred_at=AT)


def test_stop_is_no_question(shop):
    shop.serve(**SERVES)
    shop.record(said("STOP"), consent(ConsentState.OPTED_OUT, None))
    assert (shop.told(), shop.waits()) == ([], [])


def test_an_emergency_is_told_whatever_was_told_before(shop):
    shop.serve(**SERVES)
    shop.now = SUNDAY
    shop.hear()
    shop.hear("there is smoke", 2, priority=Priority.EMERGENCY)
    shop.hear("hurry", 3, priority=Priority.EMERGENCY)
    assert shop.told() == ["We are back on 23 November 2026 at 9:00.", "Somebody is alarmed."]
    ranks = shop.rows("SELECT rank, expires_at IS NULL FROM deliveries ORDER BY id")
    assert ranks == [(2, 0), (0, 1)]


def test_without_a_text_for_closed_the_expected_time_is_told(shop):
    shop.serve(**SERVES | {"texts": {"expected": {"en": "By {date}, {time}."}}})
    shop.now = SUNDAY
    shop.hear()
    assert shop.told() == ["By 23 November 2026, 9:10."]


def test_two_conversations_are_told_each(shop):
    shop.serve(**SERVES)
    shop.hear()
    shop.hear(sender="8")
    assert len(shop.told()) == 2


def test_who_rang_in_vain_is_expected_an_answer_and_rung_up_by_no_machine(shop):
    shop.serve(**SERVES)
    call = CallPart(call_id="c", status=CallStatus.MISSED)
    shop.hear("Missed call", parts=(call,))
    assert shop.told() == []
    assert shop.due() is not None
