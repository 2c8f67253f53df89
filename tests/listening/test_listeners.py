"""Listeners open, close, change, and keep out whom they do not serve."""

import asyncio
import smtplib
import socket
import threading
import time

import msgspec
import pytest
from structlog.testing import capture_logs

from gateway.api.operations import ready
from gateway.api.problems import Problem
from gateway.metrics import MAIL, MAIL_SESSIONS
from tests.end_to_end.hub_process import free_port
from tests.listening.certificates import certificate, unchecked
from tests.listening.office import ANN, Caller, eventually, mail, message, office, rows, settings_in, texts


class Asked:
    """What `/readyz` is asked with."""

    def __init__(self, hub):
        self.hub = hub


def flood(caller, most):
    """Octets of one header that were written before the other side had enough."""
    sent = 0
    while sent < most:
        try:
            caller.write(b"x" * (1 << 20))
        except OSError:
            break
        sent += 1 << 20
    return sent


def on_its_loop(hub, work):
    return asyncio.run_coroutine_threadsafe(work, hub.loop).result(20)


def test_a_port_in_use_is_named_with_a_remedy_and_opened_once_it_is_free(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with office(settings_in(tmp_path, {"smtp": f"127.0.0.1:{port}"})) as hub:
            problem = (
                f"listener smtp: 127.0.0.1:{port} is in use by another process;"
                " end that process, or choose another port in listeners.smtp"
            )
            assert hub.listening.problems() == {"smtp": problem}
            with pytest.raises(Problem, match="in use by another process"):
                ready(Asked(hub))
            other.close()
            eventually(lambda: not hub.listening.problems())
            assert ready(Asked(hub)).status == "ok"
            mail(hub, message("at last"))
            assert texts(hub) == ["at last"]


def test_an_address_that_is_not_ours_is_named(tmp_path):
    with office(settings_in(tmp_path, {"lmtp": "192.0.2.1:2424"})) as hub:
        [problem] = hub.listening.problems().values()
        assert problem == (
            "listener lmtp: cannot listen on 192.0.2.1:2424: Cannot assign requested address;"
            " choose an address of this machine in listeners.lmtp"
        )


def test_a_certificate_that_cannot_be_read_is_named(tmp_path):
    tls = {"cert": "none.pem", "key": "none.pem"}
    with office(settings_in(tmp_path, {"smtp": {"address": "127.0.0.1:0", "tls": tls}})) as hub:
        assert "none.pem cannot be used: [Errno 2]" in hub.listening.problems()["smtp"]


def test_without_listeners_there_is_no_thread(tmp_path):
    with office(settings_in(tmp_path, {})):
        assert not [thread for thread in threading.enumerate() if thread.name == "listening"]


def test_strangers_are_turned_away(tmp_path):
    listeners = {"smtp": {"address": "127.0.0.1:0", "networks": ["10.0.0.0/8"]}}
    with office(settings_in(tmp_path, listeners)) as hub, Caller(hub, "smtp", greet=False) as caller:
        assert (caller.banner, caller.line()) == ("421 4.7.0 not from where you are", "")


def test_one_session_too_many_is_told_to_come_again(tmp_path):
    with office(settings_in(tmp_path, {"smtp": {"address": "127.0.0.1:0", "sessions": 2}})) as hub:
        with Caller(hub, "smtp"), Caller(hub, "smtp") as second:
            assert MAIL_SESSIONS.labels("smtp")._value.get() == 2
            with Caller(hub, "smtp", greet=False) as third:
                assert third.banner == "421 4.3.2 too many connections; try again later"
            second.say("QUIT")
            eventually(lambda: MAIL_SESSIONS.labels("smtp")._value.get() == 1)
            with Caller(hub, "smtp", greet=False) as fourth:
                assert fourth.banner.startswith("220")
        eventually(lambda: MAIL_SESSIONS.labels("smtp")._value.get() == 0)


def test_a_hundred_and_one_recipients_are_one_too_many(tmp_path):
    with office(settings_in(tmp_path)) as hub, Caller(hub, "smtp") as caller:
        caller.say("MAIL FROM:<a@b>")
        said = [caller.say(f"RCPT TO:<{ANN}>") for _ in range(101)]
        assert set(said[:-1]) == {"250 2.1.5 recipient ok"}
        assert said[-1] == "452 4.5.3 too many recipients"


def test_mail_comes_encrypted_and_only_from_who_logs_in(tmp_path):
    smtp = {"address": "127.0.0.1:0", "tls": certificate(tmp_path), "users": {"relay": "opensesame"}}
    with office(settings_in(tmp_path, {"smtp": smtp})) as hub:
        with smtplib.SMTP("127.0.0.1", hub.listening.port("smtp"), timeout=10) as client:
            client.ehlo()
            assert (client.has_extn("starttls"), client.has_extn("auth")) == (True, False)
            assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538
            assert client.mail("c@example.org")[0] == 530
            client.starttls(context=unchecked())
            client.ehlo()
            assert client.esmtp_features["auth"].split() == ["LOGIN", "PLAIN"]
            with pytest.raises(smtplib.SMTPAuthenticationError, match=r"5\.7\.8 user or password is wrong"):
                client.login("relay", "wrong")
            client.login("relay", "opensesame")
            client.sendmail("c@example.org", ANN, message("in secret"))
        assert texts(hub) == ["in secret"]
        [(headers,)] = rows(hub, "SELECT headers FROM raws")
        assert (msgspec.json.decode(headers)["user"], msgspec.json.decode(headers)["tls"]) == ("relay", "TLSv1.3")


def test_what_is_written_before_tls_is_forgotten(tmp_path):
    """CVE-2011-0411: what stands behind STARTTLS in the clear must not be taken for what was said encrypted."""
    smtp = {"address": "127.0.0.1:0", "tls": certificate(tmp_path), "require_tls": True}
    with office(settings_in(tmp_path, {"smtp": smtp})) as hub, Caller(hub, "smtp") as caller:
        assert caller.say("MAIL FROM:<a@b>") == "530 5.7.0 STARTTLS comes first"
        caller.write(b"STARTTLS\r\nEHLO injected\r\n")
        assert caller.line() == "220 Ready to start TLS"
        with unchecked().wrap_socket(caller.socket, suppress_ragged_eofs=False) as tls:
            tls.sendall(b"MAIL FROM:<a@b>\r\n")
            assert tls.recv(99) == b"503 5.5.1 Error: send HELO first\r\n"


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path):
    smtp = {"address": "127.0.0.1:0", "tls": certificate(tmp_path)}

    def shown(hub):
        with smtplib.SMTP("127.0.0.1", hub.listening.port("smtp"), timeout=10) as client:
            client.starttls(context=unchecked())
            return client.sock.getpeercert(binary_form=True)

    with office(settings_in(tmp_path, {"smtp": smtp})) as hub:
        before = shown(hub)
        certificate(tmp_path)
        assert shown(hub) != before


