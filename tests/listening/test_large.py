"""Large messages: in a file before they are anywhere, and read by a process that may be lost."""

import asyncio
import os
import resource
import signal
import smtplib
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from connectors.kit.request import Request
from gateway.leftovers import Leftovers
from gateway.listening.apart import COMMAND, job_of
from gateway.listening.jobs import READY, read, write
from gateway.record.replay import Replayed, replay
from gateway.store.times import now
from normalizer.codec import encode
from tests.listening.office import ANN, BEN, eventually, mail, message, office, rows, settings_in, texts

LARGE = 300_000


@pytest.fixture
def hub(tmp_path):
    with office(settings_in(tmp_path), seconds=3) as hub:
        yield hub


def kept(hub):
    return [(path.read_bytes()) for path in (hub.files.path(name) for name in hub.files.hashes())]


def test_it_lies_in_a_file_that_its_row_names(hub):
    content = message("big", LARGE)
    mail(hub, content)
    assert texts(hub)[0].startswith("big")
    [(body, sha256)] = rows(hub, "SELECT body, sha256 FROM raws")
    assert hub.files.path(sha256).read_bytes() == content
    assert body == content[: 16 << 10]


def test_its_files_are_fetched_from_it(hub):
    content = message("big", LARGE, file="yes")
    mail(hub, content)
    [(size,)] = eventually(lambda: rows(hub, "SELECT size FROM attachments WHERE state = 'stored'"))
    assert size == len(content)


def test_twenty_five_megabytes_come_through_and_this_process_hardly_grows(hub):
    mail(hub, message("warm", LARGE))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    content = message("big", 25 << 20)
    grown_by_the_test = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    mail(hub, content, ANN, BEN)
    assert len(texts(hub)) == 3
    assert [len(octets) for octets in kept(hub) if len(octets) > 1 << 20] == [len(content)]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before - grown_by_the_test
    assert grown < 120_000, "kilobytes; smtplib alone holds the message three times"


def test_what_is_too_large_is_refused_and_leaves_nothing(tmp_path):
    with office(settings_in(tmp_path, mail="200KiB")) as hub:
        with smtplib.SMTP("127.0.0.1", hub.listening.port("smtp")) as client:
            client.ehlo()
            assert client.esmtp_features["size"] == str(200 << 10)
            client.mail("c@example.org")
            client.rcpt(ANN)
            assert client.data(message(size=300 << 10)) == (552, b"5.3.4 larger than the 204800 octets that are taken")
            assert client.noop()[0] == 250
        assert (kept(hub), texts(hub)) == ([], [])


def test_two_connectors_share_its_file(hub):
    mail(hub, message("both", LARGE), ANN, BEN)
    assert len({sha256 for (sha256,) in rows(hub, "SELECT sha256 FROM raws")}) == 1
    assert len(texts(hub)) == 2


def test_a_forged_one_is_refused(hub):
    with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1 refused"):
        mail(hub, message(size=LARGE, forged="all"))


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("slow", "60", "reading it took longer than 3 s"),
        ("dies", "yes", "reading it ended its process (9)"),
        ("greedy", "yes", "plugin fault: MemoryError()"),
    ],
)
def test_one_that_brings_its_reader_down_is_quarantined_and_the_next_is_read(hub, header, value, reason):
    mail(hub, message("bomb", LARGE, **{header: value}))
    assert rows(hub, "SELECT reason, state FROM quarantine") == [(reason, "open")]
    mail(hub, message("next", LARGE))
    assert [text[:4] for text in texts(hub)] == ["next"]


def test_one_whose_reader_was_killed_by_chance_is_read_again(hub, tmp_path):
    mail(hub, message("unlucky", LARGE, dies_once=str(tmp_path / "mark")))
    assert [text[:7] for text in texts(hub)] == ["unlucky"]


def test_a_reader_killed_while_idle_is_replaced(hub):
    mail(hub, message("one", LARGE))
    os.kill(hub.apart.pid, signal.SIGKILL)
    mail(hub, message("two", LARGE))
    assert [text[:3] for text in texts(hub)] == ["one", "two"]


