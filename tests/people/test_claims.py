"""What a signed-in user's claims prove, and what nobody's word proves."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from gateway.arrival import Place
from gateway.record.arrivals import record
from gateway.store.transaction import Transaction
from normalizer.model import Proof
from tests.people.conftest import MAIL, PHONE, World, email, phone


def test_a_customer_of_four_addresses_has_one_contact_and_one_conversation(world: World) -> None:
    world.hear(world.mailbox, MAIL, "by mail")
    world.hear(world.phone, PHONE, "by text")
    world.sign_in("mina", email(), phone(), text="in the app")
    world.hear(world.mailbox, MAIL, "by mail again")
    world.hear(world.phone, PHONE, "by text again")
    assert len({world.contact(value) for value in (MAIL, PHONE, "mina")}) == 1
    assert world.cases() == [(1, "open", None), (2, "closed", 1)]
    assert world.told() == [
        (1, "by mail"),
        (2, "by text"),
        (1, "in the app"),
        (1, "by mail again"),
        (1, "by text again"),
    ]
    assert world.rows("SELECT count(*) FROM contacts WHERE merged_into IS NULL") == [(1,)]


def test_a_claimed_address_that_nobody_had_is_the_users_from_then_on(world: World) -> None:
    world.sign_in("mina", email())
    world.hear(world.mailbox, MAIL, "by mail")
    assert world.contact(MAIL) == world.contact("mina")
    assert world.told() == [(1, "hello"), (1, "by mail")]
    made = [event["data"] for event in world.events() if event["type"] == "onethread.contact.updated.v1"]
    assert [(one["proof"], one["scope"]) for data in made for one in data["identities"]] == [("verified", "*")]


def test_a_claim_raises_the_proof_of_an_address_the_contact_has(world: World) -> None:
    world.sign_in("mina", email(proof=Proof.CHANNEL))
    world.sign_in("mina", email())
    assert world.rows("SELECT proof FROM identities WHERE value = ?", MAIL) == [("verified",)]


def test_the_user_is_known_by_the_apps_own_id(world: World) -> None:
    world.sign_in("mina")
    [(body,)] = world.rows("SELECT body FROM contacts")
    assert msgspec.json.decode(body)["external_id"] == "mina"


def test_claims_of_somebody_who_proves_nothing_prove_nothing(world: World) -> None:
    world.hear(world.mailbox, MAIL)
    world.hear(world.app, "visitor", proof=Proof.ASSERTED, claims=(email(), phone()), contact_ref="boss")
    assert world.contact(MAIL) != world.contact("visitor")
    assert world.rows("SELECT count(*) FROM identities") == [(2,)]
    assert [number for number, _ in world.told()] == [1, 2]


def test_an_asserted_claim_proves_nothing(world: World) -> None:
    world.hear(world.mailbox, MAIL)
    world.sign_in("mina", email(proof=Proof.ASSERTED))
    assert world.contact(MAIL) != world.contact("mina")


def test_a_forged_sender_joins_nobody_and_nobody_joins_it(world: World) -> None:
    world.hear(world.mailbox, MAIL, "forged", proof=Proof.ASSERTED)
    world.sign_in("mina", email())
    world.hear(world.mailbox, MAIL, "forged again", proof=Proof.ASSERTED)
    world.hear(world.mailbox, MAIL, "genuine")
    assert world.contact(MAIL, "*") == world.contact("mina")
    assert world.contact(MAIL, "mail") != world.contact("mina")
    assert world.told() == [(1, "forged"), (2, "hello"), (1, "forged again"), (2, "genuine")]


def test_a_forged_sender_of_a_channel_of_its_own_never_writes_on_the_proven_route(world: World) -> None:
    world.hear(world.app, "mina", "genuine")
    world.hear(world.app, "mina", "forged", proof=Proof.ASSERTED)
    world.hear(world.app, "mina", "forged again", proof=Proof.ASSERTED)
    assert world.told() == [(1, "genuine"), (2, "forged"), (2, "forged again")]


def test_two_users_of_the_app_with_one_telephone_stay_two(world: World) -> None:
    world.sign_in("mina", phone())
    world.sign_in("omar", phone())
    assert world.contact("mina") != world.contact("omar")
    assert world.contact(PHONE) == world.contact("mina")
    assert [number for number, _ in world.told()] == [1, 2]


@pytest.mark.engine("sqlite")
def test_what_was_proven_before_asks_the_store_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sign_in("mina", email(), phone())
    world.sign_in("mina", email(), phone())
    asked = listened_to(monkeypatch)
    world.sign_in("mina", email(), phone())
    assert [sql for sql in asked if "identities" in sql or "contacts" in sql] == []


@pytest.mark.engine("sqlite")
def test_a_plain_message_asks_nothing_about_people(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):  # the second reads the route, which is remembered from then on
        world.hear(world.phone, PHONE, "hello")
    asked = listened_to(monkeypatch)
    world.hear(world.phone, PHONE, "is it 123456, or 7?")
    assert [sql for sql in asked if not READS.search(sql)] == []


READS = re.compile(r"FROM (arrivals|waiting_reports|events)\b")
"""Was it told before, does a report wait for it, where is the feed: what recording a message asks, and nothing else."""


def listened_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that read, from now on."""
    asked: list[str] = []
    for name in ("row", "rows"):
        real = getattr(Transaction, name)

        def spy(self: Transaction, sql: str, *parameters: object, real: Any = real) -> object:
            asked.append(sql)
            return real(self, sql, *parameters)

        monkeypatch.setattr(Transaction, name, spy)
    return asked


def test_a_batch_in_which_two_become_one_is_one_history(world: World) -> None:
    proven: dict[str, Any] = {"claims": (email(), phone()), "proof": Proof.VERIFIED}
    senders: list[tuple[Place, str, dict[str, Any]]] = [
        (world.mailbox, MAIL, {}),
        (world.phone, PHONE, {}),
        (world.app, "mina", proven),
    ]
    arrivals = [
        world.arrival(world.item(place, sender, **more), place=place)
        for place, sender, more in (*senders, *senders[:2])
    ]

    def all_at_once(transaction: Transaction, items: Sequence[None]) -> list[None]:
        record(transaction, arrivals)
        return [None for _ in items]

    world.writer.submit(all_at_once, None).result(10)
    assert [number for number, _ in world.told()] == [1, 2, 1, 1, 1]
