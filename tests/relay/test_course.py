"""A subscriber that fails at random, a hub that dies at random: every event arrives, in order, none passed over.

The target, the store and time are values here, so that thousands of histories can be tried.
"""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.secret import Secret
from gateway.relay.course import WINDOW, Course
from gateway.relay.events import Event
from gateway.relay.held import HeldEvent
from gateway.relay.lines import Entry
from gateway.relay.standing import Made, Standing
from gateway.relay.subscription import Origin, State, Subscription
from gateway.relay.targets import Away, Ended, NotTaken, NotThere, Refusal
from gateway.settings.subscribing import SubscriptionEntry
from tests.relay.receiver import SECRET
from tests.relay.test_lines import event

MINUTE = 60_000_000


class Elsewhere:
    """A target of which only the way it takes matters."""

    at_once = 4
    most = 10_000
    problem = None

    def __init__(self, *, pipelined: bool = False) -> None:
        self.pipelined = pipelined

    async def open(self) -> None: ...

    async def send(self, copy: object) -> None: ...

    async def ready(self) -> None: ...

    async def idle(self) -> bool:
        return True

    async def close(self) -> None: ...

    async def remove(self) -> None: ...


def subscription(**more: object) -> Subscription:
    entry = {"webhook": "https://crm.example.com/hook", "secret": Secret(SECRET), "retries": (5.0, 60.0), **more}
    return Subscription("crm", Origin.FILE, SubscriptionEntry(**entry))


def course_at(standing: Standing | None = None, *held: HeldEvent, pipelined: bool = False, **more: object) -> Course:
    standing = standing or Standing(mine=True, state=State.ACTIVE)
    course = Course(subscription(**more), Elsewhere(pipelined=pipelined), standing, held)
    course.interrupted = None
    return course


def fed(*events: Event, pipelined: bool = False, **more: object) -> Course:
    course = course_at(pipelined=pipelined, **more)
    course.line_up(events, 0)
    course.progress.read = max(one.position for one in events)
    return course


def send(course: Course, now: float = 0.0) -> list[Entry]:
    return list(iter(lambda: course.next(now), None))


def again(course: Course, *events: Event) -> None:
    """The held conversation `a` is tried again with what is left of it in the feed."""
    course.try_again("a", course.held.first_of("a", 16), events, 0)


def positions(entries: list[Entry]) -> list[int]:
    return [entry.event.position for entry in entries]


def test_the_position_waits_for_the_lowest_and_remembers_the_others() -> None:
    course = fed(event(1, "a"), event(2, "b"), event(3, "c"))
    _, second, third = send(course)
    course.taken(second, 0)
    course.taken(third, 0)
    made = course.made()
    assert (course.position(), made.position, made.beyond) == (0, 0, [2, 3])
    assert (made.previous, made.sent) == (3, {1: 0})


def test_each_copy_says_what_was_sent_before_it() -> None:
    course = fed(event(1, "a"), event(4, "b"), event(9, "c", urgent=True))
    assert [(entry.previous, entry.event.position) for entry in send(course)] == [(0, 9), (9, 1), (1, 4)]


def test_an_event_that_was_not_taken_holds_its_conversation_only() -> None:
    course = fed(event(1, "a"), event(2, "b"), event(3, "a"))
    first, second = send(course)
    course.refused(first, NotTaken("answered 500"), 0.0, 7)
    course.taken(second, 7)
    made = course.made()
    assert made.position == 3
    assert course.position() == 0
    assert [row._replace(due_at=None) for row in made.changes.added] == [
        HeldEvent(1, "a", "message.received", 0, None, None, 7, previous=0),
        HeldEvent(3, "a", "message.received", 0, None, None, 7),
    ]
    [failed] = made.changes.changed
    assert (failed.position, failed.attempts, failed.error) == (1, 1, "answered 500")
    assert failed.due_at
    assert 5_000_000 <= failed.due_at - 7 < 5_500_001
    course.line_up([event(4, "a"), event(5, "b")], 8)
    assert positions(send(course)) == [5]


