"""Mail that no person wrote, and what machines report of ours."""

import pytest
from email_sender import ANN, TOKEN, config, mail, parsed

from connectors.families.mail.signing import Way
from normalizer.inbound import ConsentChanged, Ignored, MessageReceived, StatusChanged, Unreadable
from normalizer.model import ConsentState, Purpose
from normalizer.status import Status

SIGNER = config().signer()
BOUNCED = SIGNER.address(Way.BOUNCE, TOKEN) or ""
MARK = SIGNER.mark(TOKEN, ANN) or ""
OURS = f"{TOKEN}@example.com"


def is_auto(sender=ANN, author=ANN, **fields):
    item = parsed(mail(From=author, **fields), sender=sender)
    assert isinstance(item, MessageReceived)
    assert (item.purpose == Purpose.AUTO) is item.auto
    return item.auto


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "Auto-Generated; owner=x"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"},
        {"List_Id": "<news.example.net>"},
        {"List_Unsubscribe": "<mailto:off@example.net>"},
        {"Feedback_ID": "1:2:3"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"sender": ""},
        {"author": "no-reply@example.net"},
        {"author": "DoNotReply@example.net"},
        {"author": "MAILER-DAEMON@example.net"},
        {"author": "bounces+123@example.net"},
    ],
)
def test_what_says_so_is_automatic(fields):
    assert is_auto(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Auto_Submitted": "no"},
        {"Precedence": "first-class"},
        {"X_Auto_Response_Suppress": "None"},
        {"sender": None},
        {"author": "norbert.reply@example.net"},
        {"author": "daemonica@example.net"},
    ],
)
def test_everything_else_is_not(fields):
    assert not is_auto(**fields)


def report(kind, part, returned="", to="help@example.com", **settings):
    body = f"--b\n\nwords\n--b\nContent-Type: message/{part[0]}\n\n{part[1]}\n"
    body += f"--b\nContent-Type: text/rfc822-headers\n\n{returned}\n--b--" if returned else "--b--"
    written = mail(body, Content_Type=f"multipart/report; report-type={kind}; boundary=b")
    return parsed(written, to=to, sender="", **settings)


def bounce(block="Action: failed\nStatus: 5.1.1", returned="", to=BOUNCED, **settings):
    part = ("delivery-status", f"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; {ANN}\n{block}")
    return report("delivery-status", part, returned, to, **settings)


@pytest.mark.parametrize(
    ("block", "status", "error", "code"),
    [
        ("Action: failed\nStatus: 5.1.1", Status.FAILED, "invalid_address", "5.1.1"),
        ("Action: Failed\nStatus: 5.2.2", Status.FAILED, "unreachable", "5.2.2"),
        ("Action: failed\nStatus: 4.4.7", Status.FAILED, "timed_out", "4.4.7"),
        ("Action: failed\nStatus: 5.3.4", Status.FAILED, "media_too_large", "5.3.4"),
        ("Action: failed\nStatus: 5.7.26", Status.FAILED, "policy_rejected", "5.7.26"),
        (
            "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.1.10 null",
            Status.FAILED,
            "invalid_address",
            "5.1.10",
        ),
        ("Action: failed\nStatus: 5.0.0", Status.FAILED, "unknown", "5.0.0"),
        ("Action: failed", Status.FAILED, "unknown", None),
        ("Action: delivered\nStatus: 2.0.0", Status.DELIVERED, None, None),
    ],
)
def test_a_delivery_report_settles(block, status, error, code):
    item = bounce(block)
    assert isinstance(item, StatusChanged)
    assert (item.token, item.external_id) == (TOKEN, OURS)
    assert (item.status, item.error_code, item.provider_code) == (status, error, code)


def test_a_bounce_in_no_standard_form_is_one_where_it_comes_to_the_signed_address():
    words = "Delivery failed:\n\n  ann@example.net\n    SMTP error: 550 5.1.1 no such user"
    bounced = mail(words, From="Mailer-Daemon@x.example", X_Failed_Recipients=ANN)
    item = parsed(bounced, to=BOUNCED, sender="")
    assert isinstance(item, StatusChanged)
    assert (item.token, item.status, item.error_code) == (TOKEN, Status.FAILED, "invalid_address")
    assert isinstance(parsed(bounced, sender=""), MessageReceived)


