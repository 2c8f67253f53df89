"""From a message to its requests and back, without reading a table from end to end; right also where that is needed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event
from test_trace import AT, PLACE, Past, said, settings_in, texts

from gateway.ids import new_id
from gateway.record.fragments import Whole, put_together
from gateway.store import schema
from gateway.store.engine import open_store, writing
from gateway.store.writer import Writer
from gateway.trace import requests, searching, trace
from gateway.tracing import trace_from
from normalizer.inbound import Fragment, MessageEdited, MessageReceived, StatusChanged, Unreadable
from normalizer.status import Status

FOREIGN = "4bf92f3577b34da6a3ce929d0e0e4736"
LARGE = set(schema.metadata.tables) - {"subscriptions", "quarantine", "fragments"}  # the last are kept for a week
SCAN = re.compile(r"SCAN (\w+)")


@pytest.fixture
def past(tmp_path) -> Iterator[Past]:
    engine = open_store(f"sqlite:///{tmp_path / 'hub.db'}")
    writer = Writer(engine)
    writer.start()
    yield Past(engine, writer, settings_in(tmp_path))
    writer.stop()
    engine.dispose()


def heard(text: str, n: int, sender: str = "7", **more) -> MessageReceived:
    """Under a key that says the message's name, as nearly all plugins give it."""
    name = f"{sender}:{n}"
    return said(text, n, sender, **{"external_id": name, "key": f"message:{name}"} | more)


def reported(name: str, status: Status) -> StatusChanged:
    return StatusChanged(key=f"status:{name}:{status}", external_id=name, status=status)


def edited(name: str, text: str, key: str) -> MessageEdited:
    return MessageEdited(key=key, external_id=name, text=text, occurred_at=AT)


@contextmanager
def read_through(engine: Engine) -> Iterator[set[str]]:
    """The large tables that are read from end to end meanwhile."""
    found: set[str] = set()
    asked: dict[str, tuple[object, ...]] = {}

    def keep(_, __, statement, parameters, *___) -> None:
        asked[statement] = parameters

    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", keep)
    with engine.connect() as connection:
        for statement, parameters in list(asked.items()):
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            aliases = {alias: name for name, alias in re.findall(r"(?:FROM|JOIN) (\w+) (\w)\b", statement)}
            found |= {aliases.get(name, name) for line in plan for name in SCAN.findall(line)} & LARGE


def keys(past: Past, asked: str) -> list[str]:
    [chapter] = past.story(asked).chapters
    return [item.key for item in chapter.items]


def test_the_guard_of_these_tests_sees_a_table_read_through(past):
    with read_through(past.engine) as through, past.engine.connect() as connection:
        connection.exec_driver_sql("SELECT a.key FROM arrivals a WHERE a.message_id = ?", ("m",))
    assert through == {"arrivals"}


def test_a_message_leads_to_its_request_by_its_name(past):
    raw = past.record(heard("hello", 1))
    past.record(heard("another", 2))
    message = past.value("SELECT message_id FROM arrivals WHERE raw_id = ?", raw)
    with read_through(past.engine) as through:
        [chapter] = past.story(message).chapters
    assert through == set()
    assert ([item.key for item in chapter.items], [one.id for one in chapter.raws]) == (["message:7:1"], [raw])


@pytest.mark.parametrize("trace", [None, FOREIGN])
def test_an_edit_leads_to_its_request_by_its_trace(past, trace):
    past.record(heard("hello", 1))
    past.record(edited("7:1", "hello!", "message:7:1:edit"), trace=trace)
    raws = {past.record(heard("else", n), trace=FOREIGN) for n in (2, 3)}
    with read_through(past.engine) as through:
        [chapter] = past.story("7:1").chapters
    assert through == set()
    assert [item.key for item in chapter.items] == ["message:7:1", "message:7:1:edit"]
    if trace is None:
        assert raws.isdisjoint(one.id for one in chapter.raws)


@pytest.mark.parametrize("trace", [None, FOREIGN])
def test_a_request_leads_to_its_messages(past, trace):
    past.record(heard("before", 1), trace=trace)
    raw = past.record(heard("one", 2), heard("two", 3), trace=trace)
    past.record(heard("after", 4), trace=trace)
    with read_through(past.engine) as through:
        story = past.story(raw)
    assert through == set()
    assert texts(story) == ["one", "two"]
    assert {one.id for chapter in story.chapters for one in chapter.raws} == {raw}


@pytest.mark.parametrize("trace", [None, FOREIGN])
def test_keys_that_say_nothing_are_found_among_all_of_the_connector(past, trace):
    raw = past.record(said("hello", 1), trace=trace)
    change = past.record(edited("ext:1", "hello!", "update:2"), trace=trace)
    past.record(said("another", 3))
    [chapter] = past.story("ext:1").chapters
    assert [item.key for item in chapter.items] == ["update:1", "update:2"]
    assert {one.id for one in chapter.raws} == {raw, change}
    assert texts(past.story(raw)) == texts(past.story(change)) == ["hello!"]


def test_a_message_whose_request_is_forgotten_still_has_its_item(past):
    raw = past.record(said("hello", 1))
    with writing(past.engine) as connection:
        connection.exec_driver_sql("DELETE FROM raws")
    [chapter] = past.story("ext:1").chapters
    assert ([item.raw_id for item in chapter.items], chapter.raws) == ([raw], ())


