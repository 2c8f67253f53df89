"""One address changes hands by an operator's word; what was written stays with whom it was written to."""

from pathlib import Path
from typing import Any

import pytest

from gateway.people.orders import PeopleOrder, arrange
from gateway.send.asks import Rejected
from normalizer.commands import LinkRoute, UnlinkRoute
from normalizer.model import Contact, Sharing
from tests.people.conftest import MAIL, PHONE, World, email, phone


def order(world: World, command: Any) -> Contact | Rejected:
    return world.writer.submit(arrange, PeopleOrder("tests", command)).result(10)


def route(world: World, address: str) -> str:
    [(id_,)] = world.rows("SELECT id FROM routes WHERE address = ?", address)
    return str(id_)


def mina(world: World) -> str:
    """A customer with an address on each channel."""
    world.hear(world.mailbox, MAIL, "by mail")
    world.hear(world.phone, PHONE, "by text")
    world.sign_in("mina", email(), phone(), text="in the app")
    return world.contact("mina")


def test_a_number_that_somebody_else_has_now_begins_a_history_of_its_own(world: World) -> None:
    owner = mina(world)
    before = len(world.types())
    fresh = order(world, UnlinkRoute(route_id=route(world, PHONE)))
    assert isinstance(fresh, Contact)
    assert (world.contact(PHONE), world.contact(MAIL)) == (fresh.id, owner)
    assert world.rows("SELECT proof FROM identities WHERE value = ?", PHONE) == [("channel",)]
    assert world.types()[before:] == ["route.closed", "contact.created", "contact.updated"]
    closed = world.events()[before]["data"]["route"]
    assert (closed["address"], closed["conversation_id"]) == (PHONE, None)
    world.hear(world.phone, PHONE, "who is this?")
    assert world.told()[-1] == (3, "who is this?")
    assert world.rows("SELECT contact_id FROM conversations WHERE number = 3") == [(fresh.id,)]


def test_what_was_unlinked_is_not_joined_again_by_the_claims_that_joined_it(world: World) -> None:
    owner = mina(world)
    order(world, UnlinkRoute(route_id=route(world, PHONE)))
    world.sign_in("mina", email(), phone())
    assert world.contact(PHONE) != owner


def test_a_contacts_only_address_is_not_taken_from_it(world: World) -> None:
    world.hear(world.phone, PHONE)
    refused = order(world, UnlinkRoute(route_id=route(world, PHONE)))
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (409, "conflict")


def test_an_address_given_to_another_contact_takes_nobody_else_along(world: World) -> None:
    owner = mina(world)
    world.hear(world.app, "omar", "hello")
    other = world.contact("omar")
    assert order(world, LinkRoute(route_id=route(world, PHONE), contact_id=other)) is not None
    assert (world.contact(PHONE), world.contact(MAIL)) == (other, owner)
    world.hear(world.phone, PHONE, "it is omar")
    assert world.told()[-1] == (3, "it is omar")


def test_somebody_of_no_other_address_becomes_one_with_the_contact(world: World) -> None:
    world.hear(world.mailbox, MAIL, "by mail")
    world.hear(world.phone, PHONE, "by text")
    linked = order(world, LinkRoute(route_id=route(world, PHONE), contact_id=world.contact(MAIL)))
    assert isinstance(linked, Contact)
    assert world.cases() == [(1, "open", None), (2, "closed", 1)]
    before = world.types()
    assert order(world, LinkRoute(route_id=route(world, PHONE), contact_id=linked.id)) == linked
    assert world.types() == before


@pytest.mark.parametrize("sharing", [Sharing.ADDRESS, Sharing.ROUTE])
def test_a_conversation_of_the_address_alone_is_closed(tmp_path: Path, sharing: Sharing) -> None:
    world = World(tmp_path, sharing=sharing)
    owner = mina(world)
    order(world, UnlinkRoute(route_id=route(world, PHONE)))
    world.hear(world.phone, PHONE, "who is this?")
    assert world.told()[-1] == (4, "who is this?")
    assert world.rows("SELECT contact_id, state FROM conversations WHERE number = 2") == [(owner, "closed")]
    world.whole()
    world.close()


@pytest.mark.parametrize("command", [UnlinkRoute(route_id="none"), LinkRoute(route_id="none", contact_id="none")])
def test_a_route_that_is_none_is_nobodys(world: World, command: Any) -> None:
    refused = order(world, command)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (404, "not_found")
