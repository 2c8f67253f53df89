"""Edits, deletions, reactions, consent, moves; and the same told before the message itself."""

from datetime import timedelta
from typing import Any

import pytest

from normalizer.inbound import (
    Address,
    ConsentChanged,
    IdentityMoved,
    Inbound,
    MessageEdited,
    MessageRedacted,
    ReactionChanged,
)
from normalizer.model import ConsentState, Purpose
from tests.record.conftest import AT, Store, peer, said

EDIT = MessageEdited(key="e1", external_id="7:1", text="hello!", occurred_at=AT)
REDACTION = MessageRedacted(key="d1", external_id="7:1", occurred_at=AT)
REACTION = ReactionChanged(
    key="r1", external_id="7:1", author=peer().person, added=("👍",), removed=("👀",), occurred_at=AT
)


def test_an_edit_is_the_next_revision_of_the_message(store: Store) -> None:
    store.record(said("hello"))
    store.record(EDIT)
    event = store.events()[-1]
    assert event["type"] == "onethread.message.edited.v1"
    assert (event["data"]["message"]["text"], event["data"]["message"]["revision"]) == ("hello!", 1)
    assert int(event["sequence"]) == 4


def test_an_edit_that_changes_nothing_is_no_event(store: Store) -> None:
    store.record(said("hello"))
    store.record(MessageEdited(key="e1", external_id="7:1", text="hello", occurred_at=AT))
    assert store.types()[-1] == "message.received"


def test_a_deletion_leaves_a_tombstone(store: Store) -> None:
    store.record(said("my card is 4111 1111 1111 1111"))
    store.record(REDACTION)
    [(body,)] = store.rows("SELECT body FROM messages")
    assert b"4111" not in body
    assert store.types()[-1] == "message.redacted"
    assert store.record(said("hello")).inbound == ()


def test_reactions_are_events_about_the_message(store: Store) -> None:
    store.record(said("hello"))
    store.record(REACTION)
    told = [(event["type"], event["data"]["reaction"]) for event in store.events()[-2:]]
    assert told == [("onethread.reaction.removed.v1", "👀"), ("onethread.reaction.added.v1", "👍")]


@pytest.mark.parametrize("report", [EDIT, REDACTION, REACTION], ids=lambda report: type(report).__name__)
def test_a_report_that_overtakes_its_message_waits_and_ends_alike(store: Store, tmp_path: Any, report: Inbound) -> None:
    store.record(report)
    assert store.types() == []
    store.record(said("hello"))
    waited = [(event["type"], event.get("sequence")) for event in store.events()]
    assert store.rows("SELECT count(*) FROM waiting_reports") == [(0,)]

    (tmp_path / "in order").mkdir()
    in_order = Store(tmp_path / "in order")
    try:
        in_order.record(said("hello"))
        in_order.record(report)
        assert [(event["type"], event.get("sequence")) for event in in_order.events()] == waited
    finally:
        in_order.close()


def test_who_shuts_us_out_blocks_the_route_until_they_let_us_in(store: Store) -> None:
    store.record(said("hello"))
    out = ConsentChanged(key="c1", peer=peer(), state=ConsentState.OPTED_OUT, source="blocked us", occurred_at=AT)
    store.record(out)
    assert store.rows("SELECT blocked FROM routes") == [(1,)]
    event = store.events()[-1]
    assert event["type"] == "onethread.consent.changed.v1"
    assert event["data"]["consent"]["state"] == "opted_out"
    store.record(
        ConsentChanged(
            key="c2", peer=peer(), state=ConsentState.OPTED_IN, source="let us in", occurred_at=AT + timedelta(hours=1)
        )
    )
    assert store.rows("SELECT blocked FROM routes") == [(0,)]
    [(contact,)] = store.rows("SELECT body FROM contacts")
    assert contact.count(b"let us in") == 1
    assert b"blocked us" not in contact


def test_who_wants_no_advertisement_is_still_answered(store: Store) -> None:
    store.record(said("hello"))
    no, why = ConsentState.OPTED_OUT, Purpose.MARKETING
    store.record(ConsentChanged(key="c1", peer=peer(), state=no, purpose=why, source="unsubscribed", occurred_at=AT))
    assert store.types()[-1] == "consent.changed"
    assert store.rows("SELECT blocked FROM routes") == [(0,)]


def test_consent_of_somebody_unheard_of_is_kept_without_a_conversation(store: Store) -> None:
    store.record(
        ConsentChanged(key="c1", peer=peer(), state=ConsentState.OPTED_OUT, source="blocked us", occurred_at=AT)
    )
    assert store.types() == ["contact.created", "consent.changed"]
    store.record(said("I am back"))
    assert store.types()[2:] == ["conversation.opened", "message.received"]


def test_an_identity_that_moved_keeps_its_history(store: Store) -> None:
    store.record(said("hello", 1, sender="-5"))
    before, after = Address(scheme="pigeon", value="-5"), Address(scheme="pigeon", value="-100")
    store.record(IdentityMoved(key="m1", before=before, after=after, occurred_at=AT))
    store.record(said("again", 1, sender="-100"))
    assert store.rows("SELECT count(*) FROM conversations") == [(1,)]
    assert store.types().count("contact.created") == 1
    assert store.types().count("contact.updated") == 1


def test_what_comes_with_the_move_comes_by_the_new_address(store: Store) -> None:
    store.record(said("hello", 1, sender="-5"))
    before, after = Address(scheme="pigeon", value="-5"), Address(scheme="pigeon", value="-100")
    moved = IdentityMoved(key="m1", before=before, after=after, occurred_at=AT)
    store.record(moved, said("again", 1, sender="-100"))
    assert store.rows("SELECT address FROM routes") == [("-100",)]
    assert store.rows("SELECT count(*) FROM conversations") == [(1,)]


def test_consent_told_late_does_not_undo_what_was_said_since(store: Store) -> None:
    store.record(said("hello", 1))
    later = ConsentChanged(key="c2", peer=peer(), state=ConsentState.OPTED_IN, source="START", occurred_at=AT)
    earlier = AT - timedelta(minutes=5)
    late = ConsentChanged(key="c1", peer=peer(), state=ConsentState.OPTED_OUT, source="STOP", occurred_at=earlier)
    store.record(later)
    store.record(late)
    assert store.types().count("consent.changed") == 1
    assert store.rows("SELECT blocked FROM routes") == [(0,)]


def test_consent_of_a_clock_far_ahead_may_be_taken_back(store: Store) -> None:
    store.record(said("hello", 1))
    far = AT + timedelta(days=36_500)
    store.record(ConsentChanged(key="c1", peer=peer(), state=ConsentState.OPTED_IN, source="START", occurred_at=far))
    soon = AT + timedelta(minutes=5)
    store.record(ConsentChanged(key="c2", peer=peer(), state=ConsentState.OPTED_OUT, source="STOP", occurred_at=soon))
    assert store.rows("SELECT blocked FROM routes") == [(1,)]
