"""Mail by SMTP: taken once it is recorded, and refused with the right word."""

import smtplib

import msgspec
import pytest

from tests.listening.office import ANN, BEN, Caller, eventually, mail, message, office, rows, settings_in, texts


@pytest.fixture
def hub(tmp_path):
    with office(settings_in(tmp_path)) as hub:
        yield hub


def test_a_message_is_recorded_with_its_envelope_before_it_is_taken(hub):
    with Caller(hub, "smtp") as caller:
        caller.begin(ANN)
        caller.write(message("hello there", message_id="<1@x>"))
        assert caller.say(".") == "250 2.0.0 taken"
        assert texts(hub) == ["hello there"]
    [(method, url, headers, body, sha256)] = rows(hub, "SELECT method, url, headers, body, sha256 FROM raws")
    assert (method, url, body, sha256) == (
        "SMTP",
        "smtp://smtp/a",
        b"Subject: a test\r\nmessage-id: <1@x>\r\n\r\nhello there\r\n",
        None,
    )
    assert msgspec.json.decode(headers) == {
        "mail-from": "customer@example.org",
        "rcpt-to": ANN,
        "helo": "there",
        "peer": "127.0.0.1",
    }


def test_what_it_can_is_told(hub):
    with Caller(hub, "smtp", greet=False) as caller:
        assert caller.banner == "220 127.0.0.1 ESMTP onethread"
        caller.write(b"EHLO there\r\n")
        assert caller.reply() == [
            "250-127.0.0.1",
            "250-PIPELINING",
            "250-SIZE 36700160",
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250 ENHANCEDSTATUSCODES",
        ]


def test_every_reply_after_the_greeting_has_an_enhanced_code(hub):
    said = {
        "NOOP": "250 2.0.0 OK",
        "NONSENSE": '500 5.5.2 Error: command "NONSENSE" not recognized',
        "RCPT TO:<a@b>": "503 5.5.1 Error: need MAIL command",
        "DATA": "503 5.5.1 to whom? RCPT comes first",
        "MAIL FROM:<a@b": "553 5.1.3 Error: malformed address",
        'MAIL FROM:"': "553 5.1.3 Error: malformed address",
        "MAIL FROM:<a@b> SIZE=36700161": "552 5.3.4 Error: message size exceeds fixed maximum message size",
        "MAIL FROM:<a@b> BODY=8BITMIME SMTPUTF8": "250 2.1.0 sender ok",
        "RCPT TO:<nobody@example.com>": "550 5.1.1 nobody here has this address",
        f"RCPT TO:<{ANN}>": "250 2.1.5 recipient ok",
        'RCPT TO:<"a, b"@example.com>': "553 5.1.3 not an address",
        "RCPT TO:<broken@example.com>": "451 4.3.0 a fault of ours; try again later",
        "AUTH PLAIN AGEAYg==": "502 5.5.1 nobody logs in here",
        "VRFY ann": "252 2.5.0 send it, and RCPT will tell",
        "QUIT": "221 2.0.0 Bye",
    }
    with Caller(hub, "smtp") as caller:
        assert {command: caller.say(command) for command in said} == said


def test_an_unknown_recipient_hurts_no_other(hub):
    refused = mail(hub, message("hi"), ANN, "nobody@example.com")
    assert refused == {"nobody@example.com": (550, b"5.1.1 nobody here has this address")}
    assert texts(hub) == ["hi"]


def test_each_connector_has_a_copy_with_its_own_recipients(hub):
    mail(hub, message("to both"), ANN, BEN)
    found = [msgspec.json.decode(headers) for (headers,) in rows(hub, "SELECT headers FROM raws ORDER BY connector_id")]
    assert [headers["rcpt-to"] for headers in found] == [ANN, BEN]
    assert texts(hub) == ["to both", "to both"]


def test_a_repetition_is_taken_and_recorded_once(hub):
    for _ in range(3):
        mail(hub, message("once", message_id="<2@x>"))
    assert texts(hub) == ["once"]


def test_what_a_plugin_takes_for_forged_is_refused_for_its_recipients_only(hub):
    with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1 refused"):
        mail(hub, message(forged="all"), ANN, BEN)
    mail(hub, message("for b", forged="a"), ANN, BEN)
    assert texts(hub) == ["for b"]