def test_small_mail_does_not_wait_for_a_bomb(hub):
    mail(hub, message("warm", LARGE))
    with smtplib.SMTP("127.0.0.1", hub.listening.port("smtp")) as client:
        client.ehlo()
        client.mail("c@example.org")
        client.rcpt(ANN)
        client.putcmd("data")
        client.getreply()
        client.send(message("bomb", LARGE, slow="60") + b".\r\n")
        eventually(lambda: hub.apart.waiting)
        began = time.monotonic()
        mail(hub, message("small"))
        assert time.monotonic() - began < 2
        assert client.getreply()[0] == 250


def test_what_a_plugin_prints_is_no_answer(hub):
    mail(hub, message("quiet", LARGE, talkative="yes"))
    assert texts(hub)[0].startswith("quiet")


def test_a_quarantined_one_is_replayed_whole_from_its_file(hub, tmp_path):
    mail(hub, message("again", LARGE, dies="yes"))
    [(id_,)] = rows(hub, "SELECT id FROM quarantine")
    assert replay(hub, id_) == Replayed("open", 0, "reading it ended its process (9)")
    [(sha256,)] = rows(hub, "SELECT DISTINCT sha256 FROM raws")
    path = hub.files.path(sha256)
    path.write_bytes(path.read_bytes().replace(b"dies: yes", b"lives: yes"))  # as a mended plugin would
    assert replay(hub, id_) == Replayed("replayed", 1)
    assert texts(hub)[0].startswith("again")


def test_one_whose_file_is_gone_stays_in_quarantine(hub):
    mail(hub, message("gone", LARGE, bad="yes"))
    [(id_, sha256)] = rows(hub, "SELECT q.id, sha256 FROM quarantine q JOIN raws r ON r.id = raw_id")
    hub.files.path(sha256).unlink()
    assert replay(hub, id_) == Replayed("open", still="its raw request is no longer kept")


def test_a_reader_whose_hub_died_does_not_read_for_ever(hub, tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(message("bomb", spin="yes"))
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert read(process.stdout) == READY
    request = Request("SMTP", "smtp://smtp/a", {"mail-from": ""}, b"", now(), "1")
    write(process.stdin, encode(job_of(hub.connectors["a"], request, path, True, 1)))
    assert process.wait(10) == -signal.SIGXCPU
    process.stdin.close()
    process.stdout.close()


def test_a_file_that_a_raw_names_is_no_leftover(hub):
    mail(hub, message("stay", LARGE))
    leftovers = Leftovers(hub.engine, hub.files, seconds=0)
    names = list(hub.files.hashes())
    for name in names:
        os.utime(hub.files.path(name), (1, 1))
    assert [asyncio.run(leftovers.round()) for _ in range(2)] == [0, 0]
    assert list(hub.files.hashes()) == names


def test_its_quarantine_keeps_the_beginning_only(hub):
    mail(hub, message("odd", LARGE, odd="yes"))
    [(size,)] = rows(hub, "SELECT length(slice) FROM quarantine")
    assert size == 16 << 10


@pytest.mark.parametrize("size", [0, LARGE])
def test_who_delivered_it_is_known_here_and_to_the_reader(hub, size):
    mail(hub, message("near", size, only_from="127.0.0.1"))
    with pytest.raises(smtplib.SMTPResponseException):
        mail(hub, message("far", size, only_from="192.0.2.1"))
    assert [text[:4] for text in texts(hub)] == ["near"]


def test_its_headers_reach_the_reader(hub):
    mail(hub, message("from whom", LARGE), sender="who@example.org")
    [(body,)] = rows(hub, "SELECT value FROM identities")
    assert body == "who@example.org"
    [(headers,)] = rows(hub, "SELECT headers FROM raws")
    assert msgspec.json.decode(headers)["mail-from"] == "who@example.org"