def test_after_the_last_retry_the_conversation_is_parked_and_others_go_on() -> None:
    course = fed(event(1, "a"), event(2, "a"))
    for due in (5, 60):
        [entry] = send(course)
        course.refused(entry, NotTaken("answered 500"), 0.0, 0)
        assert course.take_due(due * 1_000_000 - 1) == []
        assert course.take_due(2 * due * 1_000_000) == ["a"]
        again(course, event(1, "a"), event(2, "a"))
    [entry] = send(course)
    course.refused(entry, NotTaken("answered 500"), 0.0, 0)
    assert course.held.parked == 1
    assert course.next_due() is None
    course.line_up([event(3, "b")], 0)
    assert positions(send(course)) == [3]


def test_what_retry_after_says_is_heeded() -> None:
    course = fed(event(1, "a"))
    [entry] = send(course)
    course.refused(entry, NotTaken("answered 500", 3600.0), 0.0, 0)
    assert course.take_due(59 * MINUTE) == []
    assert course.take_due(60 * MINUTE) == ["a"]


def test_a_target_that_wants_a_pause_gets_it_and_nobody_is_held() -> None:
    course = fed(event(1, "a"), event(2, "b"))
    first, second = send(course)
    course.refused(first, NotThere("answered 429", 30.0), 100.0, 0)
    course.refused(second, NotThere("answered 429", 30.0), 100.0, 0)
    assert send(course, 129.9) == []
    [again] = send(course, 130.0)
    assert not course.held.positions
    course.taken(again, 0)
    assert len(send(course, 130.0)) == 1


def test_what_many_conversations_fail_at_is_the_targets_fault_and_tried_now_and_then() -> None:
    course = fed(*(event(n, f"c{n}") for n in range(1, 21)))
    while len(course.held.positions) < 5:
        for entry in send(course):
            course.refused(entry, NotTaken("answered 500"), 0.0, 0)
    assert course.health.to_blame
    assert send(course, course.health.until - 0.001) == []
    [attempt] = send(course, course.health.until)
    course.taken(attempt, 0)
    assert len(send(course, 0.0)) == 4
    assert len(course.take_due(0)) == len(course.held.positions) > 0


def test_one_poisonous_conversation_does_not_make_a_target_look_dead() -> None:
    course = fed(event(1, "a"), park_after=60.0, retries=(0.0,) * 50)
    for minute in range(50):
        [entry] = send(course)
        course.refused(entry, NotTaken("answered 500"), 0.0, minute * MINUTE)
        again(course, event(1, "a"))
    assert course.ends is None


@pytest.mark.parametrize("refusal", [NotTaken("answered 500"), NotThere("no connection")])
def test_a_target_that_takes_nothing_for_long_is_parked(refusal: Refusal) -> None:
    course = fed(event(1, "a"), event(2, "b"), park_after=3600.0)
    first, second = send(course)
    course.refused(first, refusal, 0.0, 0)
    assert course.ends is None
    course.refused(second, refusal, 0.0, 60 * MINUTE)
    assert course.ends == (State.PARKED, f"it took nothing for 3600 s: {refusal.detail}")
    assert course.over


def test_a_target_that_is_gone_ends_the_subscription_with_nothing_lost() -> None:
    course = fed(event(1, "a"), event(2, "b"))
    first, second = send(course)
    course.refused(first, Ended("answered 410"), 0.0, 0)
    assert not course.over
    course.taken(second, 0)
    assert course.over
    assert course.ends == (State.DISABLED, "answered 410")
    assert (course.made().position, course.position()) == (0, 0)


def test_an_interrupted_pipeline_goes_on_in_order_and_blames_nobody() -> None:
    course = fed(*(event(n, "a") for n in range(1, 5)), pipelined=True)
    away = send(course)
    course.taken(away[0], 0)
    for entry in away[1:]:
        course.refused(entry, Away("the broker cannot be reached"), 0.0, 0)
    assert send(course) == []
    assert course.made().error == "the broker cannot be reached"
    course.interrupted = None
    assert positions(send(course)) == [2, 3, 4]
    assert course.health.failing_since is None


