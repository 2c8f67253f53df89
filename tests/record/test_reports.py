"""Reports about messages nobody knows: they wait, and what nobody claims is shown and can be replayed."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY

from connectors.kit.base import Polled
from connectors.kit.request import Request, decode
from gateway.record.polled import polled_arrival, record_polled
from gateway.record.replay import Replayed, replay
from gateway.record.unclaimed import MOST, Crossed, crossed, match, surface
from gateway.store import schema
from gateway.store.times import now, to_us
from normalizer.codec import encode
from normalizer.inbound import Inbound, MessageEdited, StatusChanged
from normalizer.status import Status
from tests.background.heronry import (
    NOON,
    Heron,
    Note,
    PollingHeron,
    deliver,
    eventually,
    live,
    read,
    rows,
    run,
    running,
    settings_in,
)
from tests.record.conftest import AT, Store, said
from tests.record.test_changes import EDIT, REDACTION


class Correction(Note, frozen=True, kw_only=True):
    of: str | None = None


CORRECTIONS = msgspec.json.Decoder(list[Correction])


class CorrectingHeron(Heron):
    """Its notes may correct earlier ones."""

    def parse(self, request: Request) -> list[Inbound]:
        return [corrected(note, self.knows) for note in decode(request.body, CORRECTIONS)]


def corrected(note: Correction, knows: Any) -> Inbound:
    if note.of is None:
        return read(note, knows)
    return MessageEdited(key=f"edit:{note.id}", external_id=note.of, text=note.text, occurred_at=NOON)


class PollingCorrector(PollingHeron):
    async def poll(self, cursor: str | None) -> Polled:
        polled = await super().poll(cursor)
        return Polled([corrected(note, self.knows) for note in self.notes], polled.cursor, polled.raw)


CORRECTION = Correction(id="2", text="uno", of="1")
FIRST = Note(id="1", text="one")


def shown(store: Store) -> list[tuple[str, str, str]]:
    return store.rows("SELECT key, state, reason FROM quarantine ORDER BY key")


def show(store: Store, before: int | None = None) -> int:
    return store.writer.submit(surface, to_us(now()) if before is None else before).result(10)


def test_a_report_that_waited_for_too_long_is_shown_with_the_request_it_came_in(store: Store) -> None:
    store.record(EDIT, REDACTION)
    assert show(store) == 2
    reason = "nobody claimed it: this {} is about '7:1', and no message here goes by that id"
    assert shown(store) == [
        ("d1", "open", reason.format("message_redacted")),
        ("e1", "open", reason.format("message_edited")),
    ]
    assert store.rows("SELECT count(*) FROM waiting_reports") == [(0,)]
    assert store.rows("SELECT DISTINCT r.body FROM quarantine q JOIN raws r ON r.id = q.raw_id") == [(b"raw",)]
    [(slice_,)] = store.rows("SELECT slice FROM quarantine WHERE key = 'e1'")
    assert msgspec.json.decode(slice_)["text"] == "hello!"


def test_what_has_not_waited_long_enough_waits_on(store: Store) -> None:
    store.record(EDIT)
    assert show(store, to_us(now()) - 3_600_000_000) == 0
    assert shown(store) == []


def count() -> float:
    return REGISTRY.get_sample_value("onethread_reports_unclaimed_total", {"connector": "support"}) or 0.0


def test_each_is_counted_by_its_connector(store: Store) -> None:
    before = count()
    store.record(*(StatusChanged(key=f"s{n}", external_id=f"x{n}", status=Status.READ) for n in range(MOST + 5)))
    assert [show(store), show(store), show(store)] == [MOST, 5, 0]
    assert count() - before == MOST + 5


async def ended(hub: Any) -> tuple[list[tuple[str, str]], list[str]]:
    """The quarantine, and the words of the messages."""
    found = await asyncio.to_thread(rows, hub, "SELECT key, state FROM quarantine")
    texts = [msgspec.json.decode(body)["text"] for (body,) in rows(hub, "SELECT body FROM messages")]
    return found, texts


def test_an_unclaimed_report_is_replayed_once_its_message_has_come(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path, "{report_wait: 0}"), live(CorrectingHeron)) as hub:
            await deliver(hub, CORRECTION)
            await eventually(lambda: rows(hub, "SELECT key FROM quarantine") == [("edit:2",)])
            await deliver(hub, FIRST)
            assert (await ended(hub))[1] == ["one"]
            [(item,)] = rows(hub, "SELECT id FROM quarantine")
            assert await asyncio.to_thread(replay, hub, item) == Replayed("replayed", 1)
            assert await ended(hub) == ([("edit:2", "replayed")], ["uno"])

    run(test)


def test_one_replayed_too_early_comes_back_to_its_place(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path, "{report_wait: 0}"), live(CorrectingHeron)) as hub:
            await deliver(hub, CORRECTION)
            await eventually(lambda: rows(hub, "SELECT id FROM quarantine"))
            [(item,)] = rows(hub, "SELECT id FROM quarantine")
            await asyncio.to_thread(replay, hub, item)
            await eventually(lambda: rows(hub, "SELECT id, state FROM quarantine") == [(item, "open")])
            await deliver(hub, FIRST)
            assert await asyncio.to_thread(replay, hub, item) == Replayed("replayed", 1)
            assert (await ended(hub))[1] == ["uno"]

    run(test)


def test_what_a_poll_brought_is_replayed_as_it_was_read(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path, "{report_wait: 0}"), live(PollingCorrector)) as hub:
            connector = hub.connectors["pond"]
            item = corrected(CORRECTION, ("plain",))
            await hub.writer.write(record_polled, polled_arrival(connector.place, Polled([item], "1", b"[]"), now()))
            await eventually(lambda: rows(hub, "SELECT id FROM quarantine"))
            await deliver(hub, FIRST)
            [(quarantined,)] = rows(hub, "SELECT id FROM quarantine")
            assert await asyncio.to_thread(replay, hub, quarantined) == Replayed("replayed", 1)
            assert (await ended(hub))[1] == ["uno"]

    run(test)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=["in order", "the later first"])
def test_of_two_edits_the_one_made_later_stands_whichever_came_first(store: Store, order: tuple[int, int]) -> None:
    store.record(said("hello"))
    for n in order:
        store.record(
            MessageEdited(key=f"e{n}", external_id="7:1", text=f"edit {n}", occurred_at=AT + timedelta(seconds=n))
        )
    [(body,)] = store.rows("SELECT body FROM messages")
    message = msgspec.json.decode(body)
    assert (message["text"], message["edited_at"]) == ("edit 2", "2026-11-21T10:00:02Z")
    assert store.types().count("message.edited") == (2 if order == (1, 2) else 1)


def test_an_edit_back_to_the_first_words_is_not_undone_by_an_earlier_one(store: Store) -> None:
    store.record(said("hello"))
    for n, text in ((2, "hello"), (1, "helo")):
        store.record(MessageEdited(key=f"e{n}", external_id="7:1", text=text, occurred_at=AT + timedelta(seconds=n)))
    assert store.types()[-1] == "message.received"


def test_a_report_that_crossed_its_message_in_another_process_is_applied(store: Store) -> None:
    def wait(transaction, items):
        for item in items:
            transaction.insert(schema.waiting_reports, "support", item.key, item.external_id, encode(item), 1)
        return items

    store.record(said("one", 1))
    edited = MessageEdited(key="edit", external_id="7:1", text="two", occurred_at=AT)
    store.writer.submit(wait, edited).result(10)
    assert crossed(store.engine, 1) == [("support", "7:1")]
    store.writer.submit(match, Crossed(store.place, "7:1")).result(10)
    assert store.events()[-1]["data"]["message"]["text"] == "two"
    assert crossed(store.engine, 1) == []