def test_tls_that_does_not_come_about_ends_the_session_only(tmp_path):
    smtp = {"address": "127.0.0.1:0", "tls": certificate(tmp_path)}
    with office(settings_in(tmp_path, {"smtp": smtp})) as hub:
        with Caller(hub, "smtp") as caller:
            caller.write(b"STARTTLS\r\n")
            caller.line()
            caller.write(b"this is no handshake, and never will be one\r\n")
            while caller.socket.recv(999):
                pass
            eventually(lambda: MAIL_SESSIONS.labels("smtp")._value.get() == 0)
        mail(hub, message("still here"))
        assert texts(hub) == ["still here"]


def test_listeners_change_while_the_hub_runs_and_the_others_keep_their_sessions(tmp_path):
    smtp, lmtp, moved = (f"127.0.0.1:{free_port()}" for _ in range(3))
    with office(settings_in(tmp_path, {"smtp": smtp, "lmtp": lmtp})) as hub:
        connectors = hub.connectors
        with Caller(hub, "smtp") as staying, Caller(hub, "lmtp") as going:
            hub.settings = settings_in(tmp_path, {"smtp": smtp, "lmtp": moved})
            on_its_loop(hub, hub.listening.renew())
            assert going.line() == "421 4.3.2 closing; try again later"
            assert staying.say("NOOP").startswith("250")
            assert hub.listening.port("lmtp") == int(moved.rpartition(":")[2])
            hub.settings = settings_in(tmp_path, {"smtp": {"address": smtp, "sessions": 7}})
            on_its_loop(hub, hub.listening.renew())
            assert hub.listening.port("lmtp") is None
            mail(hub, message("at the same place"))
        assert hub.connectors is connectors
        hub.settings = settings_in(tmp_path, {})
        on_its_loop(hub, hub.listening.renew())
        assert hub.listening.port("smtp") is None
        assert texts(hub) == ["at the same place"]


def test_a_message_under_way_comes_to_its_end_when_the_hub_stops(tmp_path):
    with office(settings_in(tmp_path)) as hub:
        with Caller(hub, "smtp") as busy, Caller(hub, "smtp") as idle:
            busy.begin(ANN)
            busy.write(message("half"))
            stopping = threading.Thread(target=on_its_loop, args=(hub, hub.listening.stop()), daemon=True)
            stopping.start()
            assert idle.line() == "421 4.3.2 closing; try again later"
            busy.write(b".\r\nNOOP\r\n")
            assert [busy.line(), busy.line()] == ["250 2.0.0 taken", "421 4.3.2 closing; try again later"]
            stopping.join()
        assert texts(hub) == ["half"]


def test_one_that_stalls_is_cut_off_when_the_hub_stops(tmp_path):
    with office(settings_in(tmp_path), grace=0.2) as hub, Caller(hub, "smtp") as caller:
        caller.begin(ANN)
        caller.write(b"a: b\r\n")
        began = time.monotonic()
        on_its_loop(hub, hub.listening.stop())
        assert time.monotonic() - began < 5