def test_what_is_too_large_for_the_target_is_parked_untried() -> None:
    course = fed(event(1, "a", size=20_000), event(2, "a"), event(3, "b"))
    assert positions(send(course)) == [3]
    assert course.held.parked == 1
    again(course, event(1, "a", size=20_000), event(2, "a"))
    assert send(course) == []
    assert course.held.parked == 1


def test_a_held_event_that_is_gone_from_the_feed_is_done_with() -> None:
    course = fed(event(1, "a"), event(2, "a"))
    [entry] = send(course)
    course.refused(entry, NotTaken("answered 500"), 0.0, 0)
    again(course, event(2, "a"))
    assert positions(send(course)) == [2]


def test_an_urgent_event_finds_a_slot_where_all_are_taken() -> None:
    course = fed(*(event(n, f"c{n}") for n in range(1, 10)))
    assert len(send(course)) == Elsewhere.at_once
    course.line_up([event(10, "u", urgent=True), event(11, "v")], 0)
    assert positions(send(course)) == [10]


def test_reading_stops_at_the_window() -> None:
    course = fed(*(event(n, f"c{n}") for n in range(1, WINDOW)))
    assert course.room
    course.line_up([event(WINDOW, "c")], 0)
    assert not course.room
    assert course.urgent_room


@dataclass
class World:
    """A feed, a store, a subscriber, and the relay's knowledge in between."""

    events: list[Event]
    pipelined: bool
    standing: Standing = field(default_factory=lambda: Standing(mine=True, state=State.ACTIVE))
    held: dict[int, HeldEvent] = field(default_factory=dict)
    received: list[Event] = field(default_factory=list)
    named: set[int] = field(default_factory=set)
    """What copies that arrived said was sent before them."""
    away: list[Entry] = field(default_factory=list)
    at: int = 0

    def __post_init__(self) -> None:
        self.course = self.begin()

    def begin(self) -> Course:
        rows = sorted(self.held.values())
        return course_at(self.standing, *rows, pipelined=self.pipelined, retries=(1.0, 2.0))

    def event(self, position: int) -> Event:
        return self.events[position - 1]

    def read(self, most: int) -> None:
        after = self.course.progress.read
        batch = self.events[after : after + most]
        self.course.line_up(batch, self.at)
        self.course.progress.read = after + len(batch)

    def scout(self) -> None:
        """The next urgent event that was not read, with what stands before it in its conversation."""
        course = self.course
        ahead = [one for one in self.events[course.progress.read :] if one.urgent]
        for one in ahead[:1]:
            between = self.events[course.progress.read : one.position]
            course.line_up([other for other in between if other.partition == one.partition], self.at)

    def send(self) -> None:
        self.away += iter(lambda: self.course.next(float(self.at)), None)

    def arrive(self, entry: Entry) -> None:
        assert entry.previous is not None
        self.received.append(entry.event)
        self.named.add(entry.previous)

    def settle(self, index: int, refusal: Refusal | None, arrived: bool) -> None:
        entry = self.away.pop(0 if self.pipelined else index)
        if refusal is None or (arrived and not self.pipelined):
            self.arrive(entry)
        if refusal is None:
            self.course.taken(entry, self.at)
        else:
            self.course.refused(entry, refusal, float(self.at), self.at)
            if self.pipelined:  # what left after it is lost with it
                for lost in self.away:
                    self.course.refused(lost, refusal, float(self.at), self.at)
                self.away.clear()

    def record(self, *, written: bool) -> None:
        made = self.course.made()
        if written:
            self.write(made)
        else:
            self.course.not_made(made)

    def write(self, made: Made) -> None:
        for row in made.changes.added:
            self.held.setdefault(row.position, row)
        for row in made.changes.changed:
            if row.position in self.held:
                self.held[row.position] = row
        for position in made.changes.gone:
            self.held.pop(position, None)
        self.standing = replace(
            self.standing,
            position=made.position,
            beyond=made.beyond,
            sent=made.sent,
            previous=made.previous,
            failing_since=made.failing_since,
            error=made.error,
        )

    def crash(self, arrived: list[bool]) -> None:
        """The hub dies; of what was under way some arrived, in a pipeline the first of it."""
        for entry, there in zip(self.away, arrived, strict=False):
            if there:
                self.arrive(entry)
            elif self.pipelined:
                break
        self.away.clear()
        self.course = self.begin()

    def look_at_held(self) -> None:
        self.at += 3_000_000
        for partition in self.course.take_due(self.at):
            found = self.course.held.first_of(partition, 3)
            self.course.try_again(partition, found, [self.event(row.position) for row in found], self.at)

    def operate(self) -> None:
        """An operator resumes whatever is parked, which the relay finds when it begins anew."""
        self.record(written=True)
        self.crash([True] * len(self.away))
        for position, row in self.held.items():
            if row.attempts and row.due_at is None:
                self.held[position] = row._replace(attempts=0, due_at=self.at)
        self.course = self.begin()

    def check(self) -> None:
        got = {one.position for one in self.received}
        missing = [one.position for one in self.events if one.position not in got]
        lowest = min(missing, default=len(self.events) + 1)
        assert self.course.position() < lowest
        passed = [one for one in missing if one <= self.standing.position and one not in self.held]
        assert passed == []

    def orders(self) -> dict[str, list[int]]:
        """Of each conversation, as a subscriber has it who ignores repetitions."""
        found: dict[str, list[int]] = {}
        for one in self.received:
            line = found.setdefault(one.partition, [])
            if one.position not in line:
                line.append(one.position)
        return found


