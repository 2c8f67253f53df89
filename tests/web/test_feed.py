"""The feed itself: what is read, in which order, at what cost, and how one waits."""

import asyncio
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.feed import BEGINNING, PATTERNS, SCANNED, Feed, PositionGone, UnknownType, _query, expand
from gateway.store.engine import open_store, writing
from gateway.store.transaction import Transaction
from gateway.store.writer import Writer
from gateway.web.stream import expect
from normalizer.events import EVENTS
from tests.stores import url_of

Said = tuple[str, str | None]
"""Type and conversation of an event."""


class Told:
    """A feed, and a writer whose events it gives."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_store(url_of(folder / "hub.db"))
        self.feed = Feed(self.engine)
        self.writer = Writer(self.engine, lambda done: self.feed.committed(done.last_position, done.written))
        self.writer.start()
        self.said: list[Said] = []
        with writing(self.engine) as connection:
            for id_, number in CONVERSATIONS.items():
                connection.exec_driver_sql(
                    "INSERT INTO conversations (id, number, inbox_id, kind, sharing_key, state, labels, priority,"
                    " opened_at) VALUES (?, ?, 'main', 'personal', ?, 'open', '[]', 'normal', 0)",
                    (id_, number, id_),
                )

    def say(self, *events: Said) -> None:
        self.writer.submit(_say, events).result(30)
        self.said += events

    def types(self, after: int = BEGINNING, limit: int = 1000, **filters: Any) -> list[str]:
        return [short(event) for _, event in self.feed.read(after, limit, **filters)]

    def prune(self, below: int) -> None:
        def apply(transaction: Transaction, items: Sequence[int]) -> list[None]:
            for item in items:
                transaction.change("DELETE FROM events WHERE position < ?", item)
            return [None] * len(items)

        self.writer.submit(apply, below).result(10)


SEQUENCES = itertools.count(1)
CONVERSATIONS = {"c1": 1, "c2": 2, "c3": 3}
"""Their numbers."""


def _say(transaction: Transaction, batches: Sequence[Sequence[Said]]) -> list[None]:
    for type_, conversation in (event for batch in batches for event in batch):
        transaction.emit(
            type_,
            {"n": 1},
            source="/tests",
            subject="s",
            partition="p",
            conversation=CONVERSATIONS.get(conversation),
            sequence=next(SEQUENCES),
        )
    return [None] * len(batches)


def short(event: bytes) -> str:
    return str(json.loads(event)["type"]).removeprefix("onethread.").removesuffix(".v1")


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    told = Told(tmp_path)
    yield told
    told.writer.stop()
    told.engine.dispose()


def test_an_event_is_a_cloudevent_with_its_position(told: Told) -> None:
    told.say(("message.received", "c1"))
    [(position, body)] = told.feed.read(0, 10)
    event = json.loads(body)
    assert position == 1
    assert event == {
        "position": "1",
        "specversion": "1.0",
        "id": event["id"],
        "type": "onethread.message.received.v1",
        "source": "/tests",
        "subject": "s",
        "time": event["time"],
        "datacontenttype": "application/json",
        "sequence": "00000000000000000001",
        "partitionkey": "p",
        "priority": "normal",
        "data": {"n": 1},
    }


def test_a_page_begins_after_its_position_and_ends_at_its_limit(told: Told) -> None:
    told.say(*[("message.received", None)] * 5)
    assert [position for position, _ in told.feed.read(1, 3)] == [2, 3, 4]


def test_an_empty_feed_has_a_beginning(told: Told) -> None:
    assert told.feed.read(BEGINNING, 10) == told.feed.read(0, 10) == []
    assert (told.feed.oldest(), told.feed.newest()) == (1, 0)


TYPES = sorted(EVENTS)
events_said = st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from([None, "c1", "c2"])), max_size=30)
patterns = st.lists(st.sampled_from(sorted(PATTERNS)), max_size=4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=events_said,
    names=patterns,
    conversation=st.sampled_from([None, "c1", "c3"]),
    limit=st.integers(1, 40),
    back=st.integers(0, 40),
)
def test_a_filter_gives_what_looking_at_every_event_would(
    told: Told, said: list[Said], names: list[str], conversation: str | None, limit: int, back: int
) -> None:
    if said:
        told.say(*said)
    after = max(0, len(told.said) - back)
    wanted = set().union(*(PATTERNS[name] for name in names)) if names else set(EVENTS)
    expected = [
        position
        for position, (type_, of) in enumerate(told.said, 1)
        if position > after and type_ in wanted and conversation in (None, of)
    ]
    assert [position for position, _ in told.feed.read(after, limit, names, conversation)] == expected[:limit]


def test_patterns_stand_for_types() -> None:
    assert expand(["connector.*"]) == {"connector.up", "connector.degraded", "connector.down"}
    assert expand(["message.received", "route.*"]) == {"message.received", "route.added", "route.closed"}
    assert expand(["*"]) is None
    assert expand(["*.updated"]) == {"call.updated", "contact.updated", "conversation.updated", "delivery.updated"}
    assert expand(["*.stored", "*.added"]) == {"attachment.stored", "reaction.added", "route.added"}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("mesage.received", "message.received"),
        ("massage.*", "message.*"),
        ("*.udpated", "*.updated"),
        ("*.*", None),
        ("zzzzzz", None),
    ],
)
def test_a_misspelt_type_is_told_the_nearest(name: str, nearest: str | None) -> None:
    with pytest.raises(UnknownType) as raised:
        expand(["message.received", name])
    assert (raised.value.name, raised.value.nearest) == (name, nearest)


def test_a_position_beyond_the_newest_is_gone(told: Told) -> None:
    told.say(("message.received", None))
    assert told.feed.read(1, 10) == []
    with pytest.raises(PositionGone) as raised:
        told.feed.read(2, 10)
    assert raised.value.oldest == 1


def test_a_position_before_the_oldest_kept_is_gone_and_the_oldest_is_told(told: Told) -> None:
    told.say(*[("message.received", None)] * 5)
    told.prune(4)
    with pytest.raises(PositionGone) as raised:
        told.feed.read(2, 10)
    assert raised.value.oldest == 4
    assert [position for position, _ in told.feed.read(3, 10)] == [4, 5]
    assert [position for position, _ in told.feed.read(BEGINNING, 10)] == [4, 5]


def test_what_another_process_wrote_can_be_read_on_from(told: Told) -> None:
    told.say(("message.received", None))
    deaf = Feed(told.engine)
    assert [position for position, _ in deaf.read(0, 10)] == [1]
    assert deaf.read(1, 10) == []


@pytest.mark.parametrize(
    ("types", "conversation"),
    [
        (None, None),
        (frozenset({"message.received"}), None),
        (frozenset({"message.received", "delivery.updated", "route.added"}), None),
        (None, "c1"),
        (frozenset({"message.received"}), "c1"),
    ],
)
def test_every_question_walks_an_index_in_order_and_sorts_nothing(
    told: Told, types: frozenset[str] | None, conversation: str | None
) -> None:
    sql, parameters = _query(5, 10, types, conversation)
    with told.engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(parameters))]
    assert not [step for step in plan if "SCAN" in step or "TEMP B-TREE" in step]
    assert [step for step in plan if ("conversation=?" if conversation else "rowid>?") in step]


def test_one_look_at_a_long_conversation_is_bounded_and_says_where_to_go_on(told: Told) -> None:
    told.say(*[("delivery.updated", "c1")] * (SCANNED + 10), ("message.received", "c1"))
    page = told.feed.page(0, 10, ["message.received"], "c1")
    assert (page.items, page.seen, page.complete) == ([], SCANNED, False)
    page = told.feed.page(page.seen, 10, ["message.received"], "c1")
    assert [item.position for item in page.items] == [SCANNED + 11]
    assert told.types(0, 10, types=["message.received"], conversation_id="c1") == ["message.received"]


def waiting(told: Told, during: Any, after: int = 0, seconds: float = 10) -> tuple[bool, float]:
    """Whether a wait brought news, and after how many seconds; `during` runs in a thread meanwhile."""

    async def wait() -> tuple[bool, float]:
        told.feed.start()
        begun = asyncio.get_running_loop().time()
        waiter = asyncio.create_task(told.feed.wait(after, seconds))
        await asyncio.sleep(0.02)
        await asyncio.to_thread(during)
        return await waiter, asyncio.get_running_loop().time() - begun

    return asyncio.run(wait())


def test_a_wait_ends_with_the_next_commit(told: Told) -> None:
    news, seconds = waiting(told, lambda: told.say(("message.received", None)))
    assert news
    assert seconds < 5


def test_a_wait_without_news_ends_in_time(told: Told) -> None:
    assert waiting(told, lambda: None, seconds=0.05)[0] is False


def test_a_wait_for_what_is_there_already_is_none(told: Told) -> None:
    told.say(("message.received", None))
    assert waiting(told, lambda: None, seconds=0)[0] is True


def test_a_look_without_news_wakes_nobody(told: Told) -> None:
    told.say(("message.received", None))

    async def wait() -> bool:
        told.feed.start()
        waiter = asyncio.create_task(told.feed.wait(1, 60))
        await asyncio.sleep(0)
        told.feed.committed(1)
        for _ in range(3):
            await asyncio.sleep(0)
        still = not waiter.done()
        told.feed.stop()
        await waiter
        return still

    assert asyncio.run(wait())


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_who_follows_reads_the_same_from_memory_as_from_the_store(told: Told, data: st.DataObject) -> None:
    told.feed.follow()
    try:
        for types in data.draw(st.lists(st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=5), max_size=5)):
            told.say(*[(type_, None) for type_ in types])
        after = max(told.feed.newest() - data.draw(st.integers(0, 30)), 0)
        wanted = data.draw(st.none() | st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=3))
        near = told.feed.read(after, 1000, wanted)
    finally:
        told.feed.unfollow()
    assert not told.feed.at_hand(after)
    assert near == told.feed.read(after, 1000, wanted)


def test_between_two_pages_what_comes_is_kept_in_memory_for_a_moment(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.stream.LINGER", 0.05)

    async def read() -> tuple[bool, bool]:
        told.feed.start()
        expect(told.feed)
        told.say(("message.received", None))
        before = told.feed.newest() - 1
        at_once = told.feed.at_hand(before)
        await asyncio.sleep(0.2)
        told.feed.stop()
        return at_once, told.feed.at_hand(before)

    assert asyncio.run(read()) == (True, False)


def test_what_another_process_wrote_between_is_not_passed_over(told: Told) -> None:
    told.feed.follow()
    told.say(("message.received", None))
    other = Writer(told.engine)
    other.start()
    other.submit(_say, [("message.edited", None)]).result(30)
    other.stop()
    told.say(("message.redacted", None))
    assert told.types(0) == ["message.received", "message.edited", "message.redacted"]


def test_a_wake_up_for_what_a_reader_has_already_does_not_end_its_wait(told: Told) -> None:
    async def wait() -> tuple[bool, bool]:
        told.feed.start()
        waiter = asyncio.create_task(told.feed.wait(1, 60))
        await asyncio.sleep(0)
        await asyncio.to_thread(told.say, ("message.received", None))
        await asyncio.sleep(0.05)
        early = waiter.done()
        await asyncio.to_thread(told.say, ("message.received", None))
        return early, await waiter

    assert asyncio.run(wait()) == (False, True)


def test_stopping_ends_every_wait(told: Told) -> None:
    async def wait() -> list[bool]:
        told.feed.start()
        waiters = [asyncio.create_task(told.feed.wait(0, 60)) for _ in range(5)]
        await asyncio.sleep(0)
        told.feed.stop()
        return [*await asyncio.gather(*waiters), await told.feed.wait(0, 60)]

    assert asyncio.run(wait()) == [False] * 6


def test_no_reader_misses_an_event_while_many_are_committed(told: Told) -> None:
    async def read() -> list[int]:
        told.feed.start()
        seen: list[int] = []
        position = 0
        while len(seen) < 300:
            assert await told.feed.wait(position, 10)
            page = await asyncio.to_thread(told.feed.page, position, 7)
            seen += [item.position for item in page.items]
            position = page.seen
        return seen

    async def both() -> list[list[int]]:
        readers = [asyncio.create_task(read()) for _ in range(3)]
        for _ in range(100):
            await asyncio.to_thread(told.say, *[("message.received", None)] * 3)
        return await asyncio.gather(*readers)

    assert asyncio.run(both()) == [list(range(1, 301))] * 3
