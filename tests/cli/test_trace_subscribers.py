"""Where the events of a story are on their way to each subscriber."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from test_trace import SECRET, Past, said, settings_in

from connectors.kit.secret import Secret
from gateway.relay.changing import Made as MadeOne
from gateway.relay.changing import Placed, Skipped, Stated, change
from gateway.relay.held import Changes, HeldEvent
from gateway.relay.standing import Attendance, Made, attend
from gateway.relay.subscription import Origin, State
from gateway.settings.sealing import Seal
from gateway.settings.subscribing import SubscriptionEntry
from gateway.store.engine import open_store
from gateway.store.times import SECOND, from_us
from gateway.store.writer import Writer
from gateway.trace import subscribers, trace
from gateway.trace.story import Held, Subscriber
from tests.api.conftest import Api
from tests.relay.hubs import eventually
from tests.relay.receiver import SECRET as SIGNS
from tests.web.parrot import make_hub, running

NOTHING = Changes()
DUE = 1_795_000_000 * SECOND


class Told(Past):
    """A store with a customer's five events, and subscriptions of the file."""

    def place(self, name: str, **entry: Any) -> None:
        hook = SubscriptionEntry(webhook="https://crm.example.com/hook", secret=Secret(SIGNS), **entry)
        known = {**self.settings.subscriptions, name: hook}
        self.settings = msgspec.structs.replace(self.settings, subscriptions=known)
        self.writer.submit(change, Placed(name, Origin.FILE, hook.start == "oldest")).result(10)

    def comes(self, name: str, position: int, *beyond: int, error: str | None = None, held: Changes = NOTHING) -> None:
        """What its relay records."""
        standing = self.writer.submit(attend, Attendance(name, "relay", 60)).result(10)
        made = Made(position, beyond, position, None, error, held)
        self.writer.submit(attend, Attendance(name, "relay", 0, fence=standing.fence, made=made)).result(10)

    def operate(self, wanted: object) -> None:
        result = self.writer.submit(change, wanted).result(10)
        assert not isinstance(result, Exception), result

    def subscriber(self, name: str) -> Subscriber:
        [found] = [one for one in self.story("update:1").subscribers if one.name == name]
        return found


@pytest.fixture
def told(tmp_path) -> Iterator[Told]:
    engine = open_store(f"sqlite:///{tmp_path / 'hub.db'}")
    writer = Writer(engine)
    writer.start()
    told = Told(engine, writer, settings_in(tmp_path))
    told.record(said("hello", 1))
    yield told
    writer.stop()
    engine.dispose()


def held(position: int, attempts: int = 0, due_at: int | None = None, error: str | None = None) -> HeldEvent:
    return HeldEvent(position, "c", "message.received", attempts, due_at, error, DUE)


@pytest.fixture
def positions(told) -> dict[str, int]:
    """Of the story's events, by their types."""
    story = told.story("update:1")
    return {event.type: event.position for event in (*story.events, *story.chapters[0].events)}


def test_what_was_finished_was_sent_and_the_rest_waits(told, positions):
    told.place("crm", start="oldest")
    assert told.subscriber("crm").waiting == tuple(sorted(positions.values()))
    opened, added, received = (positions[f] for f in ("conversation.opened", "route.added", "message.received"))
    told.comes("crm", opened, received)
    assert told.subscriber("crm") == Subscriber(
        name="crm",
        target="webhook",
        state="active",
        reason=None,
        problem=None,
        position=opened,
        sent=(opened, received),
        waiting=(added,),
        held=(),
        earlier=(),
        unwanted=(),
    )


def test_what_was_not_taken_is_held_with_what_waits_behind_it(told, positions):
    told.place("crm", start="oldest")
    opened, added, received = sorted(positions.values())
    rows = (held(added, 3, DUE, f"answered 500 to {SECRET.reveal()}"), held(received))
    told.comes("crm", received, held=Changes(added=rows))
    told.comes("crm", received, held=Changes(changed=(rows[0],)))
    found = told.subscriber("crm")
    assert (found.sent, found.waiting) == ((opened,), ())
    first = Held(
        position=added,
        state="held",
        attempts=3,
        error="answered 500 to ***",
        due_at=from_us(DUE),
        since=from_us(DUE),
        behind=None,
    )
    behind = msgspec.structs.replace(first, position=received, attempts=0, error=None, due_at=None, behind=added)
    assert found.held == (first, behind)