REFUSALS = [
    None,
    None,
    NotTaken("answered 500"),
    NotTaken("answered 500", 2.0),
    NotThere("no connection"),
    Away("the broker cannot be reached"),
]


@given(st.data())
def test_every_event_arrives_in_order_whatever_fails(data: st.DataObject) -> None:
    spec = data.draw(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=25))
    events = [event(n, partition, urgent=urgent) for n, (partition, urgent) in enumerate(spec, 1)]
    world = World(events, pipelined=data.draw(st.booleans()))
    for _ in range(data.draw(st.integers(0, 60))):
        _happen(data, world)
        world.check()
    _finish(world)
    expected: dict[str, list[int]] = {}
    for one in events:
        expected.setdefault(one.partition, []).append(one.position)
    assert world.orders() == expected
    assert world.course.position() == len(events)
    assert {*range(len(events) + 1)} - world.named == {world.course.previous}
    assert (world.standing.position, world.held) == (len(events), {})


ACTS = ["read", "scout", "send", "settle", "settle", "record", "fail to record", "crash", "held", "ready", "operate"]


def _happen(data: st.DataObject, world: World) -> None:
    acts = [
        "read",
        "scout",
        "send",
        "settle",
        "settle",
        "record",
        "fail to record",
        "crash",
        "held",
        "ready",
        "operate",
    ]
    match data.draw(st.sampled_from(acts)):
        case "read":
            world.read(data.draw(st.integers(1, 5)))
        case "scout":
            world.scout()
        case "send":
            world.send()
        case "settle" if world.away:
            index = data.draw(st.integers(0, len(world.away) - 1))
            world.settle(index, data.draw(st.sampled_from(REFUSALS)), data.draw(st.booleans()))
        case "record":
            world.record(written=True)
        case "fail to record":
            world.record(written=False)
        case "crash":
            world.crash(data.draw(st.lists(st.booleans(), min_size=len(world.away), max_size=len(world.away))))
        case "held":
            world.look_at_held()
        case "ready" if not world.away:
            world.course.interrupted = None
        case "operate":
            world.operate()


def _finish(world: World) -> None:
    """From now on all is well; only what was parked needs an operator, and so a new beginning."""
    if world.course.held.parked:
        world.operate()
    for _ in range(200):
        world.at += 10_000_000
        world.course.interrupted = None
        world.read(10)
        world.look_at_held()
        world.send()
        while world.away:
            world.settle(0, None, arrived=True)
            world.send()
        world.record(written=True)
        world.check()
        if world.standing.position == len(world.events) and not world.held:
            return
