"""The settings of a mailbox, and a collected mail, read without any server."""

import msgspec
import pytest

from connectors.channels.email.imap_account import Account, Act, After
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from normalizer.inbound import Unreadable
from tests.channels.email.email_sender import NOW, SETTINGS, config, mail, plugin

URL = "imaps://me%40example.com:password-nobody%2Fshall%40see@imap.example.com/INBOX"


def collected(body: bytes | str, url: str = "collect://mail", **headers: str) -> Request:
    octets = body.encode() if isinstance(body, str) else body
    known = {"mailbox": "INBOX", "uidvalidity": "7", "uid": "3", "internaldate": "2026-11-21T09:00:00+00:00", **headers}
    return Request("COLLECT", url, known, octets, NOW, "raw-1")


@pytest.mark.parametrize(
    ("url", "account"),
    [
        (URL, ("imap.example.com", 993, True, "me@example.com", "password-nobody/shall@see", "INBOX")),
        ("imap://me:pw@h:1143/Anfragen%20%C3%BC", ("h", 1143, False, "me", "pw", "Anfragen ü")),
        ("imap://me:pw@h", ("h", 143, False, "me", "pw", "INBOX")),
        ("imaps://me:pw@h/INBOX/Help", ("h", 993, True, "me", "pw", "INBOX/Help")),
    ],
)
def test_an_address_names_server_person_and_mailbox(url, account):
    host, port, implicit_tls, user, password, folder = account
    assert config(imap=url).account() == Account(
        host=host, port=port, implicit_tls=implicit_tls, user=user, password=Secret(password), folder=folder
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://me:pw@h/INBOX",
        "imap://h/INBOX",
        "imaps://me:pw@/INBOX",
        "imaps://me:pw@h:port/INBOX",
        "imaps://me:pw@h/INBOX?x=1",
        "imaps://me:p%0d%0aw@h/INBOX",
        "imaps://me:pw@h/IN%00BOX",
    ],
)
def test_what_is_no_such_address_is_refused_without_being_shown(url):
    with pytest.raises(msgspec.ValidationError, match=r"^imap: of the form imaps://user:password@host:993/INBOX"):
        config(imap=url)


def test_there_is_one_way_to_log_in():
    for settings in (
        {"imap": "imaps://me@h"},
        {"imap": "imaps://me:pw@h", "imap_token": "t"},
        {"imap": "imaps://me@h", "imap_token": "t", "imap_token_file": "/f"},
    ):
        with pytest.raises(msgspec.ValidationError, match="imap: one of a password, imap_token and imap_token_file"):
            config(**settings)
    assert config(imap="imaps://me@h", imap_token="t").account().password is None


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("leave", After(Act.LEAVE)),
        ("seen", After(Act.SEEN)),
        ("keyword:Taken", After(Act.KEYWORD, "Taken")),
        ("move:Done/2026", After(Act.MOVE, "Done/2026")),
    ],
)
def test_what_becomes_of_a_mail(text, after):
    assert config(imap_after=text).after() == after


@pytest.mark.parametrize("text", ["", "gone", "seen:x", "keyword:", "keyword:a b", "move:", "move:a\nb"])
def test_what_cannot_become_of_a_mail(text):
    with pytest.raises(msgspec.ValidationError, match="imap_after: leave, seen, keyword:<name> or move:<folder>"):
        config(imap_after=text)


def test_only_a_connector_with_a_mailbox_polls():
    assert not plugin().polls()
    assert plugin(imap=URL).polls()


def test_a_collected_mail_reads_like_a_delivered_one():
    came = collected(mail("hello", Delivered_To="help@example.com"))
    reader = plugin(imap=URL)
    reader.verify(came)
    [item] = reader.parse(came)
    assert (item.external_id, item.text, item.subject) == ("m1@example.net", "hello", "Hello")
    assert item.occurred_at.isoformat() == "2026-11-21T09:00:00+00:00"  # it has no Date


def test_nothing_of_the_web_passes_for_collected():
    forged = collected(mail(), url="https://hub.example.com/in/mail")
    with pytest.raises(BadSignature):
        plugin(imap=URL).verify(forged)


def test_the_header_of_a_mail_beyond_the_limit_is_shown_and_no_message():
    header = b"From: ann@example.net\r\nSubject: huge\r\n\r\n"
    reader = plugin(imap=URL, imap_most_octets=2000)
    [item] = reader.parse(collected(header, beyond="2001"))
    assert item == Unreadable(
        key=item.key,
        slice=header,
        reason="a mail of 2001 octets, more than imap_most_octets allows (2000); it stays in the mailbox, its UID is 3",
    )
    assert reader.parse(collected(header, beyond="2001")) == [item]


def test_the_settings_show_no_password():
    shown = repr(config(imap=URL)) + repr(config(imap=URL).account())
    assert "nobody" not in shown
    assert SETTINGS["smtp"] not in shown