def test_what_waits_for_an_operator_is_parked_and_what_was_skipped_counts_as_sent(told, positions):
    told.place("crm", start="oldest")
    opened, added, received = sorted(positions.values())
    rows = (held(added, 9, None, "answered 400"), held(received))
    told.comes("crm", received, held=Changes(added=rows))
    assert [(one.position, one.state, one.behind) for one in told.subscriber("crm").held] == [
        (added, "parked", None),
        (received, "parked", added),
    ]
    told.operate(Skipped("crm", "c", added))
    found = told.subscriber("crm")
    assert found.sent == (opened, added)
    assert [(one.position, one.state, one.behind) for one in found.held] == [(received, "held", None)]


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"types": ["message.*"]}, {"message.received"}),
        ({"types": ["conversation.opened", "*.added"]}, {"conversation.opened", "route.added"}),
        ({"connectors": ["support"]}, {"route.added", "message.received"}),
        ({"connectors": ["elsewhere"]}, set()),
        ({"channels": ["pigeon"], "types": ["route.*"]}, {"route.added"}),
        ({"inboxes": ["main"]}, {"conversation.opened", "route.added", "message.received"}),
    ],
)
def test_what_it_does_not_want_is_not_wanted(told, positions, entry, wanted):
    told.place("crm", start="oldest", **entry)
    told.comes("crm", max(positions.values()))
    found = told.subscriber("crm")
    assert {type_ for type_, position in positions.items() if position in found.sent} == wanted
    assert set(found.unwanted) == set(positions.values()) - set(found.sent)


def test_what_was_there_before_it_began_was_not_sent(told, positions):
    told.place("late")
    told.record(said("again", 2))
    found = told.subscriber("late")
    assert found.earlier == tuple(sorted(positions.values()))
    [chapter] = told.story("update:2").chapters
    [late] = told.story("update:2").subscribers
    assert late.waiting == (chapter.events[0].position,)


def test_why_nothing_goes_out_is_told(told):
    told.place("crm")
    told.comes("crm", 0, error="answered 503")
    assert told.subscriber("crm").problem == "answered 503"
    told.operate(Stated("crm", State.PAUSED))
    found = told.subscriber("crm")
    assert (found.state, found.problem, found.reason) == ("paused", None, None)


def test_one_that_never_ran_is_new(told, positions):
    told.settings = settings_in(told.settings.path.parent, subscriptions={"crm": {"queue": True}})
    found = told.subscriber("crm")
    assert (found.state, found.position, found.waiting) == ("new", None, tuple(sorted(positions.values())))


def test_each_kind_of_target_is_told_and_the_exchange_where_there_is_a_broker(told):
    told.operate(MadeOne("api", SubscriptionEntry(queue=True), trusted=False, seal=Seal()))
    told.settings = settings_in(told.settings.path.parent, bus="amqp://localhost")
    told.place("crm")
    targets = {one.name: one.target for one in told.story("update:1").subscribers}
    assert targets == {"api": "queue", "crm": "webhook", "onethread.events": "exchange"}


def test_of_many_subscribers_some_are_left_out_and_it_is_said(told, monkeypatch):
    monkeypatch.setattr(subscribers, "MOST", 2)
    for name in ("a", "b", "c"):
        told.place(name)
    story = told.story("update:1")
    assert [one.name for one in story.subscribers] == ["a", "b"]
    assert story.notes == ("1 more subscribers are left out, from c on",)


def test_a_hub_at_work_sends_all_of_a_story(tmp_path):
    hub = make_hub(tmp_path)
    archive = SubscriptionEntry(queue=True)
    hub.settings = msgspec.structs.replace(hub.settings, subscriptions={"archive": archive})
    with running(hub):
        api = Api(hub)
        api.hear("hello")

        def sent():
            story = trace(hub.engine, "ann-1", hub.settings)
            assert story is not None
            [found] = story.subscribers
            return (found.sent, found.waiting) if not found.waiting else None

        positions = [event["position"] for event in api.events("conversation.*,route.*,message.*")]
        assert asyncio.run(eventually(sent)) == (tuple(map(int, positions)), ())