def test_names_that_begin_alike_are_told_apart(past):
    past.record(heard("short", 1, external_id="7", key="message:7"))
    past.record(heard("long", 2, external_id="7:2", key="message:7:2"))
    past.record(heard("longer", 3, external_id="7:2:3", key="message:7:2:3"))
    past.record(reported("7:2:3", Status.READ))
    for asked, expected in {
        "7:2": ["message:7:2"],
        "7:2:3": ["message:7:2:3", "status:7:2:3:read"],
        "message:7": ["message:7"],
    }.items():
        assert keys(past, asked) == expected


def test_a_piece_that_waits_for_its_message_is_not_anothers(past):
    past.record(heard("short", 1, external_id="7", key="message:7"))
    past.record(heard("a piece", 2, external_id="7:2", key="message:7:2", fragment=Fragment(group="album", order=1)))
    past.record(heard("whole", 3, external_id="7:2:9", key="message:7:2:9"))
    assert keys(past, "message:7") == ["message:7"]
    assert keys(past, "7:2:9") == ["message:7:2:9"]


def test_pieces_are_found_by_their_names(past):
    for n in (1, 2):
        past.record(heard(f"piece {n}", n, fragment=Fragment(group="album", order=n, count=2)))
    past.writer.submit(put_together, Whole(PLACE, "album")).result(10)
    message = past.value("SELECT id FROM message_heads")
    with read_through(past.engine) as through:
        [chapter] = past.story(message).chapters
    assert through == set()
    assert sorted(item.key for item in chapter.items) == ["fragment:album", "message:7:1", "message:7:2"]
    assert len(chapter.raws) == 2
    with writing(past.engine) as connection:  # as when they are forgotten
        connection.exec_driver_sql("DELETE FROM fragments")
    assert keys(past, message) == ["message:7:1", "message:7:2"]


def test_a_quarantined_request_has_its_item_by_its_key(past):
    raw = past.record(Unreadable(key="unreadable:1", slice=b"?", reason="gibberish"))
    story = past.story(raw)
    assert ([item.key for item in story.items], story.chapters) == (["unreadable:1"], ())


def test_only_so_many_keys_are_looked_through_and_it_is_said(past, monkeypatch):
    monkeypatch.setattr(requests, "MOST_KEYS", 1)
    past.record(said("one", 1))
    past.record(said("two", 2))
    story = past.story("ext:2")
    assert texts(story) == ["two"]
    assert story.notes == ("support has more than 1 dedupe keys; not all were looked through",)


def test_a_trace_that_began_here_leads_to_its_request_and_what_became_of_it(past):
    raw = past.record(heard("hello", 1))
    past.record(heard("another", 2))
    for asked in (trace_from(raw), trace_from(raw).upper(), f"00-{trace_from(raw)}-00f067aa0ba902b7-01"):
        with read_through(past.engine) as through:
            story = past.story(asked)
        assert through == set()
        assert [clue.kind for clue in story.clues] == ["trace", "raw"]
        assert texts(story) == ["hello"]
        assert [one.id for one in story.chapters[0].raws] == [raw]
        assert {one.trace for one in (*story.chapters[0].events, *story.events)} == {trace_from(raw)}
        assert {"contact.created", "conversation.opened", "route.added"} == {one.type for one in story.events}


def test_a_trace_that_began_elsewhere_leads_to_all_its_requests(past):
    raws = [past.record(heard(f"word {n}", n), trace=FOREIGN) for n in (1, 2)]
    past.record(heard("another", 3))
    story = past.story(FOREIGN)
    assert texts(story) == ["word 1", "word 2"]
    assert {clue.name for clue in story.clues} == {FOREIGN, *raws}
    assert story.notes == ()


def test_a_request_that_made_nothing_is_found_by_the_trace_it_came_with(past):
    raw = past.record(Unreadable(key="unreadable:1", slice=b"?", reason="gibberish"), trace=FOREIGN)
    assert [one.id for one in past.story(FOREIGN).raws] == [raw]


def test_a_trace_in_the_text_of_a_message_is_none_of_its_events(past):
    past.record(heard(f'{FOREIGN} "traceparent":"00-{FOREIGN}-00f067aa0ba902b7-01"', 1))
    with pytest.raises(AssertionError):
        past.story(FOREIGN)


def test_of_a_foreign_trace_the_newest_events_are_searched_and_it_is_said(past, monkeypatch):
    past.record(heard("long ago", 1), trace=FOREIGN)
    past.record(heard("now", 2), trace=FOREIGN)
    newest = past.value("SELECT max(position) FROM events")
    monkeypatch.setattr(searching, "MOST", 1)
    story = past.story(FOREIGN)
    assert story.notes == (f"a trace that began elsewhere is looked for from event {newest} on only",)
    assert "now" in texts(story)


def test_an_event_of_a_trace_does_not_bring_along_the_customers_history(past):
    past.record(heard("first", 1))
    raw = past.record(heard("second", 2))
    past.record(heard("third", 3))
    assert texts(past.story(trace_from(raw))) == ["second"]


def test_a_trace_of_nothing_is_nothing(past):
    past.record(heard("hello", 1))
    for asked in (trace_from(new_id()), "0" * 32, f"00-{FOREIGN}-00f067aa0ba902b7-01"):
        with pytest.raises(AssertionError):
            past.story(asked)


@pytest.mark.parametrize("asked", ["7", "#1", "7:1", "message:7:1", "c-1", FOREIGN.upper()])
def test_no_name_is_looked_for_in_a_whole_table(past, asked):
    past.record(heard("hello", 1), trace=FOREIGN)
    with read_through(past.engine) as through:
        trace(past.engine, asked, past.settings)
    assert through <= {"contacts"}  # handles stand in what is known of people
