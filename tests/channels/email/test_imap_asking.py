"""A mailbox asked, poll by poll: by a real Dovecot, and by a server that says what none should."""

import asyncio
import json
import logging
import time
import tracemalloc
from contextlib import suppress

import pytest

from connectors.kit.errors import Misconfigured, Temporary
from tests.channels.email.email_sender import plugin
from tests.channels.email.imap_asker import asked, refused
from tests.channels.email.imap_hub import letter
from tests.channels.email.imap_scripted import CAPABLE, MAILBOX, scripted
from tests.channels.email.own_dovecot import PASSWORD, OwnDovecot, until

needs_dovecot = pytest.mark.server("dovecot")


@pytest.fixture
def dovecot():
    with OwnDovecot() as dovecot:
        yield dovecot


@needs_dovecot
def test_a_mail_lost_sight_of_is_found_again_in_its_gap(dovecot):
    mails = [letter(f"mail {n}") for n in range(1, 6)]
    cursor, _ = asked(lambda: dovecot.deliver(*mails), imap=dovecot.url)
    assert cursor["uid"] == 5
    missed = json.dumps({**cursor, "gaps": [[3, 3]]})
    after, brought = asked(missed, None, imap=dovecot.url)
    assert brought == [mails[2]]
    assert after == cursor


@needs_dovecot
def test_days_of_the_past_are_collected_on_request(dovecot):
    dovecot.deliver(letter("new"))
    cursor, brought = asked(None, None, imap=dovecot.url, imap_days=2)
    assert brought == [letter("new")]
    assert cursor["uid"] == 1


@needs_dovecot
def test_a_mail_that_goes_before_it_is_fetched_is_passed_over(dovecot):
    large = [letter(f"mail {n}", filling=100_000) for n in range(1, 4)]
    begin, _ = asked(None, imap=dovecot.url)
    dovecot.deliver(*large)
    cursor, brought = asked(json.dumps(begin), lambda: dovecot.expunge(2), imap=dovecot.url)
    assert brought == [large[0], large[2]]
    assert cursor["uid"] == 3


@needs_dovecot
def test_a_poll_that_was_not_committed_brings_the_same_again(dovecot):
    begin = json.dumps(asked(None, imap=dovecot.url)[0])
    dovecot.deliver(letter("one"), letter("two"))
    _, brought = asked(begin, begin, None, imap=dovecot.url)
    assert brought == [letter("one"), letter("one"), letter("two")]


@needs_dovecot
def test_a_large_mail_never_lies_in_memory(dovecot):
    large = letter("large", filling=25_000_000)
    begin = json.dumps(asked(None, imap=dovecot.url)[0])
    dovecot.deliver(large)

    async def run():
        asker = plugin(imap=dovecot.url, imap_tls="none")
        length = 0
        try:
            polled = await asker.poll(begin)
            tracemalloc.start()
            async for chunk in polled.chunks:
                length += len(chunk)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            await asker.close()
        return length, peak

    length, peak = asyncio.run(run())
    assert length == len(large)
    assert peak < 8 << 20


@needs_dovecot
def test_a_poll_given_up_ends_its_connection_at_once(dovecot):
    async def run():
        asker = plugin(imap=dovecot.url, imap_tls="none")
        polled = await asker.poll(None)
        waiting = asyncio.create_task(asker.poll(polled.cursor))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        took = time.monotonic() - began
        await asker.close()
        return took

    assert asyncio.run(run()) < 1
    until(lambda: "IDLE running" in dovecot.log() or "Connection closed" in dovecot.log(), dovecot.log)


@needs_dovecot
def test_a_mailbox_that_is_not_there_is_for_the_operator(dovecot):
    error = refused(dovecot.url.replace("INBOX", "Nowhere"))
    assert (type(error), error.detail) == (Misconfigured, "the mail server refuses to open the mailbox")


@needs_dovecot
def test_a_server_that_is_away_is_asked_again_later(dovecot):
    dovecot.kill()
    error = refused(dovecot.url)
    assert (type(error), error.detail) == (Temporary, "no connection to the mail server: ConnectionRefusedError")


@needs_dovecot
def test_a_check_logs_in_and_opens_the_mailbox(dovecot):
    async def run():
        asker = plugin(imap=dovecot.url, imap_tls="none")
        try:
            return await asker.mailbox.check()
        finally:
            await asker.close()

    assert asyncio.run(run()) == {"imap": f"imap://localhost:{dovecot.port}", "mails_until": "0", "idle": "yes"}


@needs_dovecot
def test_nothing_of_a_session_reaches_the_logs(dovecot, caplog):
    caplog.set_level(logging.DEBUG)
    begin = json.dumps(asked(None, imap=dovecot.url)[0])
    dovecot.deliver(letter("private words"))
    assert asked(begin, imap=dovecot.url)[1] == [letter("private words")]
    assert PASSWORD not in caplog.text
    assert "private words" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("imapclient")]


@needs_dovecot
def test_what_was_committed_before_a_crash_is_marked_after_it(dovecot):
    cursor, _ = asked(lambda: dovecot.deliver(letter("one"), letter("two")), imap=dovecot.url, imap_after="seen")
    committed = json.dumps({**cursor, "done": [1]})
    after, _ = asked(committed, imap=dovecot.url, imap_after="seen")
    assert dovecot.flags() == {1: {"\\Seen"}, 2: set()}
    assert after == cursor


def test_the_cursor_of_another_plugin_is_for_the_operator():
    with scripted(CAPABLE, MAILBOX) as imap, pytest.raises(Misconfigured, match="another plugin's before"):
        asked("12345", imap=imap)


def test_what_comes_in_one_packet_with_the_consent_to_idle_is_not_overheard():
    idle = (b"IDLE", b"+ idling\r\n* 2 EXISTS\r\n")
    with scripted(CAPABLE, MAILBOX, idle, (b"DONE", b"TAG OK done\r\n")) as imap:
        began = time.monotonic()
        asked(None, None, imap=imap, imap_idle_seconds=20)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("command", "answer", "error"),
    [
        (b"LOGIN", b"TAG NO [LIMIT] x\r\n", Temporary("nobody can log in to the mail server now [LIMIT]")),
        (b"LOGIN", b"TAG NO who is me:pw?\r\n", Misconfigured("the mail server refuses the login")),
        (b"LOGIN", b"* BYE\r\nnonsense\r\n", Temporary("the connection to the mail server was lost")),
        (
            b"CAPABILITY",
            b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK done\r\n",
            Misconfigured("the mail server offers no way to log in that we know"),
        ),
        (b"EXAMINE", b"TAG OK done\r\n", Misconfigured("the mail server counts no UIDs that last")),
        (b"EXAMINE", b"TAG NO [INUSE] x\r\n", Temporary("the mail server refuses to open the mailbox [INUSE]")),
        (b"EXAMINE", b"TAG BAD what?\r\n", Misconfigured("the mail server refuses to open the mailbox")),
    ],
)
def test_a_server_that_says_no_is_understood(command, answer, error):
    with scripted(CAPABLE, MAILBOX, (command, answer)) as imap:
        caught = refused(imap)
    assert (type(caught), caught.detail) == (type(error), error.detail)