@pytest.mark.parametrize(
    ("header", "reason"), [("bad", "bad"), ("odd", "odd"), ("faulty", "plugin fault: ZeroDivisionError()")]
)
@pytest.mark.parametrize("size", [0, 200_000])
def test_what_cannot_be_read_is_taken_and_quarantined(hub, header, reason, size):
    mail(hub, message(size=size, **{header: "yes"}))
    assert rows(hub, "SELECT connector_id, reason, state FROM quarantine") == [("a", reason, "open")]


def test_a_bounce_has_no_sender(hub):
    with Caller(hub, "smtp") as caller:
        caller.begin(ANN, sender="")
        caller.write(message("bounced"))
        assert caller.say(".") == "250 2.0.0 taken"
    [(headers,)] = rows(hub, "SELECT headers FROM raws")
    assert msgspec.json.decode(headers)["mail-from"] == ""


def test_pipelined_messages_are_taken_one_after_the_other(hub):
    with Caller(hub, "smtp") as caller:
        envelope = f"MAIL FROM:<c@example.org>\r\nRCPT TO:<{ANN}>\r\nDATA\r\n".encode()
        caller.write(envelope)
        assert [caller.line()[:3] for _ in range(3)] == ["250", "250", "354"]
        caller.write(message("first") + b".\r\n" + envelope)
        assert [caller.line()[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        caller.write(message("second") + b".\r\nQUIT\r\n")
        assert [caller.line()[:3] for _ in range(2)] == ["250", "221"]
    assert texts(hub) == ["first", "second"]


def test_dots_come_through(hub):
    mail(hub, b"a: b\r\n\r\n.\r\n..\r\n.dots\r\n")
    assert texts(hub) == [".\r\n..\r\n.dots"]


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n"])
def test_nothing_is_smuggled_in_behind_half_an_end(hub, end):
    with Caller(hub, "smtp") as caller:
        caller.begin(ANN)
        caller.write(message("first") + b"x" + end + f"MAIL FROM:<evil@x>\r\nRCPT TO:<{ANN}>\r\nDATA\r\n".encode())
        caller.write(message("smuggled"))
        assert caller.say(".") == "550 5.6.0 a line ends in LF without CR"
        assert caller.say("NOOP") == "250 2.0.0 OK"
    assert texts(hub) == []


def test_an_international_address_is_taken_as_it_was_written(tmp_path):
    with office(settings_in(tmp_path)) as hub:
        hub.connectors["a"].plugin.config = type(hub.connectors["a"].plugin.config)(addresses=("客服@例子.cn",))
        with Caller(hub, "smtp") as caller:
            assert caller.say("MAIL FROM:<用户@例子.cn> SMTPUTF8").startswith("250")
            assert caller.say("RCPT TO:<客服@例子.cn>").startswith("250")
            caller.write(b"RCPT TO:<\xff@x.cn>\r\n")
            assert caller.line() == "553 5.1.3 not an address"
            assert caller.say("DATA").startswith("354")
            caller.write(message("你好"))
            assert caller.say(".").startswith("250")
        [(headers,)] = rows(hub, "SELECT headers FROM raws")
        assert msgspec.json.decode(headers)["rcpt-to"] == "客服@例子.cn"


def test_what_the_store_cannot_take_is_asked_for_again(tmp_path):
    with office(settings_in(tmp_path, queue=1)) as hub:
        hub.writer._capacity = 0
        with pytest.raises(smtplib.SMTPDataError, match=r"452.*no room for it now"):
            mail(hub, message())
        hub.writer._capacity = 10
        mail(hub, message())
        assert len(texts(hub)) == 1


def test_a_file_of_a_small_message_is_fetched_from_the_table(hub):
    mail(hub, message("see file", file="yes"))
    [(sha256, size)] = eventually(lambda: rows(hub, "SELECT sha256, size FROM attachments WHERE state = 'stored'"))
    assert hub.files.path(sha256).read_bytes() == message("see file", file="yes")
    assert size == len(message("see file", file="yes"))
