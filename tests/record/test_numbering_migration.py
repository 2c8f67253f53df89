"""A store of before 0011 is brought up to date with its feed, its histories and its messages in it."""

from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine

from gateway.feed import BEGINNING, Feed
from gateway.record.arrivals import record
from gateway.store import revisions
from gateway.store.engine import connect, migrate, steps, writing
from tests.record.conftest import Store, said
from tests.stores import empty_url_of

EVENTS = (
    (1, "e1", "conversation.opened", 1, "c1", {"data": {}}),
    (2, "e2", "message.received", 2, "m1", {"data": {"message": {"id": "m1", "text": "a\\u0000b"}}}),
    (3, "e3", "contact.updated", None, "p1", {"data": {}}),
)
CONVERSATION = (
    "INSERT INTO conversations (id, number, inbox_id, kind, sharing_key, state, labels, priority, opened_at)"
    " VALUES ('c1', 7, 'main', 'personal', 'key', 'open', '[]', 'normal', 0)"
)
EVENT = "INSERT INTO events (position, id, type, sequence, subject, recorded_at, body) VALUES (?, ?, ?, ?, ?, 5, ?)"


def fill(engine: Engine) -> None:
    """As a release of revision 0010 would have written it."""
    with writing(engine) as connection:
        revisions.upgrade(connection, "0010")
        connection.exec_driver_sql(CONVERSATION)
        for *columns, body in EVENTS:
            connection.exec_driver_sql(EVENT, (*columns, msgspec.json.encode(body)))
        connection.exec_driver_sql("INSERT INTO history VALUES (7, 1, 1)")
        connection.exec_driver_sql("INSERT INTO history_tail VALUES (7, 2, 2)")
        head = "INSERT INTO message_heads VALUES ('m1', 'c1', NULL, 2, NULL)"
        connection.exec_driver_sql(head)


def rows(engine: Engine, sql: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def test_what_was_told_is_told_as_before_and_the_next_event_comes_after_it(tmp_path: Path) -> None:
    engine = connect(empty_url_of(tmp_path / "hub.db"))
    fill(engine)
    assert steps(engine)[0].revision == "0011"
    migrate(engine)
    assert steps(engine) == []
    told = Feed(engine).read(BEGINNING, 10)
    assert [position for position, _ in told] == [1, 2, 3]
    assert [msgspec.json.decode(event)["data"] for _, event in told] == [body["data"] for *_, body in EVENTS]
    assert [position for position, _ in Feed(engine).read(0, 10, conversation_id="c1")] == [1, 2]
    [(body, position)] = rows(engine, "SELECT body, position FROM messages")
    assert msgspec.json.decode(body) == EVENTS[1][-1]["data"]["message"]  # type: ignore[index]
    assert position == 2
    engine.dispose()
    store = Store(tmp_path)
    store.writer.submit(record, store.arrival(said("new"))).result(10)
    assert [event["position"] for event in store.events()] == list(range(1, len(store.events()) + 1))
    assert store.rows("SELECT max(number) FROM conversations") == [(8,)]
    store.close()
