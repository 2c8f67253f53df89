"""What a provider calls a message of ours stands in its deliveries, and every reader finds it in the message."""

from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine

from connectors.kit.base import Sent
from gateway.store import revisions
from gateway.store.engine import connect, migrate, writing
from normalizer.commands import EditMessage
from normalizer.inbound import StatusChanged
from normalizer.status import Status
from tests.record.conftest import AT
from tests.send.conftest import Desk, run
from tests.stores import empty_url_of

EVENT = "INSERT INTO events (position, id, type, sequence, subject, recorded_at, body) VALUES (?, ?, ?, ?, ?, 5, ?)"
HEAD = "INSERT INTO message_heads VALUES (?, 'c1', NULL, ?, ?)"
DELIVERY = "INSERT INTO deliveries VALUES (?, ?, 'c1', 'r1', 'support', ?, 2, 1, 'accepted', 7, NULL, 1, ?, 0, 0)"


def body(message: str, names: list[str], text: str) -> dict[str, Any]:
    return {"id": message, "text": text, "client_ref": None, "external_ids": names, "auto": False, "parts": []}


def fill(engine: Engine, messages: dict[str, list[str] | None], deliveries: list[tuple[str, str, str, Any]]) -> None:
    """As a release of revision 0011 would have written it: messages with the names they were rewritten with, if any."""
    with writing(engine) as connection:
        revisions.upgrade(connection, "0011")
        for n, (message, names) in enumerate(messages.items(), 1):
            event = {"data": {"message": body(message, [], TEXT)}}
            values = (n, f"e{n}", "message.created", n, message, msgspec.json.encode(event))
            connection.exec_driver_sql(EVENT, values)
            key = n if engine.dialect.name == "sqlite" else -n
            rewritten = None if names is None else msgspec.json.encode(body(message, names, TEXT))
            connection.exec_driver_sql(HEAD, (message, key, rewritten))
        for id_, message, kind, payloads in deliveries:
            requests = [{"body": {"text": TEXT}, "status": "accepted", "external_ids": names} for names in payloads]
            plan = {"why": "asked", "payloads": requests} if requests else {"why": "asked"}
            connection.exec_driver_sql(DELIVERY, (id_, message, kind, msgspec.json.encode(plan)))


TEXT = 'a "external_ids":[] \u00fc \\ "'


def test_messages_of_an_older_store_go_by_the_names_of_their_deliveries(tmp_path: Path) -> None:
    engine = connect(empty_url_of(tmp_path / "hub.db"))
    messages: dict[str, list[str] | None] = {
        "received": None,
        "queued": None,
        "sent": None,
        "rewritten": ["out:9", "out:8"],
        "copied": None,
        "edited": None,
    }
    deliveries = [
        ("d1", "queued", "message", []),
        ("d2", "sent", "message", [["out:1"], [], ['out:"2"', "out:ü"]]),
        ("d3", "rewritten", "message", [["out:8", "out:9"], ["out:7"]]),
        ("d5", "copied", "message", [["copy:2"]]),
        ("d4", "copied", "message", [["copy:1"]]),
        ("d6", "edited", "message", [["out:3"]]),
        ("d7", "edited", "edit", [["out:4"]]),
    ]
    fill(engine, messages, deliveries)
    migrate(engine)
    with engine.connect() as connection:
        found = dict(map(tuple, connection.exec_driver_sql("SELECT id, body FROM messages")))
    engine.dispose()
    names = {
        "received": [],
        "queued": [],
        "sent": ["out:1", 'out:"2"', "out:ü"],
        "rewritten": ["out:9", "out:8", "out:7"],
        "copied": ["copy:1", "copy:2"],
        "edited": ["out:3"],
    }
    assert {id_: msgspec.json.decode(message) for id_, message in found.items()} == {
        id_: body(id_, names[id_], TEXT) for id_ in messages
    }


def names_of(desk: Desk, message_id: str) -> list[str]:
    [(stored,)] = desk.rows("SELECT body FROM messages WHERE id = ?", message_id)
    names: list[str] = msgspec.json.decode(stored)["external_ids"]
    return names


def test_a_message_that_was_sent_has_its_names_and_is_not_written_again(desk: Desk) -> None:
    message = desk.say("one two three four five").message
    desk.plugin.script = [Sent(("out:1", "out:1b")), Sent(("out:2",))]
    run(desk, accepted=1)
    assert names_of(desk, message.id) == ["out:1", "out:1b", "out:2"]
    assert desk.rows("SELECT count(*) FROM message_heads WHERE body IS NOT NULL") == [(0,)]


def test_an_edit_keeps_the_names_and_tells_them(desk: Desk) -> None:
    message = desk.say("hi").message
    run(desk, accepted=1)
    desk.order(EditMessage(message_id=message.id, text="hello"))
    run(desk, accepted=2)
    edited = next(event for event in desk.events() if "message.edited" in event["type"])
    assert edited["data"]["message"]["external_ids"] == ["out:1"]
    assert names_of(desk, message.id) == ["out:1"]
    assert [one.external_id for one in desk.plugin.edited] == ["out:1"]


def test_a_name_told_late_comes_after_those_that_are_known(desk: Desk) -> None:
    message = desk.say("hi").message
    run(desk, accepted=1)
    [(delivery_id,)] = desk.rows("SELECT id FROM deliveries")
    desk.record(
        StatusChanged(
            key="status", external_id="late:1", token=f"{delivery_id}.1", status=Status.DELIVERED, occurred_at=AT
        )
    )
    assert names_of(desk, message.id) == ["out:1", "late:1"]
