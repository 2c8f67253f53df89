"""Reports that come before, beside or after what they are about; the same told twice under two names."""

from datetime import timedelta

import msgspec
import pytest

from connectors.kit.base import Outcome
from gateway.arrival import Place
from gateway.record.fragments import Whole, put_together
from normalizer.inbound import Address, IdentityMoved, MessageRedacted, StatusChanged
from normalizer.model import Inbox, Sharing
from normalizer.status import Status
from tests.record.conftest import AT, Store, said
from tests.record.test_changes import EDIT, REACTION, REDACTION
from tests.record.test_fragments import assemble, fall_quiet, photo
from tests.record.test_received import _set


def quarantined(store: Store) -> list[tuple[str, ...]]:
    return store.rows("SELECT reason FROM quarantine")


def test_a_report_before_its_message_in_one_request_is_applied(store: Store) -> None:
    store.record(EDIT, said("hello"))
    assert store.types()[-2:] == ["message.received", "message.edited"]
    assert store.rows("SELECT count(*) FROM waiting_reports") == [(0,)]


def test_a_report_that_may_still_not_be_settled_harms_no_message(store: Store) -> None:
    """A status of a message that another application of the account's owner sent: no delivery of ours."""
    store.record(StatusChanged(key="s1", external_id="7:1", status=Status.DELIVERED))
    store.record(said("from my telephone", from_us=True))
    assert quarantined(store) == []
    assert store.types()[-1] == "message.created"


def test_a_report_about_a_piece_waits_until_the_pieces_are_put_together(store: Store) -> None:
    store.record(photo(1, "my card is 4111"))
    store.record(photo(2))
    store.record(REDACTION, REACTION)
    fall_quiet(store)
    assemble(store)
    assert store.types()[-4:] == ["message.received", "message.redacted", "reaction.removed", "reaction.added"]
    [(body,)] = store.rows("SELECT body FROM messages")
    assert b"card is" not in body


def test_a_report_that_overtakes_a_late_piece_harms_it_not(store: Store) -> None:
    store.record(photo(1, "photos"))
    fall_quiet(store)
    assemble(store)
    store.record(MessageRedacted(key="d2", external_id="7:2", occurred_at=AT))
    assert store.record(photo(2)).outcome == Outcome.RECORDED
    assert quarantined(store) == []
    assert store.types()[-1] == "message.redacted"


def test_a_late_piece_under_the_name_of_the_whole_is_kept(store: Store) -> None:
    """Some providers name all segments of a text alike."""
    store.record(_segment(1, "one "))
    fall_quiet(store)
    assemble(store)
    store.record(_segment(2, "two"))
    assert quarantined(store) == []
    assert store.events()[-1]["data"]["message"]["text"] == "one \ntwo"
    assert store.events()[-1]["data"]["message"]["external_ids"] == ["whole"]


def _segment(n: int, text: str):
    return msgspec.structs.replace(photo(n, text), external_id="whole", media=())


def test_an_edit_that_comes_after_the_deletion_brings_nothing_back(store: Store) -> None:
    store.record(said("my card is 4111"))
    store.record(REDACTION)
    store.record(EDIT)
    assert store.types()[-1] == "message.redacted"
    [(body,)] = store.rows("SELECT body FROM messages")
    assert b"hello!" not in body


def test_a_late_piece_of_a_deleted_message_brings_nothing_back(store: Store) -> None:
    store.record(photo(1, "my card is 4111"))
    fall_quiet(store)
    assemble(store)
    store.record(REDACTION)
    store.record(photo(2))
    [(body,)] = store.rows("SELECT body FROM messages")
    assert b"card is" not in body
    assert quarantined(store) == []


def test_one_request_may_say_that_somebody_moved_and_what_they_say_now(store: Store) -> None:
    before, after = Address(scheme="pigeon", value="-5"), Address(scheme="pigeon", value="-100")
    moved = IdentityMoved(key="m1", before=before, after=after, occurred_at=AT)
    store.record(said("hello", 1, sender="-5"))
    outcome = store.record(said("moving", 2, sender="-5"), moved, said("again", 1, sender="-100"))
    assert (outcome.outcome, quarantined(store)) == (Outcome.RECORDED, [])
    assert store.rows("SELECT count(*) FROM conversations") == [(1,)]
    assert store.rows("SELECT address FROM routes") == [("-100",)]


def test_one_request_may_say_that_a_stranger_moved_and_what_they_say_now(store: Store) -> None:
    before, after = Address(scheme="pigeon", value="-5"), Address(scheme="pigeon", value="-100")
    moved = IdentityMoved(key="m1", before=before, after=after, occurred_at=AT)
    store.record(said("hello", 1, sender="-5"), moved, said("again", 1, sender="-100"))
    assert quarantined(store) == []
    assert store.rows("SELECT count(*) FROM conversations") == [(1,)]
    assert store.rows("SELECT address FROM routes") == [("-100",)]


@pytest.mark.engine("sqlite")
def test_a_conversation_is_not_reopened_beside_the_open_one_of_its_inbox(store: Store) -> None:
    """The connector went to another inbox: the old conversation is closed, and its contact has an open one there."""
    old = Inbox(id="main", reopen_within=10**9)
    store.record(said("one", 1), place=Place("support", "pigeon", "pigeon", old))
    _set(store, "UPDATE conversations SET state = 'closed', closed_at = opened_at")
    _set(
        store,
        "INSERT INTO conversations SELECT 'other', 2, inbox_id, contact_id, kind, sharing_key, subject, 'open',"
        " category, labels, priority, team, assignee, merged_into, opened_at, NULL, NULL, NULL, NULL, NULL"
        " FROM conversations",
    )
    _set(
        store,
        "INSERT INTO events SELECT max(position) + 1, 'opened', 'conversation.opened', 1, 'other', 0, body FROM events",
    )
    _set(store, "INSERT INTO history SELECT 2, 1, max(position) FROM events")
    new = Inbox(id="second", reopen_within=10**9, sharing=Sharing.CONTACT)
    store.record(said("two", 2), place=Place("support", "pigeon", "pigeon", new))
    assert quarantined(store) == []
    assert store.events()[-1]["data"]["message"]["conversation_id"] == "other"


def test_two_albums_put_together_at_once_leave_the_route_at_the_newest(store: Store) -> None:
    store.record(said("hello", 0))
    later = [
        msgspec.structs.replace(photo(n), fragment=msgspec.structs.replace(photo(n).fragment, group=f"7:{n}"))
        for n in (9, 1, 2, 3, 4, 5)
    ]
    store.record(*later)
    fall_quiet(store)
    wholes = [Whole(store.place, f"7:{n}") for n in (9, 1, 2, 3, 4, 5)]

    def together(transaction, items):
        put_together(transaction, wholes)
        return items

    store.writer.submit(together, None).result(10)
    newest = int((AT + timedelta(seconds=9)).timestamp() * 1_000_000)
    assert store.rows("SELECT last_inbound_at FROM routes") == [(newest,)]
