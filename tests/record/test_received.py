"""What providers tell becomes one ordered history."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from connectors.kit.base import Outcome
from gateway.arrival import Place
from gateway.record.arrivals import record
from gateway.store.times import SECOND, to_us
from normalizer.inbound import Address, Person
from normalizer.model import ConversationKind, Inbox, Sharing
from tests.record.conftest import AT, Store, peer, said


def test_a_first_message_opens_contact_conversation_and_route(store: Store) -> None:
    assert store.record(said("hello")).outcome == Outcome.RECORDED
    assert store.types() == ["contact.created", "conversation.opened", "route.added", "message.received"]


def test_events_of_a_conversation_carry_a_gap_free_sequence_and_the_feed_a_position(store: Store) -> None:
    store.record(said("one", 1))
    store.record(said("two", 2))
    events = [event for event in store.events() if event["source"].startswith("/conversations/")]
    assert [int(event["sequence"]) for event in events] == [1, 2, 3, 4]
    assert [event["position"] for event in store.events()] == [1, 2, 3, 4, 5]


def test_a_message_event_holds_message_route_and_contact(store: Store) -> None:
    store.record(said("hello"))
    event = store.events()[-1]
    assert event["type"] == "onethread.message.received.v1"
    assert (event["connector"], event["channel"], event["inbox"]) == ("support", "pigeon", "main")
    data = event["data"]
    assert data["message"]["text"] == "hello"
    assert data["message"]["sequence"] == int(event["sequence"])
    assert data["message"]["external_ids"] == ["7:1"]
    assert data["route"]["address"] == "7"
    assert data["contact"] == {"id": data["message"]["author"]["ref"], "name": "Mina", "tags": []}


def test_a_redelivery_is_a_duplicate_and_leaves_no_trace(store: Store) -> None:
    store.record(said("hello"))
    before = store.events()
    assert store.record(said("hello")).outcome == Outcome.DUPLICATE
    assert store.events() == before
    assert store.rows("SELECT count(*) FROM raws") == [(1,)]


def test_sixty_four_parallel_copies_make_one_message(store: Store) -> None:
    with ThreadPoolExecutor(64) as pool:
        futures = list(pool.map(lambda _: store.writer.submit(record, store.arrival(said("hello"))), range(64)))
    outcomes = sorted(future.result(10).outcome for future in futures)
    assert outcomes == [Outcome.DUPLICATE] * 63 + [Outcome.RECORDED]
    assert store.types().count("message.received") == 1


def test_a_burst_from_one_stranger_makes_one_conversation(store: Store) -> None:
    futures = [store.writer.submit(record, store.arrival(said(f"{n}", n))) for n in range(50)]
    assert {future.result(10).outcome for future in futures} == {Outcome.RECORDED}
    assert store.rows("SELECT count(*) FROM conversations") == [(1,)]
    assert [event["data"]["message"]["text"] for event in store.events()[3:]] == [f"{n}" for n in range(50)]


def test_two_strangers_in_one_batch_have_two_conversations_with_their_own_numbers(store: Store) -> None:
    store.record(said("a", sender="7"), said("b", sender="8"))
    assert store.rows("SELECT number FROM conversations ORDER BY number") == [(1,), (2,)]


def test_a_closed_conversation_is_not_written_to_again(store: Store) -> None:
    store.record(said("one", 1))
    _set(store, "UPDATE conversations SET state = 'closed', closed_at = 1")
    store.record(said("two", 2))
    assert store.rows("SELECT number, state FROM conversations ORDER BY number") == [(1, "closed"), (2, "open")]
    assert store.rows("SELECT count(*) FROM routes") == [(1,)]


def test_a_closed_conversation_reopens_within_its_inbox_time(store: Store) -> None:
    place = Place("support", "pigeon", "pigeon", Inbox(id="main", reopen_within=10**9))
    store.record(said("one", 1), place=place)
    _set(store, "UPDATE conversations SET state = 'closed', closed_at = opened_at")
    store.record(said("two", 2), place=place)
    assert store.rows("SELECT number, state, closed_at FROM conversations") == [(1, "open", None)]


def test_one_contact_over_two_threads_shares_a_conversation_unless_the_inbox_says_route(store: Store) -> None:
    other = store_peer_in_thread("topic")
    store.record(said("a", 1), said("b", 2, peer=other))
    assert store.rows("SELECT count(*) FROM conversations") == [(1,)]
    by_route = Place("other", "pigeon", "pigeon", Inbox(id="second", sharing=Sharing.ROUTE))
    store.record(said("a", 1), said("b", 2, peer=other), place=by_route)
    assert store.rows("SELECT count(*) FROM conversations") == [(3,)]


def test_a_group_is_one_conversation_with_each_member_as_author(store: Store) -> None:
    group = peer("-100", "Gardeners")
    group = type(group)(person=group.person, kind=ConversationKind.GROUP)
    for n, name in enumerate(("Mina", "Ada")):
        member = Person(address=Address(scheme="pigeon", value=str(n)), name=name)
        store.record(said("hi", n, sender="-100", peer=group, author=member))
    messages = [e["data"]["message"] for e in store.events() if e["type"].endswith("message.received.v1")]
    assert [message["author"]["name"] for message in messages] == ["Mina", "Ada"]
    assert len({message["conversation_id"] for message in messages}) == 1
    assert store.rows("SELECT contact_id, kind FROM conversations") == [(None, "group")]


def test_a_quotation_leads_to_the_message_it_quotes(store: Store) -> None:
    store.record(said("one", 1))
    store.record(said("two", 2, reply_to="7:1"))
    first, second = (e["data"]["message"] for e in store.events() if e["type"].endswith("message.received.v1"))
    assert second["reply_to"] == first["id"]


def test_what_the_owner_wrote_elsewhere_stands_as_ours_and_is_not_sent(store: Store) -> None:
    store.record(said("hello", 1))
    store.record(said("on my way", 2, from_us=True))
    event = store.events()[-1]
    assert event["type"] == "onethread.message.created.v1"
    assert event["data"]["message"]["direction"] == "out"
    assert store.rows("SELECT count(*) FROM deliveries") == [(0,)]


def test_an_event_carries_sixteen_kibibytes_of_text_and_the_message_all_of_it(store: Store) -> None:
    text = "ü" * 40_000
    store.record(said(text))
    event = store.events()[-1]
    assert event["data"]["truncated"] is True
    assert len(event["data"]["message"]["text"].encode()) <= 16 * 1024
    assert len(str(event).encode()) <= 64 * 1024
    [(body,)] = store.rows("SELECT body FROM messages")
    assert text.encode() in body


def store_peer_in_thread(thread: str):
    one = peer()
    return type(one)(person=one.person, thread=thread)


def _set(store: Store, sql: str) -> None:
    def apply(transaction, items):
        for item in items:
            transaction.change(item)
        return items

    store.writer.submit(apply, sql).result(10)


@pytest.mark.parametrize("far", [datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2096, 1, 1, tzinfo=UTC)])
def test_a_clock_far_ahead_neither_opens_the_window_for_good_nor_hides_what_comes_after(
    store: Store, far: datetime
) -> None:
    store.place = dataclasses.replace(store.place, window=86_400)
    assert store.record(said("from the future", 1, occurred_at=far)).outcome == Outcome.RECORDED
    assert store.events()[-1]["data"]["message"]["occurred_at"] == "2026-11-21T10:00:00Z"
    store.record(said("from now", 2, occurred_at=AT + timedelta(minutes=5)))
    heard = to_us(AT + timedelta(minutes=5))
    assert store.rows("SELECT last_inbound_at, window_until FROM routes") == [(heard, heard + 86_400 * SECOND)]


def test_a_clock_that_has_the_time_zone_wrong_is_taken_at_its_word(store: Store) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=14)
    store.record(said("from tomorrow", 1, occurred_at=soon))
    assert store.events()[-1]["data"]["message"]["occurred_at"] == soon.isoformat().replace("+00:00", "Z")
