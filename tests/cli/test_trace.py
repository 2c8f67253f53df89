"""`trace`, over a store in which everything has happened."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from connectors.kit.config import PluginConfig
from connectors.kit.http import Exchange
from connectors.kit.secret import Secret
from gateway.arrival import Arrival, Place, Raw
from gateway.exchanges import keep_exchanges
from gateway.ids import new_id
from gateway.record.arrivals import record
from gateway.record.fragments import Whole, put_together
from gateway.settings.loading import load
from gateway.settings.model import Connector, Settings
from gateway.store.engine import open_store, writing
from gateway.store.writer import Writer
from gateway.trace import Story, trace
from normalizer.inbound import Address, Fragment, Inbound, Media, MessageReceived, Peer, Person, Unreadable
from normalizer.model import Inbox
from normalizer.parts import MediaKind
from tests.stores import EITHER, on, url_of

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SECRET = Secret("hunter2-hunter2")
PLACE = Place("support", "pigeon", "pigeon", Inbox(id="main"))
PHONE = Place("sms", "sms", "tel", Inbox(id="main"))


class Config(PluginConfig, frozen=True, kw_only=True):
    token: Secret


def settings_in(folder: Path, **entries: Any) -> Settings:
    """With one secret, of a connector's."""
    path = folder / "onethread.yaml"
    path.write_text(json.dumps({"store": url_of(folder / "hub.db"), **entries}))
    connector = Connector(name="support", plugin="pigeon", inbox="main", config=Config(token=SECRET))
    return msgspec.structs.replace(load(path, {}), connectors={"support": connector})


def said(text: str, n: int, sender: str = "7", scheme: str = "pigeon", **more: Any) -> MessageReceived:
    person = Person(address=Address(scheme=scheme, value=sender), name="Mina", handle="MinaFlies")
    names = {"key": f"update:{n}", "external_id": f"ext:{n}"}
    return MessageReceived(peer=Peer(person=person), text=text, occurred_at=AT, **names | more)


@dataclass
class Past:
    engine: Engine
    writer: Writer
    settings: Settings

    def record(self, *items: Inbound, place: Place = PLACE, trace: str | None = None) -> str:
        """The id of the request they came in."""
        sent = f',"traceparent":"00-{trace}-00f067aa0ba902b7-01"' if trace else ""
        raw = Raw(
            id=new_id(),
            received_at=AT,
            method="POST",
            url=f"https://hub.example.com/in/support?token={SECRET.reveal()}",
            headers=f'{{"content-type":"application/json","x-echo":"hunter2-hunter2"{sent}}}'.encode(),
            body=b'{"text":"' + SECRET.reveal().encode() + b'"}',
            trace=trace,
        )
        self.writer.submit(record, Arrival(place, raw, items)).result(10)
        return raw.id

    def value(self, sql: str, *parameters: object) -> Any:
        with self.engine.connect() as connection:
            return connection.exec_driver_sql(sql, parameters).scalar_one()

    def story(self, asked: str) -> Story:
        story = trace(self.engine, asked, self.settings)
        assert story is not None
        return story


@pytest.fixture(scope="module", params=EITHER)
def past(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Past]:
    with on(request.param):
        yield from _past(tmp_path_factory.mktemp("past"))


def _past(folder: Path) -> Iterator[Past]:
    engine = open_store(url_of(folder / "hub.db"))
    writer = Writer(engine)
    writer.start()
    past = Past(engine, writer, settings_in(folder))
    past.record(said("the first", 1))
    photo = Media(source="file-1", kind=MediaKind.IMAGE, media_type="image/png", name="seed.png")
    past.record(said("with a file", 2, media=(photo,)))
    past.record(Unreadable(key="raw:1", slice=b"?", reason="not a word"))
    past.record(said("by phone", 3, "+447700900111", "tel"), place=PHONE)
    for n, text in ((4, "one of two"), (5, "")):
        past.record(said(text, n, "8", fragment=Fragment(group="album", order=n)))
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE timers SET due_at = 0")
    writer.submit(put_together, Whole(PLACE, "album")).result(10)
    file = past.value("SELECT id FROM attachments")
    exchange = Exchange("support", file, "GET", "https://api.example.com/f", "", 200, "PNG", None, 12.0)
    writer.submit(keep_exchanges, [exchange]).result(10)
    yield past
    writer.stop()
    engine.dispose()


def texts(story: Story) -> list[str]:
    return [chapter.message.text for chapter in story.chapters]


