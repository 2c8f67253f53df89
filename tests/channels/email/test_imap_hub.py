"""Mail that is collected, from a Dovecot to the history."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.channels.email.imap_hub import Between, collecting, cursor, letter, rows, texts
from tests.channels.email.own_dovecot import OwnDovecot, until

pytestmark = pytest.mark.server("dovecot")


@pytest.fixture
def dovecot():
    with OwnDovecot() as dovecot:
        yield dovecot


def begun(hub):
    """Waits until the mailbox was seen for the first time: what is in it then belongs to the past."""
    until(lambda: cursor(hub), lambda: str(hub.polling.problem("mail")))


def shows(hub, *wanted, seconds=20.0):
    until(lambda: len(texts(hub)) >= len(wanted), lambda: f"{texts(hub)} {hub.polling.problem('mail')}", seconds)
    assert texts(hub) == list(wanted)


def test_new_mail_is_a_message_at_once(tmp_path, dovecot):
    dovecot.deliver(letter("from before the hub"))
    with collecting(tmp_path, dovecot.url) as hub:
        begun(hub)
        time.sleep(1)  # IDLE now
        dovecot.deliver(letter("hello"))
        came = time.monotonic()
        shows(hub, "hello")
        assert time.monotonic() - came < 3  # Dovecot itself gathers news for half a second
        [(method, url, body, sha256)] = rows(hub, "SELECT method, url, body, sha256 FROM raws")
        assert (method, url, body, sha256) == ("COLLECT", "collect://mail", letter("hello"), None)
    assert dovecot.flags() == {1: set(), 2: set()}


def test_two_hundred_mails_of_an_outage_are_two_hundred_messages_in_their_order(tmp_path, dovecot):
    with collecting(tmp_path, dovecot.url) as hub:
        begun(hub)
    names = [f"mail {n}" for n in range(200)]
    dovecot.deliver(*map(letter, names))
    with collecting(tmp_path, dovecot.url) as hub:
        shows(hub, *names, seconds=60)
        dovecot.deliver(letter("after"))
        shows(hub, *names, "after")
        assert cursor(hub)["uid"] == 201


def test_a_server_killed_in_the_midst_of_a_mail_gives_it_once_when_it_is_back(tmp_path, dovecot):
    wire = Between(dovecot.port, 5_000_000, dovecot.kill)
    try:
        with collecting(tmp_path, dovecot.at(wire.port)) as hub:
            begun(hub)
            dovecot.deliver(letter("small"), letter("large", filling=9_000_000), letter("last"))
            until(lambda: hub.polling.problem("mail"))
            assert (texts(hub), cursor(hub)["uid"]) == (["small"], 1)
            dovecot.start()
            shows(hub, "small", "large", "last", seconds=40)
            until(lambda: rows(hub, "SELECT state FROM attachments") == [("stored",)])
            [(size,)] = rows(hub, "SELECT size FROM attachments")
            assert size == 9_000_000 // 57 * 57
            assert hub.polling.problem("mail") is None
    finally:
        wire.close()


def test_a_mailbox_with_new_numbers_is_read_again_and_nothing_is_doubled(tmp_path, dovecot):
    old = datetime.now(UTC) - timedelta(days=30)
    with collecting(tmp_path, dovecot.url) as hub:
        begun(hub)
        dovecot.deliver(letter("one"), letter("two"))
        shows(hub, "one", "two")
        before = cursor(hub)
    dovecot.deliver(letter("a month old"), at=old)
    dovecot.deliver(letter("three"))
    dovecot.renumber()
    with collecting(tmp_path, dovecot.url) as hub:
        shows(hub, "one", "two", "three")
        until(lambda: "since" not in cursor(hub))
        assert cursor(hub)["uidvalidity"] != before["uidvalidity"]
        dovecot.deliver(letter("four"))
        shows(hub, "one", "two", "three", "four")


def test_expunged_mails_hold_up_nothing(tmp_path, dovecot):
    with collecting(tmp_path, dovecot.url) as hub:
        begun(hub)
    dovecot.deliver(*(letter(f"mail {n}") for n in range(1, 7)))
    dovecot.expunge(1, 3, 4, 6)
    with collecting(tmp_path, dovecot.url) as hub:
        shows(hub, "mail 2", "mail 5")
        until(lambda: cursor(hub)["uid"] == 6)
        assert cursor(hub)["gaps"] == [[1, 1], [3, 4], [6, 6]]


def test_a_mail_beyond_the_limit_is_refused_where_the_operator_sees_it(tmp_path, dovecot):
    with collecting(tmp_path, dovecot.url, imap_most_octets=1_000_000, imap_after="seen") as hub:
        begun(hub)
        huge = letter("huge", filling=2_000_000)
        dovecot.deliver(huge, letter("next"))
        shows(hub, "next")
        [(reason, shown)] = rows(hub, "SELECT reason, slice FROM quarantine")
        assert reason == (
            f"a mail of {len(huge)} octets, more than imap_most_octets allows (1000000);"
            " it stays in the mailbox, its UID is 1"
        )
        assert shown.startswith(b"From: Ann <ann@example.net>\r\n")
        assert len(shown) < 1000
        until(lambda: dovecot.flags() == {1: set(), 2: {"\\Seen"}})


@pytest.mark.parametrize(
    ("after", "left"),
    [("leave", set()), ("seen", {"\\Seen"}), ("keyword:Taken", {"Taken"})],
)
def test_what_was_committed_is_marked_as_configured(tmp_path, dovecot, after, left):
    with collecting(tmp_path, dovecot.url, imap_after=after) as hub:
        begun(hub)
        dovecot.deliver(letter("one"), letter("two"))
        shows(hub, "one", "two")
        until(lambda: dovecot.flags() == {1: left, 2: left} and "done" not in cursor(hub))


def test_what_was_committed_is_moved_and_what_was_not_stays(tmp_path, dovecot):
    with dovecot.client() as client:
        client.create("Taken")
    with collecting(tmp_path, dovecot.url, imap_after="move:Taken") as hub:
        begun(hub)
    dovecot.deliver(letter("one"), letter("two"))
    assert set(dovecot.flags()) == {1, 2}
    with collecting(tmp_path, dovecot.url, imap_after="move:Taken") as hub:
        shows(hub, "one", "two")
        until(lambda: not dovecot.flags())
        with dovecot.client() as client:
            assert client.select("Taken") == ("OK", [b"2"])


def test_a_folder_that_is_not_there_is_told_to_the_operator(tmp_path, dovecot):
    with collecting(tmp_path, dovecot.url, imap_after="move:Nowhere") as hub:
        begun(hub)
        dovecot.deliver(letter("one"))
        until(lambda: hub.polling.problem("mail"))
        assert hub.polling.problem("mail") == "Misconfigured: the mail server refuses to move mails [TRYCREATE]"
        assert texts(hub) == ["one"]


def test_without_idle_the_mailbox_is_asked_every_so_often(tmp_path, dovecot):
    with collecting(tmp_path, dovecot.url, imap_idle_seconds=0, imap_poll_seconds=0.2) as hub:
        begun(hub)
        dovecot.deliver(letter("one"))
        shows(hub, "one")
        dovecot.deliver(letter("two"))
        shows(hub, "one", "two")


def test_the_word_of_our_own_mail_server_proves_a_sender(tmp_path, dovecot):
    results = "mx.example.com; dmarc=pass header.from=example.net"
    with collecting(tmp_path, dovecot.url) as hub:
        begun(hub)
        dovecot.deliver(letter("forged", From="Ben <ben@example.net>"))
        dovecot.deliver(letter("proven", Authentication_Results=results))
        shows(hub, "forged", "proven")
        proofs = dict(rows(hub, "SELECT value, proof FROM identities"))
        assert proofs == {"ben@example.net": "asserted", "ann@example.net": "channel"}


def test_a_hub_that_stops_lets_go_of_the_mailbox(tmp_path, dovecot):
    with collecting(tmp_path, dovecot.url) as hub:
        begun(hub)
        time.sleep(0.8)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 5
    until(lambda: "Connection closed" in dovecot.log(), dovecot.log)
