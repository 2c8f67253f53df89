"""One customer on three channels of one inbox, and what each of them proves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.arrival import Place, Recorded
from gateway.people.merge import merge, unmerge
from gateway.record.desk import Desk
from normalizer.inbound import Address, Claim, MessageReceived, Peer, Person
from normalizer.model import Inbox, Proof
from tests.record.conftest import AT, Store

MAIL = "mina@example.com"
PHONE = "+447700900123"


class World(Store):
    """An app, a mailbox and a telephone number that share conversations by contact."""

    def __init__(self, folder: Path, **inbox: Any) -> None:
        super().__init__(folder)
        main = Inbox(id="main", **inbox)
        self.app = Place("app", "chat", "chat", main)
        self.mailbox = Place("mail", "email", "mailto", main)
        self.phone = Place("sms", "sms", "tel", main)
        self.counted = 0

    def hear(self, place: Place, sender: str, text: str = "hello", **more: Any) -> Recorded:
        """Somebody writes."""
        return self.record(self.item(place, sender, text, **more), place=place)

    def item(self, place: Place, sender: str, text: str = "hello", **more: Any) -> MessageReceived:
        """`proof`, `claims` and `contact_ref` are the peer's."""
        self.counted += 1
        about = {name: more.pop(name) for name in ("proof", "claims", "contact_ref") if name in more}
        person = Person(address=Address(scheme=place.scheme, value=sender))
        item: dict[str, Any] = {
            "key": f"message:{self.counted}",
            "external_id": f"{place.connector_id}:{self.counted}",
            "peer": Peer(person=person, **about),
            "text": text,
            "occurred_at": AT,
        }
        return MessageReceived(**(item | more))

    def sign_in(self, sender: str, *claims: Claim, text: str = "hello", **more: Any) -> Recorded:
        """A signed-in user of the app writes."""
        return self.hear(self.app, sender, text, proof=Proof.VERIFIED, claims=claims, contact_ref=sender, **more)

    def merge(self, one: str, other: str, **more: Any) -> Any:
        return self._on_desk(lambda desk: merge(desk, one, other, "the test says so", **more))

    def unmerge(self, contact_id: str) -> Any:
        return self._on_desk(lambda desk: unmerge(desk, contact_id, "the test says so"))

    def _on_desk(self, do: Any) -> Any:
        def apply(transaction: Any, items: Any) -> list[Any]:
            desk = Desk(transaction)
            results = [do(desk) for _ in items]
            desk.save()
            return results

        return self.writer.submit(apply, None).result(10)

    def rows_changed(self, sql: str, *parameters: Any) -> None:
        """Changes rows as another process would."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(sql, parameters)

    def contact(self, value: str, scope: str | None = None) -> str:
        """Whose an address is."""
        found = self.rows("SELECT contact_id, scope FROM identities WHERE value = ?", value)
        [contact_id] = {owner for owner, where in found if scope in (None, where)}
        return str(contact_id)

    def told(self) -> list[tuple[int, str]]:
        """The number of each message's conversation, and its text, in the order of the feed."""
        rows = self.events()
        numbers = dict(self.rows("SELECT id, number FROM conversations"))
        messages = [row["data"]["message"] for row in rows if row["type"].startswith("onethread.message.")]
        return [(numbers[message["conversation_id"]], message["text"]) for message in messages]

    def cases(self) -> list[tuple[Any, ...]]:
        """Number, state, and the number of what each was merged into."""
        return self.rows(
            "SELECT c.number, c.state, m.number FROM conversations c LEFT JOIN conversations m ON m.id = c.merged_into"
            " ORDER BY c.number"
        )

    def whole(self) -> None:
        """What must hold whatever happened: every identity is at a contact that points nowhere, every sequence has no
        gap, and of one person's conversations in a place one is open."""
        assert (
            self.rows(
                "SELECT i.id FROM identities i JOIN contacts c ON c.id = i.contact_id WHERE c.merged_into IS NOT NULL"
            )
            == []
        )
        assert (
            self.rows(
                "SELECT c.number FROM conversations c JOIN contacts p ON p.id = c.contact_id"
                " WHERE c.state <> 'closed' AND p.merged_into IS NOT NULL"
            )
            == []
        )
        sequences: dict[str, list[int]] = {}
        for event in self.events():
            if event["source"].startswith("/conversations/"):
                sequences.setdefault(event["source"], []).append(int(event["sequence"]))
        assert all(found == list(range(1, len(found) + 1)) for found in sequences.values())


def email(value: str = MAIL, proof: Proof = Proof.VERIFIED) -> Claim:
    return Claim(scheme="mailto", value=value, proof=proof)


def phone(value: str = PHONE) -> Claim:
    return Claim(scheme="tel", value=value)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.whole()
    world.close()
