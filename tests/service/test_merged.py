"""Two conversations that become one: who waited in either still waits."""

from gateway.people.merge import merge
from gateway.record.desk import Desk
from normalizer.model import Priority
from tests.service.conftest import Shop


def unite(shop: Shop) -> None:
    def apply(transaction, _):
        desk = Desk(transaction)
        merge(desk, *(id_ for (id_,) in shop.rows("SELECT id FROM contacts ORDER BY id")), "the test says so")
        desk.save()
        return []

    shop.write(apply)


def standing(shop: Shop) -> list[tuple[int, str, int | None]]:
    return shop.rows("SELECT number, state, reply_due_at IS NOT NULL FROM conversations ORDER BY number")


def test_who_waited_in_the_one_that_closes_waits_in_the_other(shop):
    shop.serve(targets={"pigeon": 60.0})
    shop.hear(sender="1")
    shop.say()
    shop.later(seconds=30)
    shop.hear(sender="2")
    before = shop.waits()[-1][1]
    unite(shop)
    assert standing(shop) == [(1, "open", 1), (2, "closed", 0)]
    assert shop.waits()[-1] == ("reply.expected", {**before, "conversation_id": shop.conversation_id})
    shop.later(seconds=60)
    shop.ring()
    assert shop.waits()[-1] == ("reply.overdue", {**before, "conversation_id": shop.conversation_id})
    shop.say()
    assert shop.rows("SELECT * FROM timers") == []


def test_what_is_due_earlier_stays_due(shop):
    shop.serve(targets={"pigeon": 60.0})
    shop.hear(sender="1")
    shop.later(seconds=30)
    shop.hear(sender="2", text="there is smoke", priority=Priority.EMERGENCY)
    unite(shop)
    assert [type_ for type_, _ in shop.waits()] == ["reply.expected", "reply.expected", "emergency.raised"]
    shop.later(seconds=30)
    (alarm,) = shop.ring()
    assert alarm.number == 1


def test_who_was_told_in_either_was_told_today(shop):
    shop.serve(targets={"pigeon": 60.0}, texts={"expected": {"en": "By {time}."}})
    shop.hear(sender="1")
    shop.later(seconds=30)
    shop.hear(sender="2")
    unite(shop)
    shop.say()
    shop.hear(sender="2", n=2)
    assert len(shop.told()) == 2
