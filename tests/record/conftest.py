"""A store of its own for each test, and short ways to say what a provider told."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from gateway.arrival import Arrival, Place, Raw, Recorded
from gateway.ids import new_id
from gateway.record.arrivals import record
from gateway.store.engine import open_store
from gateway.store.writer import Writer
from normalizer.inbound import Address, Inbound, MessageReceived, Peer, Person
from normalizer.model import Inbox
from tests.stores import url_of

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class Store:
    """Records as the hub does, and reads back what stands."""

    def __init__(self, folder: Path) -> None:
        self.engine: Engine = open_store(url_of(folder / "hub.db"))
        self.writer = Writer(self.engine)
        self.writer.start()
        self.place = Place("support", "pigeon", "pigeon", Inbox(id="main"))

    def close(self) -> None:
        self.writer.stop()
        self.engine.dispose()

    def record(self, *items: Inbound, place: Place | None = None) -> Recorded:
        return self.writer.submit(record, self.arrival(*items, place=place)).result(10)

    def arrival(self, *items: Inbound, place: Place | None = None) -> Arrival:
        raw = Raw(id=new_id(), received_at=AT, method="POST", url="/in/support", headers=b"{}", body=b"raw")
        return Arrival(place or self.place, raw, items)

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]

    def events(self) -> list[dict[str, Any]]:
        return [
            {**msgspec.json.decode(body), "position": position}
            for position, body in self.rows("SELECT position, body FROM events ORDER BY position")
        ]

    def types(self) -> list[str]:
        return [type_ for (type_,) in self.rows("SELECT type FROM events ORDER BY position")]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def peer(value: str = "7", name: str | None = "Mina") -> Peer:
    return Peer(person=Person(address=Address(scheme="pigeon", value=value), name=name))


def said(text: str, n: int = 1, sender: str = "7", **more: Any) -> MessageReceived:
    defaults: dict[str, Any] = {
        "key": f"message:{sender}:{n}",
        "external_id": f"{sender}:{n}",
        "peer": peer(sender),
        "text": text,
        "occurred_at": AT,
    }
    return MessageReceived(**{**defaults, **more})
