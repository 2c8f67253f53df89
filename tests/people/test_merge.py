"""Contacts become one and two again; conversations and routes follow, messages stay where they were written."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.arrival import Place
from gateway.people.merge import Unmergeable
from normalizer.model import Inbox, Proof, Sharing
from tests.people.conftest import MAIL, PHONE, World, email, phone


def both(world: World) -> tuple[str, str]:
    """Two contacts of an address each, the older first."""
    world.hear(world.mailbox, MAIL, "by mail")
    world.hear(world.phone, PHONE, "by text")
    return world.contact(MAIL), world.contact(PHONE)


def body(world: World, contact_id: str) -> dict[str, Any]:
    [(stored, pointer)] = world.rows("SELECT body, merged_into FROM contacts WHERE id = ?", contact_id)
    contact: dict[str, Any] = msgspec.json.decode(stored)
    assert contact["merged_into"] == pointer
    return contact


def test_the_older_contact_stays_whoever_is_named_first(world: World) -> None:
    older, younger = both(world)
    assert world.merge(younger, older).id == older
    assert body(world, younger)["merged_into"] == older
    assert world.contact(PHONE) == older


def test_the_events_of_a_merge_say_what_became_of_whom(world: World) -> None:
    older, younger = both(world)
    before = len(world.types())
    world.merge(older, younger)
    assert world.types()[before:] == ["conversation.merged", "conversation.updated", "contact.merged"]
    closed, stays, merged = world.events()[before:]
    assert (closed["data"]["conversation"]["number"], closed["data"]["conversation"]["state"]) == (2, "closed")
    assert closed["data"]["conversation"]["merged_into"] == stays["subject"]
    assert (stays["data"]["conversation"]["number"], stays["data"]["conversation"]["state"]) == (1, "open")
    data = merged["data"]
    assert (data["contact"]["id"], data["merged"]["id"], data["why"]) == (older, younger, "the test says so")
    assert [(one["value"], one["contact_id"]) for one in data["identities"]] == [(PHONE, older)]


def test_merging_again_is_no_event(world: World) -> None:
    older, younger = both(world)
    world.merge(older, younger)
    before = world.types()
    world.merge(younger, older)
    world.merge(older, older)
    assert world.types() == before


def test_nobody_merges_with_a_contact_that_is_none(world: World) -> None:
    older, _ = both(world)
    with pytest.raises(KeyError):
        world.merge(older, "nobody")
    with pytest.raises(KeyError):
        world.unmerge("nobody")


def test_unmerging_gives_back_addresses_and_routes_and_leaves_messages_where_they_are(world: World) -> None:
    older, younger = both(world)
    world.merge(older, younger)
    world.hear(world.phone, PHONE, "while one")
    world.unmerge(younger)
    assert (world.contact(MAIL), world.contact(PHONE)) == (older, younger)
    assert body(world, younger)["merged_into"] is None
    world.hear(world.phone, PHONE, "while two")
    world.hear(world.mailbox, MAIL, "by mail again")
    assert world.told() == [(1, "by mail"), (2, "by text"), (1, "while one"), (3, "while two"), (1, "by mail again")]
    assert world.cases() == [(1, "open", None), (2, "closed", 1), (3, "open", None)]


def test_a_conversation_nobody_else_wrote_in_goes_back_with_its_contact(world: World) -> None:
    older, younger = both(world)
    world.rows_changed("UPDATE conversations SET state = 'closed', closed_at = 1 WHERE number = 1")
    world.merge(older, younger)
    world.hear(world.phone, PHONE, "while one")
    assert world.rows("SELECT contact_id FROM conversations WHERE number = 2") == [(older,)]
    world.unmerge(younger)
    assert world.rows("SELECT contact_id FROM conversations WHERE number = 2") == [(younger,)]
    world.hear(world.phone, PHONE, "while two")
    world.hear(world.mailbox, MAIL, "by mail again")
    assert world.told()[2:] == [(2, "while one"), (2, "while two"), (3, "by mail again")]


def test_a_conversation_both_wrote_in_stays_with_the_older(world: World) -> None:
    older, younger = both(world)
    world.rows_changed("UPDATE conversations SET state = 'closed', closed_at = 1 WHERE number = 1")
    world.merge(older, younger)
    world.hear(world.mailbox, MAIL, "in the other's conversation")
    world.unmerge(younger)
    world.hear(world.phone, PHONE, "while two")
    assert world.told()[2:] == [(2, "in the other's conversation"), (3, "while two")]
    assert world.rows("SELECT contact_id FROM conversations ORDER BY number") == [(older,), (older,), (younger,)]


def test_a_quotation_of_what_was_written_while_one_opens_nothing_of_the_other(world: World) -> None:
    older, younger = both(world)
    world.merge(older, younger)
    world.hear(world.phone, PHONE, "while one", external_id="quoted")
    world.unmerge(younger)
    world.hear(world.phone, PHONE, "and this?", reply_to="quoted")
    assert world.told()[-1] == (3, "and this?")


def test_what_one_proves_after_an_unmerge_does_not_join_the_two_again(world: World) -> None:
    world.hear(world.mailbox, MAIL)
    world.sign_in("mina", email())
    older = world.contact(MAIL)
    [(younger,)] = world.rows("SELECT id FROM contacts WHERE merged_into IS NOT NULL")
    world.unmerge(younger)
    world.sign_in("mina", email())
    assert (world.contact(MAIL), world.contact("mina")) == (older, younger)
    world.merge(older, younger, vouched=True)
    assert world.contact("mina") == older


def test_an_address_that_was_proven_while_one_goes_with_the_one_that_proved_it(world: World) -> None:
    world.hear(world.mailbox, MAIL)
    world.sign_in("mina", email())
    world.sign_in("mina", email(), phone())
    [(younger,)] = world.rows("SELECT id FROM contacts WHERE merged_into IS NOT NULL")
    world.unmerge(younger)
    assert (world.contact("mina"), world.contact(PHONE)) == (younger, younger)
    assert world.contact(MAIL) != younger


def test_a_chain_of_merges_is_undone_from_its_middle(world: World) -> None:
    for place, sender in ((world.mailbox, MAIL), (world.phone, PHONE), (world.app, "mina")):
        world.hear(place, sender)
    first, second, third = (world.contact(value) for value in (MAIL, PHONE, "mina"))
    world.merge(second, third)
    world.merge(first, second)
    assert {world.contact(value) for value in (MAIL, PHONE, "mina")} == {first}
    world.unmerge(second)
    assert [world.contact(value) for value in (MAIL, PHONE, "mina")] == [first, second, second]
    world.unmerge(third)
    assert [world.contact(value) for value in (MAIL, PHONE, "mina")] == [first, second, third]


def test_what_the_two_said_of_themselves_is_known_of_the_one(world: World) -> None:
    older, younger = both(world)
    wishes = {"name": "Mina", "tags": ["gold"], "vip": True, "preferred_channels": ["sms"]}
    stored = msgspec.json.encode(body(world, younger) | wishes)
    world.rows_changed("UPDATE contacts SET body = ? WHERE id = ?", stored, younger)
    world.merge(older, younger)
    assert {name: body(world, older)[name] for name in wishes} == wishes
    world.unmerge(younger)
    assert {name: body(world, older)[name] for name in wishes} == {
        "name": None,
        "tags": [],
        "vip": False,
        "preferred_channels": [],
    }
    assert {name: body(world, younger)[name] for name in wishes} == wishes


def test_two_users_of_the_app_are_one_only_where_an_operator_says_so(world: World) -> None:
    world.sign_in("mina")
    world.sign_in("omar")
    with pytest.raises(Unmergeable, match="two different users"):
        world.merge(world.contact("mina"), world.contact("omar"))
    world.merge(world.contact("mina"), world.contact("omar"), vouched=True)
    assert world.contact("mina") == world.contact("omar")


def test_what_an_operator_vouches_for_is_proven_and_the_next_forgery_is_still_a_stranger(world: World) -> None:
    world.hear(world.phone, PHONE)
    world.hear(world.mailbox, MAIL, "unproven", proof=Proof.ASSERTED)
    world.merge(world.contact(PHONE), world.contact(MAIL), vouched=True)
    assert world.rows("SELECT scope, proof FROM identities WHERE value = ?", MAIL) == [("*", "verified")]
    world.hear(world.mailbox, MAIL, "forged", proof=Proof.ASSERTED)
    world.hear(world.mailbox, MAIL, "genuine")
    assert world.told()[2:] == [(3, "forged"), (1, "genuine")]


def test_conversations_of_two_inboxes_stay_two(world: World) -> None:
    north = Place("north", "email", "mailto", Inbox(id="north"))
    world.hear(north, MAIL)
    world.hear(world.phone, PHONE)
    world.merge(world.contact(MAIL), world.contact(PHONE))
    assert world.cases() == [(1, "open", None), (2, "open", None)]
    assert len(world.rows("SELECT DISTINCT contact_id FROM conversations")) == 1


@pytest.mark.parametrize("sharing", [Sharing.ADDRESS, Sharing.ROUTE])
def test_conversations_that_no_contact_shares_stay_two(tmp_path: Path, sharing: Sharing) -> None:
    world = World(tmp_path, sharing=sharing)
    older, younger = both(world)
    world.merge(older, younger)
    world.hear(world.phone, PHONE, "again")
    assert world.told()[-1] == (2, "again")
    assert world.cases() == [(1, "open", None), (2, "open", None)]
    world.unmerge(younger)
    world.hear(world.phone, PHONE, "and again")
    assert world.told()[-1] == (2, "and again")
    world.whole()
    world.close()


def test_a_closed_conversation_of_the_merged_contact_reopens_as_the_ones_that_stayed(tmp_path: Path) -> None:
    world = World(tmp_path, reopen_within=10**9)
    older, younger = both(world)
    world.rows_changed("UPDATE conversations SET state = 'closed', closed_at = opened_at")
    world.merge(older, younger)
    world.hear(world.phone, PHONE, "one more thing")
    world.hear(world.mailbox, MAIL, "and another")
    assert world.told()[2:] == [(2, "one more thing"), (2, "and another")]
    assert world.rows("SELECT number, contact_id, state FROM conversations ORDER BY number") == [
        (1, older, "closed"),
        (2, older, "open"),
    ]
    world.whole()
    world.close()


def test_an_open_conversation_takes_over_what_it_has_not_itself(world: World) -> None:
    older, younger = both(world)
    world.rows_changed("UPDATE conversations SET state = 'snoozed', labels = '[\"a\"]' WHERE number = 1")
    world.rows_changed(
        "UPDATE conversations SET priority = 'high', subject = 'Order 7', labels = '[\"b\", \"a\"]', team = 'north'"
        " WHERE number = 2"
    )
    world.merge(older, younger)
    assert world.rows("SELECT state, priority, subject, labels, team FROM conversations WHERE number = 1") == [
        ("open", "high", "Order 7", '["a","b"]', "north")
    ]


def test_who_stays_does_not_write_where_the_contact_that_left_reads(tmp_path: Path) -> None:
    """The stayer's conversation became part of the leaver's older one, which the leaver took along again."""
    world = World(tmp_path, reopen_within=0)
    try:
        older, younger = both(world)
        world.rows_changed("UPDATE conversations SET state = 'closed', closed_at = opened_at WHERE number = 1")
        world.hear(world.mailbox, MAIL, "again by mail")
        world.merge(older, younger)
        world.unmerge(younger)
        world.hear(world.mailbox, MAIL, "only for my own eyes")
        assert world.rows("SELECT number, contact_id FROM conversations WHERE state = 'open' ORDER BY number") == [
            (2, younger),
            (4, older),
        ]
        world.whole()
    finally:
        world.close()
