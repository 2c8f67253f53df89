"""One conversation over many routes: where an answer leaves, when it goes on elsewhere, and what ends that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.send.asks import Accepted
from gateway.send.fallback import TIMER, Late, overdue
from gateway.send.standing import SELECT, Parcel
from normalizer.commands import Fallback
from normalizer.inbound import Address, Peer, Person, ReadUpTo, TypingChanged
from normalizer.model import Proof
from tests.people.conftest import MAIL, PHONE, World, email, phone
from tests.people.sending import Sending
from tests.record.conftest import AT

UNREAD = Fallback(channel="email", after=120, unless="read")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sending]:
    world = Sending(tmp_path)
    world.hear(world.mailbox, MAIL, "by mail")
    world.hear(world.phone, PHONE, "by text")
    world.sign_in("mina", email(), phone(), text="in the app")
    yield world
    world.whole()
    world.close()


def conversation(world: World) -> str:
    [(id_,)] = world.rows("SELECT id FROM conversations WHERE state = 'open'")
    return str(id_)


def say(world: Sending, **command: Any) -> tuple[str, str]:
    """What an agent says in the one conversation: by which connector, and why."""
    accepted = world.say(conversation_id=conversation(world), text="hi", **command)
    assert isinstance(accepted, Accepted), accepted
    return stand(world)[-1][0], stand(world)[-1][2]


def stand(world: World) -> list[tuple[str, str, str]]:
    """Connector, status and reason of each delivery."""
    parcels = [Parcel(*row) for row in world.rows(f"{SELECT} ORDER BY id")]
    return [(parcel.connector_id, parcel.status, parcel.plan.why) for parcel in parcels]


def let_time_pass(world: Sending) -> None:
    world.rows_changed("UPDATE deliveries SET created_at = created_at - 120000000")
    for (subject,) in world.rows("SELECT subject FROM timers WHERE kind = ?", TIMER):
        connector, _, delivery = subject.partition("\n")
        world.writer.submit(overdue, Late(world.app, connector, delivery)).result(10)


def read(world: World, n: int, **named: Any) -> None:
    """Mina has read in the app."""
    peer = Peer(person=Person(address=Address(scheme="chat", value="mina")), proof=Proof.VERIFIED)
    world.record(ReadUpTo(key=f"read:{n}", peer=peer, occurred_at=AT, **named), place=world.app)


def down(world: World, connector: str) -> None:
    world.rows_changed(
        "INSERT INTO lanes (connector_id, owner, fence, lease_until, state) VALUES (?, '', 1, 0, 'down')", connector
    )


def test_an_answer_leaves_where_the_customer_wrote_last(world: Sending) -> None:
    world.hear(world.phone, PHONE, "by text", occurred_at=AT.replace(hour=11))
    assert say(world) == ("sms", "last inbound route")
    assert say(world, channel="email") == ("mail", "named channel, last inbound route")


def test_the_contacts_preference_decides_where_nobody_wrote(world: Sending) -> None:
    world.rows_changed("UPDATE routes SET last_inbound_at = NULL")
    [(stored,)] = world.rows("SELECT body FROM contacts WHERE merged_into IS NULL")
    liked = msgspec.json.encode(msgspec.json.decode(stored) | {"preferred_channels": ["sms", "email"]})
    world.rows_changed("UPDATE contacts SET body = ? WHERE merged_into IS NULL", liked)
    assert say(world) == ("sms", "the contact's preference")


def test_a_connector_that_is_down_is_passed_over(world: Sending) -> None:
    world.hear(world.phone, PHONE, "by text", occurred_at=AT.replace(hour=11))
    down(world, "sms")
    assert say(world)[0] in ("app", "mail")
    assert say(world, channel="sms") == ("sms", "named channel, last inbound route, though its connector is down")


def test_what_was_not_read_in_the_app_within_two_minutes_goes_by_mail(world: Sending) -> None:
    assert say(world, channel="chat", fallback=(UNREAD,))[0] == "app"
    world.deliver("app")
    let_time_pass(world)
    assert [outbound.address.value for outbound in world.deliver("mail")] == [MAIL]
    assert [(connector, why) for connector, _, why in stand(world)] == [
        ("app", "named channel, last inbound route"),
        ("mail", "fallback to email because it was not read within 120 s"),
    ]


@pytest.mark.parametrize("by", ["external_id", "sequence"])
def test_what_was_read_in_time_stays_where_it_is(world: Sending, by: str) -> None:
    say(world, channel="chat", fallback=(UNREAD,))
    world.deliver("app")
    [message] = [event["data"]["message"] for event in world.events() if event["type"].endswith("message.created.v1")]
    read(world, 1, **({"external_id": "app:out:1"} if by == "external_id" else {"sequence": message["sequence"]}))
    assert stand(world) == [("app", "read", "named channel, last inbound route")]
    let_time_pass(world)
    assert len(stand(world)) == 1


def test_reading_reaches_what_came_before_and_nothing_after_or_elsewhere(world: Sending) -> None:
    for channel in ("chat", "chat", "email", "chat"):
        say(world, channel=channel)
    world.deliver("app")
    world.deliver("mail")
    read(world, 1, external_id="app:out:2")
    assert [status for _, status, _ in stand(world)] == ["read", "read", "accepted", "accepted"]
    updates = [event["data"]["delivery"]["status"] for event in world.events() if "delivery.updated" in event["type"]]
    assert updates.count("read") == 2
    read(world, 2, external_id="app:out:2")
    assert world.events()[-1]["type"] != "onethread.delivery.updated.v1" or updates.count("read") == 2
    read(world, 3, sequence=10**9)
    assert [status for _, status, _ in stand(world)] == ["read", "read", "accepted", "read"]


def test_a_receipt_that_overtakes_the_answer_to_the_send_waits_for_it(world: Sending) -> None:
    say(world, channel="chat")
    read(world, 1, external_id="app:out:1")
    assert world.rows("SELECT external_id FROM waiting_reports") == [("app:out:1",)]
    world.deliver("app")
    assert [status for _, status, _ in stand(world)] == ["read"]


def test_whoever_only_says_to_be_the_customer_reads_nothing(world: Sending) -> None:
    say(world, channel="chat")
    world.deliver("app")
    peer = Peer(person=Person(address=Address(scheme="chat", value="mina")), proof=Proof.ASSERTED)
    world.record(ReadUpTo(key="read:1", peer=peer, external_id="app:out:1", occurred_at=AT), place=world.app)
    assert [status for _, status, _ in stand(world)] == ["accepted"]


def test_a_stranger_reads_nothing(world: Sending) -> None:
    say(world, channel="chat")
    world.deliver("app")
    peer = Peer(person=Person(address=Address(scheme="chat", value="omar")))
    item = ReadUpTo(key="read:omar", peer=peer, external_id="app:out:1", occurred_at=AT)
    world.record(item, place=world.app)
    assert [status for _, status, _ in stand(world)] == ["accepted"]
    assert world.rows("SELECT count(*) FROM identities WHERE value = 'omar'") == [(0,)]


def test_typing_leaves_nothing_behind(world: Sending) -> None:
    peer = Peer(person=Person(address=Address(scheme="chat", value="mina")))
    before = (world.events(), world.rows("SELECT count(*) FROM raws"), world.rows("SELECT count(*) FROM arrivals"))
    typing = TypingChanged(key="typing:1", peer=peer, on=True)
    assert world.record(typing, place=world.app).inbound == (typing,)
    assert (world.events(), world.rows("SELECT count(*) FROM raws"), world.rows("SELECT count(*) FROM arrivals")) == (
        before
    )
