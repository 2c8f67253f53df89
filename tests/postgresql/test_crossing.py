"""Batches of several writers that touch the same people in opposite orders: they wait, or begin anew, and never in a
circle, which only the server could end after a second, by undoing one of them."""

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from gateway.arrival import Arrival, Place, Recorded
from gateway.people.orders import PeopleOrder, arrange
from gateway.record.arrivals import record
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask
from gateway.store.engine import connect
from gateway.store.writer import Writer
from normalizer.commands import MergeContacts, SendMessage, UnmergeContact
from normalizer.events import wire_type
from normalizer.inbound import MessageReceived, StatusChanged
from normalizer.model import Author, AuthorKind, Contact, Direction
from normalizer.status import Status
from tests.people.sending import Sending
from tests.postgresql.conftest import check_feed
from tests.stores import url_of

pytestmark = [pytest.mark.engine("postgresql"), pytest.mark.timeout(240)]
WRITERS = 4
ROUNDS = 100
PEOPLE = 8
MERGED_EVERY = 10
"""Rounds."""
SEED = int(os.environ.get("TEST_SEED", "1"))
"""Of what is drawn by lot."""
AGENT = Author(kind=AuthorKind.AGENT, name="Ada")
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
Job = tuple[Callable[..., Any], Any]


class Person(NamedTuple):
    """Known on two channels, as two contacts until they are merged."""

    n: int
    conversation_id: str
    contact_id: str
    other_id: str
    sent: str
    """What the provider calls a message that left for them."""


class Town:
    def __init__(self, world: Sending) -> None:
        self.world = world
        self.people = [self._meet(n) for n in range(PEOPLE)]
        self.received = [f"{place.connector_id} {n}" for n in range(PEOPLE) for place in (world.app, world.phone)]
        self.asked: list[str] = []

    def _meet(self, n: int) -> Person:
        world, address = self.world, f"user-{n}"
        for place in (world.app, world.phone):
            world.hear(place, _address(place, n), f"{place.connector_id} {n}")
        [(conversation_id, contact_id)] = world.rows(
            "SELECT r.conversation_id, i.contact_id FROM routes r JOIN identities i ON i.id = r.identity_id"
            " WHERE r.address = ?",
            address,
        )
        world.say(conversation_id=conversation_id, text="welcome")
        sent = f"app:out:{len(world.deliver('app'))}"
        return Person(n, conversation_id, contact_id, world.contact(_address(world.phone, n)), sent)

    def jobs(self, of: int, round_: int, drawn: random.Random) -> list[Job]:
        """What one writer gets at once: everybody in one order, or in the opposite one; kinds as drawn by lot."""
        people = self.people if of % 2 else self.people[::-1]
        made = [job for person in people for job in self._about(person, f"{of} {round_} {person.n}", drawn)]
        if of == round_ % WRITERS and round_ % MERGED_EVERY == 0:
            made.insert(drawn.randrange(len(made)), (arrange, self._order(drawn.choice(people), round_)))
        return made

    def _about(self, person: Person, text: str, drawn: random.Random) -> Iterator[Job]:
        for name, kind in drawn.sample((("heard", self._hear), ("sent", self._ask), ("report", self._report)), 2):
            yield kind(person, f"{text} {name}", drawn)

    def _hear(self, person: Person, text: str, drawn: random.Random) -> Job:
        place = drawn.choice((self.world.app, self.world.phone))
        self.received.append(text)
        item = self.world.item(place, _address(place, person.n), text)
        return record, self._arrival(place, item)

    def _report(self, person: Person, text: str, drawn: random.Random) -> Job:
        status = drawn.choice((Status.ACCEPTED, Status.DELIVERED, Status.READ))
        return record, self._arrival(self.world.app, StatusChanged(key=text, external_id=person.sent, status=status))

    def _arrival(self, place: Place, item: MessageReceived | StatusChanged) -> Arrival:
        return self.world.arrival(item, place=place)

    def _ask(self, person: Person, text: str, drawn: random.Random) -> Job:
        self.asked.append(text)
        direction = drawn.choice((Direction.OUT, Direction.NOTE))
        command = SendMessage(conversation_id=person.conversation_id, text=text, direction=direction)
        return accept, Ask("key", AGENT, command, self.world.connectors, idempotency_key=text)

    def _order(self, person: Person, round_: int) -> PeopleOrder:
        if round_ % (2 * MERGED_EVERY):
            return PeopleOrder("Ada", UnmergeContact(contact_id=person.other_id))
        return PeopleOrder("Ada", MergeContacts(contact_id=person.contact_id, other_id=person.other_id))


def _address(place: Place, n: int) -> str:
    return f"user-{n}" if place.connector_id == "app" else f"+4477009000{n:02d}"


def deadlocks(url: str) -> int:
    """Those the server met in this database, as far as those who met them have gone."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        [(count,)] = connection.execute(_DEADLOCKS).fetchall()
        return int(count)


def test_whoever_comes_to_the_same_people_in_the_opposite_order_no_deadlock_is_met(tmp_path: Path) -> None:
    drawn, url = random.Random(SEED), url_of(tmp_path / "hub.db")
    with closing(Sending(tmp_path)) as world:
        town = Town(world)
        before = deadlocks(url)
        outcomes = asyncio.run(crossing(town, url, drawn))
        assert deadlocks(url) == before
        assert {type(outcome) for outcome in outcomes} >= {Recorded, Accepted, Contact}
        assert sorted(check_feed(world.engine)) == sorted(town.received)
        events = [event for event in world.events() if event["type"] == wire_type("message.created")]
        created = [event["data"]["message"]["text"] for event in events]
        assert sorted(created) == sorted([*town.asked, *["welcome"] * PEOPLE])


async def crossing(town: Town, url: str, drawn: random.Random) -> list[Any]:
    """What each job gave. All writers get their batch of a round in the same moment."""
    writers = [Writer(connect(url)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    outcomes: list[Any] = []
    try:
        for round_ in range(ROUNDS):
            batches = [town.jobs(of, round_, drawn) for of in range(WRITERS)]
            told = [writer.write(*job) for writer, jobs in zip(writers, batches, strict=True) for job in jobs]
            outcomes += await asyncio.gather(*told)
    finally:
        for writer in writers:
            await asyncio.to_thread(writer.stop)
    return outcomes