NAMES = {
    "message": ("SELECT id FROM messages WHERE CAST(body AS TEXT) LIKE '%the first%'", ["the first"]),
    "raw": ("SELECT raw_id FROM arrivals WHERE key = 'update:1'", ["the first"]),
    "attachment": ("SELECT id FROM attachments", ["with a file"]),
    "exchange": ("SELECT id FROM exchanges", ["with a file"]),
    "event": ("SELECT id FROM events WHERE type = 'message.received' ORDER BY position LIMIT 1", ["the first"]),
    "external id": ("SELECT 'ext:2'", ["with a file"]),
    "dedupe key": ("SELECT 'update:2'", ["with a file"]),
    "conversation": ("SELECT id FROM conversations WHERE number = 1", ["the first", "with a file"]),
    "contact": ("SELECT contact_id FROM identities WHERE value = '7'", ["the first", "with a file"]),
    "identity": ("SELECT id FROM identities WHERE value = '7'", ["the first", "with a file"]),
    "route": ("SELECT id FROM routes WHERE address = '7'", ["the first", "with a file"]),
}


@pytest.mark.parametrize("kind", NAMES)
def test_every_kind_of_name_leads_to_its_messages(past, kind):
    sql, expected = NAMES[kind]
    name = past.value(sql)
    story = past.story(name)
    assert [clue.kind for clue in story.clues] == [kind]
    assert texts(story) == expected


@pytest.mark.parametrize(
    ("asked", "kind", "expected"),
    [
        ("7", "identity", ["the first", "with a file"]),
        ("+44 7700 900111", "identity", ["by phone"]),
        ("#1", "conversation", ["the first", "with a file"]),
        (" ext:1 ", "external id", ["the first"]),
    ],
)
def test_addresses_and_numbers_are_found_as_people_write_them(past, asked, kind, expected):
    story = past.story(asked)
    assert [clue.kind for clue in story.clues] == [kind]
    assert texts(story) == expected


def test_a_handle_leads_to_everybody_who_goes_by_it(past):
    story = past.story("@minaflies")
    assert {clue.kind for clue in story.clues} == {"contact"}
    assert sorted(texts(story)) == ["by phone", "one of two", "the first", "with a file"]


def test_an_upper_case_id_is_the_same_id(past):
    assert texts(past.story(past.value(NAMES["message"][0]).upper())) == ["the first"]


def test_a_quarantined_item_leads_to_its_request(past):
    story = past.story(past.value("SELECT id FROM quarantine"))
    assert story.chapters == ()
    [raw] = story.raws
    [quarantined] = story.quarantine
    assert (quarantined.raw_id, quarantined.reason, quarantined.state) == (raw.id, "not a word", "open")
    assert [item.key for item in story.items] == ["raw:1"]


def test_a_file_stands_with_its_message_and_what_was_said_to_get_it(past):
    [chapter] = past.story("update:2").chapters
    [filed] = chapter.attachments
    assert (filed.attachment.name, filed.attachment.state) == ("seed.png", "pending")
    assert [(one.method, one.status, one.response_body) for one in filed.exchanges] == [("GET", 200, "PNG")]


def test_a_message_put_together_shows_each_request_it_came_in(past):
    for asked in ("ext:4", "ext:5", "update:4", "update:5"):
        [chapter] = past.story(asked).chapters
        assert chapter.message.text == "one of two"
        assert sorted(item.key for item in chapter.items) == ["fragment:album", "update:4", "update:5"]
        assert len({raw.id for raw in chapter.raws}) == len(chapter.raws) == 2


def test_events_stand_with_what_they_are_about(past):
    story = past.story("update:1")
    assert [(event.type, event.sequence) for event in story.chapters[0].events] == [("message.received", 3)]
    assert [(event.type, event.sequence) for event in story.events] == [("conversation.opened", 1), ("route.added", 2)]


def test_no_secret_is_told(past):
    told = msgspec.json.encode(past.story("7")).decode()
    assert SECRET.reveal() not in told
    assert "/in/support?token=***" in told


def test_of_a_long_history_the_newest_is_told(past):
    for n in range(100, 130):
        past.record(said(f"message {n}", n, "9"))
    story = past.story("9")
    assert story.older
    assert texts(story) == [f"message {n}" for n in range(110, 130)]


NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "asked", ["", " ", "nobody", "#999", "#", "'; DROP TABLE messages; --", NOBODY, "0" * 10_000, "\x00", "🐦"]
)
def test_what_nobody_knows_is_nothing(past, asked):
    assert trace(past.engine, asked, past.settings) is None
