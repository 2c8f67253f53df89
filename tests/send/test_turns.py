"""Of the deliveries that wait on a route with one rank, one has its turn; however many wait, a claim costs the same."""

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit.base import Sent
from connectors.kit.errors import Misconfigured, Moved, OutcomeUnknown, Refused, Temporary
from gateway.ids import new_id
from gateway.lanes import WORK
from gateway.send import claim as claiming
from gateway.send import standing
from gateway.send.standing import COLUMNS, NEVER, SELECT, Parcel
from gateway.store import schema
from gateway.store.engine import writing
from normalizer.inbound import StatusChanged
from normalizer.model import Purpose
from normalizer.status import OPEN, Status
from tests.record.conftest import said
from tests.send.conftest import Desk
from tests.send.test_pieces import LONG
from tests.send.test_reports import answer, claimed, set_well

ANSWERS = {
    "accepted": lambda n: Sent((f"out:{n}",)),
    "down": lambda _: Temporary("no connection"),
    "slow down": lambda _: Temporary("slow down", retry_after=0),
    "reset": lambda _: OutcomeUnknown("reset"),
    "refused": lambda _: Refused("no"),
    "moved": lambda _: Moved("elsewhere", value="7"),
    "misconfigured": lambda _: Misconfigured("no such token"),
}
ACTS = st.one_of(
    st.tuples(st.just("say"), st.sampled_from([Purpose.REPLY, Purpose.MARKETING]), st.booleans()),
    st.tuples(st.just("claim"), st.integers(1, 4), st.just(0)),
    st.tuples(st.just("answer"), st.sampled_from(sorted(ANSWERS)), st.integers(0, 3)),
    st.tuples(st.just("report"), st.sampled_from(["accepted", "failed"]), st.integers(0, 3)),
    st.tuples(st.just("expire"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("be late"), st.just(0), st.just(0)),
)


class Story:
    """What may happen to the deliveries of two routes, one after another."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sending: list[Any] = []
        self.number = 0
        desk.record(said("hello", 1, sender="8"))
        self.conversations = [id_ for (id_,) in desk.rows("SELECT id FROM conversations ORDER BY number")]
        self._set("UPDATE contacts SET body = ?", msgspec.json.encode(self._consenting()))

    def act(self, what: str, one: Any, other: Any) -> None:
        getattr(self, what.replace(" ", "_"))(one, other)

    def say(self, purpose: Purpose, long: bool) -> None:
        self.number += 1
        self.desk.conversation_id = self.conversations[self.number % 2]
        self.desk.say(LONG if long else "hi", purpose=purpose)

    def claim(self, most: int, _: Any) -> None:
        set_well(self.desk)
        self._set("UPDATE deliveries SET due_at = 1 WHERE due_at < ?", NEVER)
        wanted = claiming.Wanted(connector=self.desk.connector, owner="one", lease=60.0, most=most, idle=True, link=str)
        self.sending += self.desk.writer.submit(claiming.claim, wanted).result(10).parcels

    def answer(self, kind: str, at: int) -> None:
        if self.sending:
            one = self.sending.pop(at % len(self.sending))
            self.number += 1
            opened = [n for n, frozen in enumerate(one.plan.payloads) if frozen.status in OPEN]
            going_on = answer(self.desk, one, ANSWERS[kind](self.number), opened[0])
            if kind == "accepted" and going_on and len(opened) > 1:
                again = Parcel(*self.desk.rows(f"{SELECT} WHERE id = ?", one.parcel.id)[0])
                self.sending.append(claiming.Claimed(again, again.plan, one.draft, 1))

    def report(self, status: str, at: int) -> None:
        rows = self.desk.rows("SELECT id FROM deliveries WHERE status IN ('uncertain', 'sending') ORDER BY id")
        if rows:
            self.number += 1
            token = f"{rows[at % len(rows)][0]}.1"
            self.desk.record(
                StatusChanged(key=f"s{self.number}", external_id=f"r{self.number}", token=token, status=Status(status))
            )

    def expire(self, at: int, _: Any) -> None:
        rows = self.desk.rows("SELECT id FROM deliveries WHERE status = 'queued' ORDER BY id")
        if rows:
            self._set("UPDATE deliveries SET expires_at = 1 WHERE id = ?", rows[at % len(rows)][0])

    def be_late(self, _: Any, __: Any) -> None:
        """Somebody takes over: what was sending is in doubt."""
        self._set("UPDATE lanes SET owner = '', lease_until = 0")
        self._set("UPDATE lanes SET fence = fence + 1, owner = 'dead'")
        self.sending.clear()

    def turns(self) -> dict[tuple[str, int], list[tuple[str, bool]]]:
        """By route and rank: what is open, and whether it has its turn."""
        found = defaultdict(list)
        rows = self.desk.rows(
            "SELECT route_id, rank, status, due_at FROM deliveries WHERE status IN ('queued', 'sending') ORDER BY id"
        )
        for route, rank, status, due in rows:
            found[route, rank].append((status, status == "sending" or due < NEVER))
        return found

    def _consenting(self) -> Any:
        [(body,), *_] = self.desk.rows("SELECT body FROM contacts")
        word = {
            "channel": "pigeon",
            "purpose": None,
            "state": "opted_in",
            "source": "test",
            "at": "2026-01-01T00:00:00Z",
        }
        return {**msgspec.json.decode(body), "consent": [word]}

    def _set(self, sql: str, *parameters: Any) -> None:
        with writing(self.desk.engine) as connection:
            connection.exec_driver_sql(sql, parameters)


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTS, min_size=5, max_size=25))
def test_whatever_happens_one_delivery_of_a_route_and_rank_has_its_turn(acts: list[tuple[str, Any, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        try:
            story = Story(desk)
            for act in acts:
                story.act(*act)
                turns = story.turns()
                assert all([turn for _, turn in waiting].count(True) == 1 for waiting in turns.values()), (act, turns)
        finally:
            desk.close()


def backlog(desk: Desk, count: int, routes: int = 1) -> None:
    """So many more deliveries like the first one, over so many routes."""
    [row] = desk.rows(f"{SELECT} LIMIT 1")

    def fill(transaction: Any, items: Any) -> list[None]:
        for n in range(count):
            parcel = Parcel(*row)
            parcel.id, parcel.rank = new_id(), 3
            parcel.route_id = f"{parcel.route_id}{n % routes or ''}"
            parcel.due_at = NEVER if n >= routes else transaction.now_us
            transaction.insert(schema.deliveries, *(getattr(parcel, name) for name in COLUMNS))
        return [None]

    desk.writer.submit(fill, None).result(60)


def steps(desk: Desk, sql: str, *parameters: Any) -> int:
    """How many instructions of the database's own machine a statement takes."""
    count = 0

    def one() -> int:
        nonlocal count
        count += 1
        return 0

    with desk.engine.connect() as connection:
        driver = connection.connection.driver_connection
        driver.set_progress_handler(one, 1)
        driver.execute(sql, parameters).fetchall()
        driver.set_progress_handler(None, 0)
        connection.rollback()
    return count


ROUTE = "route"
STATEMENTS = {
    "due": (claiming._DUE, ("support", 3, NEVER - 1, 0, 8)),
    "next": (claiming._NEXT, ("support", 3, 0)),
    "expired": (claiming._EXPIRED, ("support", 1)),
    "left": (claiming._LEFT, ("support", 99)),
    "look-out": (WORK, ("support", NEVER - 1, "support", 1, "support")),
    "the next one's turn": (standing._NEXT, (1, ROUTE, 3)),
    "the first one's turn": (standing._FIRST, (1, ROUTE, 3, ROUTE, 3)),
    "the turn of what returns": (standing._RETURNED, (1, ROUTE, 3, ROUTE, 3)),
}
"""`ROUTE` stands for the one route there is."""


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("name", STATEMENTS)
@pytest.mark.parametrize("routes", [1, 500], ids=["one route", "many routes"])
def test_what_a_claim_asks_costs_the_same_however_long_the_queue_is(desk: Desk, name: str, routes: int) -> None:
    desk.say("hi")
    [(route,)] = desk.rows("SELECT id FROM routes")
    sql, parameters = STATEMENTS[name][0], [route if value == ROUTE else value for value in STATEMENTS[name][1]]
    backlog(desk, 500, routes)
    few = steps(desk, sql, *parameters)
    backlog(desk, 5000, routes)
    assert steps(desk, sql, *parameters) <= few + 50


def test_what_comes_back_to_the_queue_waits_for_what_took_its_turn(desk: Desk) -> None:
    desk.say(LONG)
    desk.say("next")
    desk.say("last")
    long = claimed(desk)
    answer(desk, long, OutcomeUnknown("reset"))
    second = claimed(desk)
    desk.record(StatusChanged(key="s", external_id="x", token=f"{long.parcel.id}.1", status=Status.ACCEPTED))
    assert [due < NEVER for (due,) in desk.rows("SELECT due_at FROM deliveries ORDER BY id")] == [False, True, False]
    answer(desk, second, Sent(("out:1",)))
    assert claimed(desk).parcel.id == long.parcel.id


@pytest.mark.engine("sqlite")
def test_giving_the_turn_on_costs_the_same_however_many_wait(desk: Desk) -> None:
    desk.say("hi")
    [(route,)] = desk.rows("SELECT id FROM routes")

    def counted(more: int) -> tuple[int, int]:
        backlog(desk, more)
        with writing(desk.engine) as connection:  # the head left, the next has its turn, and the oldest came back
            connection.exec_driver_sql("UPDATE deliveries SET rank = 3, due_at = ?", (NEVER,))
            second = "SELECT id FROM deliveries ORDER BY id LIMIT 1 OFFSET 1"
            connection.exec_driver_sql(f"UPDATE deliveries SET due_at = 1 WHERE id = ({second})")  # noqa: S608
        returned = steps(desk, standing._RETURNED, 1, route, 3, route, 3)
        with writing(desk.engine) as connection:
            connection.exec_driver_sql("UPDATE deliveries SET due_at = ?", (NEVER,))
        return returned, steps(desk, standing._NEXT, 1, route, 3)

    few, many = counted(500), counted(5000)
    assert all(after <= before + 50 for before, after in zip(few, many, strict=True)), (few, many)


def test_what_returns_has_its_turn_although_something_else_was_queued_just_before(desk: Desk) -> None:
    desk.say("hi")
    one = claimed(desk)
    answer(desk, one, OutcomeUnknown("reset"))

    def both(transaction: Any, items: Any) -> list[None]:
        plan = standing.Plan(why="test")
        standing.queue(transaction, one.draft.message, "another route", "support", plan, rank=2)
        parcel = Parcel(*transaction.row(f"{SELECT} WHERE id = ?", one.parcel.id))
        parcel.status = Status.QUEUED
        standing.save(transaction, parcel)
        return [None]

    desk.writer.submit(both, None).result(10)
    assert [due < NEVER for (due,) in desk.rows("SELECT due_at FROM deliveries")] == [True, True]