def test_an_absence_told_to_the_bounce_address_belongs_to_what_it_answers():
    item = parsed(mail("I am away.", Auto_Submitted="auto-replied"), to=BOUNCED, sender="")
    assert isinstance(item, MessageReceived)
    assert (item.reply_token, item.auto) == (TOKEN, True)


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", ""])
def test_a_report_that_settles_nothing_is_ignored(action):
    assert isinstance(bounce(f"Action: {action}\nStatus: 4.4.1"), Ignored)


def test_a_report_is_believed_only_about_mail_of_ours():
    forged = BOUNCED.replace("+b.", "+r.")
    assert isinstance(bounce(to="help@example.com"), Ignored)
    assert isinstance(bounce(to=forged), Ignored)
    assert isinstance(bounce(to="help@example.com", returned="Message-ID: <x@evil.example>"), Ignored)
    by_id = bounce(to="help@example.com", returned=f"Message-ID: <{OURS}>")
    assert isinstance(by_id, StatusChanged)
    assert by_id.token == TOKEN
    by_path = bounce(to="help@example.com", returned=f"Return-Path: <{BOUNCED}>")
    assert isinstance(by_path, StatusChanged)


def complaint(who=ANN, mark=MARK, kind="abuse", named=True):
    told = f"Feedback-Type: {kind}\nVersion: 1\n" + (f"Original-Rcpt-To: <{who}>\n" if named else "")
    return report("feedback-report", ("feedback-report", told), f"To: {who}\nX-Onethread: {mark}")


def test_a_complaint_opts_out_whom_we_wrote_to():
    for item in (complaint(), complaint(named=False), complaint(who=ANN.upper())):
        assert isinstance(item, ConsentChanged)
        assert (item.peer.person.address.value, item.token, item.state) == (ANN, TOKEN, ConsentState.OPTED_OUT)


def redacted(returned, to="help@example.com"):
    """As providers send it that tell nobody who complained."""
    told = "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <redacted>\n"
    return report("feedback-report", ("feedback-report", told), returned, to=to)


def test_a_complaint_whose_writer_is_left_out_speaks_by_the_token_of_the_mail():
    for item in (
        redacted(f"To: undisclosed\nReturn-Path: <{BOUNCED}>"),
        redacted(f"Message-ID: <{OURS}>"),
        redacted("Subject: x", to=BOUNCED),
    ):
        assert isinstance(item, ConsentChanged)
        assert (item.peer, item.token, item.state) == (None, TOKEN, ConsentState.OPTED_OUT)


def test_a_complaint_without_a_writer_about_no_mail_of_ours_waits_for_an_operator():
    forged = BOUNCED.replace("+b.", "+r.")
    for item in (redacted("Message-ID: <x@evil.example>"), redacted(f"Return-Path: <{forged}>"), redacted("To: x")):
        assert isinstance(item, Unreadable)


def test_a_complaint_about_anybody_else_waits_for_an_operator():
    for item in (complaint(who="victim@example.org"), complaint(mark="x.y"), complaint(mark="")):
        assert isinstance(item, Unreadable)


def test_feedback_that_is_no_complaint_is_ignored():
    assert isinstance(complaint(kind="not-spam"), Ignored)


@pytest.mark.parametrize(
    ("disposition", "read"),
    [
        ("manual-action/MDN-sent-manually; displayed", True),
        ("automatic-action/MDN-sent-automatically; displayed/error", True),
        ("manual-action/MDN-sent-manually; deleted", False),
        ("", False),
    ],
)
def test_a_read_receipt_says_that_it_was_read(disposition, read):
    told = f"Final-Recipient: rfc822; {ANN}\nOriginal-Message-ID: <{OURS}>\nDisposition: {disposition}"
    item = report("disposition-notification", ("disposition-notification", told))
    assert isinstance(item, StatusChanged if read else Ignored)
    assert not read or item.status == Status.READ


def test_our_own_mail_that_comes_back_is_ignored():
    assert isinstance(parsed(mail(From="Help <HELP@example.com>")), Ignored)
    assert isinstance(parsed(mail(To=ANN, X_Onethread=MARK)), Ignored)
    assert isinstance(parsed(mail(To="bob@example.net", X_Onethread=MARK)), MessageReceived)


def test_mail_that_goes_in_a_circle_is_quarantined():
    assert isinstance(parsed("Received: x\n" * 25 + mail()), MessageReceived)
    assert isinstance(parsed("Received: x\n" * 26 + mail()), Unreadable)