def test_one_that_stalls_within_a_message_is_told_so_and_leaves_nothing(tmp_path):
    with office(settings_in(tmp_path), piece=0.3) as hub, Caller(hub, "smtp") as caller:
        caller.begin(ANN)
        caller.write(message("half", 200_000))
        assert caller.line() == "421 4.4.2 the message did not come in time"
        assert caller.line() == ""
        assert not list(hub.files.folder.glob("*.coming"))


def test_one_that_leaves_within_a_message_leaves_nothing(tmp_path):
    with office(settings_in(tmp_path)) as hub:
        with Caller(hub, "smtp") as caller:
            caller.begin(ANN)
            caller.write(message("half", 2 << 20))
            eventually(lambda: list(hub.files.folder.glob("*.coming")))
        eventually(lambda: not list(hub.files.folder.glob("*.coming")))
        assert (list(hub.files.hashes()), texts(hub)) == ([], [])


def test_one_that_never_comes_to_terms_over_tls_is_ended(tmp_path):
    smtp = {"address": "127.0.0.1:0", "tls": certificate(tmp_path)}
    with office(settings_in(tmp_path, {"smtp": smtp}), command=0.3) as hub, Caller(hub, "smtp") as caller:
        assert caller.say("STARTTLS").startswith("220")
        assert caller.line() == ""
        eventually(lambda: MAIL_SESSIONS.labels("smtp")._value.get() == 0)


def test_one_that_hears_nothing_is_ended(tmp_path):
    """It asks and asks, and reads no answer, until there is no room for one."""
    with office(settings_in(tmp_path), command=0.5) as hub, Caller(hub, "smtp") as caller:
        caller.socket.settimeout(0.3)
        with pytest.raises(OSError, match="timed out"):
            caller.write(b"RCPT\r\n" * 5_000_000)
        eventually(lambda: MAIL_SESSIONS.labels("smtp")._value.get() == 0)


def test_one_that_never_says_a_word_is_ended(tmp_path):
    with office(settings_in(tmp_path), command=0.2) as hub, Caller(hub, "smtp", greet=False) as caller:
        assert caller.line() == ""


def test_a_header_without_end_is_cut_off_and_costs_no_memory(tmp_path):
    with office(settings_in(tmp_path, mail="1MiB")) as hub, Caller(hub, "smtp") as caller:
        caller.begin(ANN)
        assert flood(caller, 1 << 30) < 64 << 20
        mail(hub, message("next"))
        assert texts(hub) == ["next"]


def test_a_command_without_end_is_no_command(tmp_path):
    with office(settings_in(tmp_path)) as hub, Caller(hub, "smtp") as caller:
        caller.write(b"NOOP " + b"x" * 1_000_000 + b"\r\n")
        assert caller.line() == "500 5.5.2 Command line too long"
        assert caller.say("NOOP").startswith("250")


def test_a_flood_of_commands_is_ended(tmp_path):
    with office(settings_in(tmp_path)) as hub, Caller(hub, "smtp") as caller:
        caller.write(b"NOOP\r\n" * 101)
        said = [caller.line() for _ in range(101)]
        assert said[-1] == "421 4.7.0 NOOP sent too many times"


def test_sixty_four_sessions_at_once_lose_nothing(tmp_path):
    with office(settings_in(tmp_path)) as hub:
        before = MAIL.labels("smtp", "taken")._value.get()

        def send(n):
            with smtplib.SMTP("127.0.0.1", hub.listening.port("smtp"), timeout=60) as client:
                for m in range(3):
                    size = 100_000 if m == 1 else 0
                    client.sendmail(f"{n}@example.org", ANN, message(f"{n}:{m}", size))

        senders = [threading.Thread(target=send, args=(n,), daemon=True) for n in range(64)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        came = sorted(text.split("\r\n")[0] for text in texts(hub))
        assert came == sorted(f"{n}:{m}" for n in range(64) for m in range(3))
        assert MAIL.labels("smtp", "taken")._value.get() - before == 192


def test_logs_tell_of_mail_without_addresses(tmp_path):
    with office(settings_in(tmp_path)) as hub, capture_logs() as logs:
        mail(hub, message("hello"), sender="reply+token@example.org")
    told = [entry for entry in logs if entry["event"] == "mail"]
    assert [(entry["listener"], entry["peer"], entry["verdicts"]) for entry in told] == [
        ("smtp", "127.0.0.1", {"a": "taken"})
    ]
    assert "@" not in repr(logs)


def test_a_disk_that_takes_nothing_is_no_reason_to_lose_mail(tmp_path):
    with office(settings_in(tmp_path)) as hub:
        away = hub.files.folder.rename(tmp_path / "away")
        with pytest.raises(smtplib.SMTPDataError, match=r"4\.3\.0 a fault of ours"):
            mail(hub, message("big", 300_000))
        away.rename(hub.files.folder)
        mail(hub, message("big", 300_000))
        assert len(texts(hub)) == 1
