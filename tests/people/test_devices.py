"""A signed-in user's devices: known before anybody wrote, several of one person, and never of two people at once."""

from typing import Any

import pytest

from gateway.arrival import Place
from normalizer.inbound import Address, Claim, ConsentChanged, IdentityMoved, Peer, Person
from normalizer.model import ConsentState, Inbox, Proof
from tests.people.conftest import World
from tests.record.conftest import AT

PUSH = Place("phones", "push", "device", Inbox(id="main"))


def device(value: str) -> Address:
    return Address(scheme="device", value=value)


def word(world: World, value: str, user: str, state: str = "opted_in", **more: Any) -> ConsentChanged:
    world.counted += 1
    claim = Claim(scheme="chat", value=user, scope="app")
    peer = Peer(person=Person(address=device(value)), proof=Proof.VERIFIED, claims=(claim,), contact_ref=user)
    told = {"key": f"device:{world.counted}", "source": "the app", "only_here": True, **more}
    return ConsentChanged(peer=peer, state=ConsentState(state), occurred_at=AT, **told)


def register(world: World, value: str, user: str, state: str = "opted_in", **more: Any) -> None:
    world.record(word(world, value, user, state, **more), place=PUSH)


def routes(world: World) -> list[tuple[Any, ...]]:
    """Address and whether it is blocked, of those the push channel has, the oldest first."""
    found = world.rows("SELECT address, blocked FROM routes WHERE connector_id = 'phones' ORDER BY id")
    return [(address, bool(blocked)) for address, blocked in found]


def test_a_device_is_known_before_anybody_wrote_and_is_the_users_who_writes_later(world: World) -> None:
    register(world, "phone", "mina")
    assert routes(world) == [("phone", False)]
    world.sign_in("mina")
    assert world.contact("phone") == world.contact("mina")
    assert world.rows("SELECT count(*) FROM contacts") == [(1,)]


def test_the_device_of_a_user_who_wrote_before_is_theirs(world: World) -> None:
    world.sign_in("mina")
    register(world, "phone", "mina")
    register(world, "tablet", "mina")
    assert {world.contact(value) for value in ("phone", "tablet")} == {world.contact("mina")}
    assert world.rows("SELECT count(*) FROM contacts WHERE merged_into IS NULL") == [(1,)]


def test_the_same_id_at_another_app_is_somebody_else(world: World) -> None:
    partners = Place("partners", "chat", "chat", PUSH.inbox)
    world.hear(partners, "mina", proof=Proof.VERIFIED, contact_ref="mina")
    register(world, "phone", "mina")
    assert world.contact("phone") == world.contact("mina", "app") != world.contact("mina", "partners")


def test_one_device_that_is_let_go_leaves_the_others(world: World) -> None:
    register(world, "phone", "mina")
    register(world, "tablet", "mina")
    register(world, "phone", "mina", "opted_out")
    assert routes(world) == [("phone", True), ("tablet", False)]
    assert b"opted" not in world.rows("SELECT body FROM contacts WHERE merged_into IS NULL")[0][0]
    register(world, "phone", "mina")
    assert routes(world) == [("phone", False), ("tablet", False)]


def test_a_device_that_changes_hands_is_the_former_users_no_more(world: World) -> None:
    world.sign_in("mina")
    world.sign_in("omar")
    register(world, "phone", "mina")
    register(world, "phone", "omar")
    assert world.contact("phone") == world.contact("omar") != world.contact("mina")
    (left, blocked), kept = routes(world)
    assert (left.startswith("phone#"), blocked, kept) == (True, True, ("phone", False))
    assert world.contact(left) == world.contact("mina")


@pytest.mark.parametrize("at_once", [True, False])
def test_a_device_that_moves_keeps_its_route(world: World, at_once: bool) -> None:
    register(world, "old", "mina")
    moved = IdentityMoved(key="m1", before=device("old"), after=device("new"), occurred_at=AT)
    again = word(world, "new", "mina")
    for items in [(moved, again)] if at_once else [(moved,), (again,)]:
        world.record(*items, place=PUSH)
    assert routes(world) == [("new", False)]


def test_a_word_on_the_whole_channel_proves_who_it_is_of_too(world: World) -> None:
    world.sign_in("mina")
    register(world, "phone", "mina", only_here=False)
    [body] = [body for (body,) in world.rows("SELECT body FROM contacts WHERE merged_into IS NULL")]
    assert b'"state":"opted_in"' in body
    assert world.contact("phone") == world.contact("mina")
