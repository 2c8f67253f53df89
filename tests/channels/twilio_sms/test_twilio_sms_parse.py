from dataclasses import replace
from itertools import permutations
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio_sms_sender import ACCOUNT, FIXTURES, HOOK, MINA, NOW, NUMBER, SETTINGS, plugin

from connectors.channels.twilio_sms.consent import KEYWORDS
from connectors.families.twilio.statuses import CODES, STATUS
from connectors.kit.errors import BadPayload
from connectors.kit.fixtures import read_fixtures
from connectors.kit.request import Request
from normalizer.errors import ErrorCode
from normalizer.inbound import (
    Address,
    ConsentChanged,
    Media,
    MessageReceived,
    Peer,
    Person,
    StatusChanged,
    Unreadable,
)
from normalizer.model import ConsentState, Proof
from normalizer.parts import MediaKind
from normalizer.status import Standing, Status, merge

CASES = {case.name: case for case in read_fixtures(FIXTURES).inbound}
SMS = "SM00000000000000000000000000000042"
REPORTS = (("queued", None), ("sending", None), ("sent", None), ("delivered", None), ("read", None))
FAILURES = (("queued", None), ("sent", None), ("undelivered", 30003), ("delivered", None))


def asked(query="", **fields):
    told = {"MessageSid": SMS, "AccountSid": ACCOUNT, "From": MINA, "To": NUMBER, "Body": "hi", **fields}
    body = urlencode({name: value for name, value in told.items() if value is not None}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", HOOK + query, headers, body, NOW)


def parsed(query="", sender=None, **fields):
    return list((sender or plugin()).parse(asked(query, **fields)))


def report(status, error=None):
    code = {} if error is None else {"ErrorCode": str(error)}
    return parsed("?token=0199-aa51.1", MessageStatus=status, SmsStatus=status, Body=None, **code)


def test_a_message_is_what_was_written():
    assert parsed() == [
        MessageReceived(
            key=f"message:{SMS}",
            external_id=SMS,
            peer=Peer(person=Person(address=Address(scheme="tel", value=MINA))),
            text="hi",
            occurred_at=NOW,
        )
    ]


# --- reports ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUS)
def test_a_report_says_which_of_ours_it_is_about(status):
    (told,) = report(status)
    code = ErrorCode.UNKNOWN if STATUS[status] is Status.FAILED else None
    assert told == StatusChanged(
        key=f"status:{SMS}:{status}",
        external_id=SMS,
        token="0199-aa51.1",
        status=STATUS[status],
        error_code=code,
    )


@pytest.mark.parametrize("sequence", [REPORTS, FAILURES])
def test_reports_in_any_order_say_the_same_and_end_alike(sequence):
    found, ends = set(), set()
    for order in permutations(sequence):
        items = [item for each in order for item in report(*each)]
        found.add(frozenset(items))
        standing = Standing(1, Status.SENDING)
        for item in items:
            standing = merge(standing, Standing(1, item.status))
        ends.add(standing)
    highest = max((STATUS[status] for status, _ in sequence), key=list(Status).index)
    assert len(found) == 1
    assert ends == {Standing(1, highest)}


@given(st.lists(st.sampled_from(REPORTS), min_size=1, max_size=12))
def test_a_report_that_repeats_has_the_same_key(sequence):
    items = [item for each in sequence for item in report(*each)]
    assert len({item.key for item in items}) == len(set(sequence))


def test_the_same_status_with_another_error_is_another_report():
    assert report("failed", 30007)[0].key != report("failed", 30008)[0].key != report("failed")[0].key


@pytest.mark.parametrize("code", [code for code in CODES if code >= 30000])
def test_a_failure_says_why_in_our_words_and_in_twilios(code):
    (told,) = report("undelivered", code)
    assert (told.error_code, told.provider_code) == (CODES[code].code, str(code))


REASONS = [
    (30003, ErrorCode.UNREACHABLE),
    (30004, ErrorCode.OPTED_OUT),
    (30005, ErrorCode.INVALID_ADDRESS),
    (30006, ErrorCode.UNREACHABLE),
    (30007, ErrorCode.POLICY_REJECTED),
    (30008, ErrorCode.UNKNOWN),
    (30001, ErrorCode.RATE_LIMITED),
    (30019, ErrorCode.MEDIA_TOO_LARGE),
    (30034, ErrorCode.MISCONFIGURED),
    (30036, ErrorCode.EXPIRED),
    (39999, ErrorCode.UNKNOWN),
]


@pytest.mark.parametrize(("code", "ours"), REASONS)
def test_reasons_people_ask_about(code, ours):
    assert report("undelivered", code)[0].error_code == ours


@pytest.mark.parametrize("code", ["0", "", "x", "٣٠٠٠٣", "9" * 5000])
def test_an_error_code_that_is_none_is_left_out(code):
    (told,) = parsed(MessageStatus="failed", ErrorCode=code)
    assert (told.error_code, told.provider_code) == (ErrorCode.UNKNOWN, None)


def test_a_delivered_message_has_no_error():
    (told,) = report("delivered", 30003)
    assert (told.error_code, told.provider_code) == (None, "30003")


@pytest.mark.parametrize("query", ["", "?token=", "?token=%00", "?token=" + "x" * 129, "?other=1"])
def test_a_token_that_is_none_of_ours_is_none(query):
    (told,) = parsed(query, MessageStatus="sent")
    assert told.token is None


def test_old_reports_have_the_status_under_its_old_name():
    (told,) = parsed(MessageSid=None, SmsSid=SMS, SmsStatus="delivered", Body=None)
    assert (told.external_id, told.status) == (SMS, Status.DELIVERED)


def test_statuses_we_do_not_know_are_kept_one_by_one():
    items = [report(status)[0] for status in ("teleported", "evaporated", "teleported")]
    assert all(isinstance(item, Unreadable) for item in items)
    assert len({item.key for item in items}) == 2
    assert items[0].reason == "a status we do not know: teleported"


# --- consent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", KEYWORDS)
@pytest.mark.parametrize("spelt", [str.upper, str.lower, str.title, lambda word: f" {word}\n"])
def test_a_keyword_alone_is_consent_beside_the_message(word, spelt):
    received, consent = parsed(Body=spelt(word))
    assert (received.text, received.key) == (spelt(word), f"message:{SMS}")
    assert consent == ConsentChanged(
        key=f"consent:{SMS}",
        peer=received.peer,
        state=KEYWORDS[word],
        source=f"keyword {word}",
        occurred_at=NOW,
    )


@pytest.mark.parametrize("words", ["HELP", "INFO", "YES", "please stop", "stop.", "START NOW", "", "STÖP"])
def test_anything_else_is_only_a_message(words):
    assert [type(item) for item in parsed(Body=words)] == [MessageReceived]


@pytest.mark.parametrize(
    ("told", "state"),
    [("STOP", ConsentState.OPTED_OUT), ("START", ConsentState.OPTED_IN), ("HELP", None), ("NEW", None)],
)
@pytest.mark.parametrize("words", ["ARRET", "STOP", "START"])
def test_advanced_opt_out_counts_before_the_words(told, state, words):
    received, *consent = parsed(Body=words, OptOutType=told)
    assert received.text == words
    assert [(item.state, item.source) for item in consent] == ([(state, f"OptOutType {told}")] if state else [])


def test_keywords_can_be_left_to_advanced_opt_out():
    sender = plugin({**SETTINGS, "default_keywords": False})
    assert len(parsed(sender=sender, Body="CANCEL")) == 1
    assert len(parsed(sender=sender, Body="ARRET", OptOutType="STOP")) == 2


# --- people and files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "proof"),
    [
        (MINA, Proof.CHANNEL),
        ("62226", Proof.ASSERTED),
        ("DHL", Proof.ASSERTED),
        ("Example Ltd", Proof.ASSERTED),
        ("O2.co.uk!", Proof.ASSERTED),
    ],
)
def test_senders_are_kept_as_they_are_and_only_numbers_are_proof(sender, proof):
    (received,) = parsed(From=sender)
    assert received.peer == Peer(person=Person(address=Address(scheme="tel", value=sender)), proof=proof)


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("whatsapp:+447700900222", "a message by whatsapp, not by SMS or MMS"),
        ("rcs:+447700900222", "a message by rcs, not by SMS or MMS"),
        ("", "no sender of an SMS"),
        (None, "no sender of an SMS"),
        ("+44\n7700", "no sender of an SMS"),
        ("Twelve Chars", "no sender of an SMS"),
    ],
)
def test_other_channels_are_quarantined(sender, reason):
    (kept,) = parsed(From=sender)
    assert isinstance(kept, Unreadable)
    assert (kept.key, kept.reason) == (f"unreadable:{SMS}:received", reason)


@pytest.mark.parametrize(
    ("told", "kind", "media_type"),
    [
        ("image/jpeg", MediaKind.IMAGE, "image/jpeg"),
        ("video/3gpp", MediaKind.VIDEO, "video/3gpp"),
        ("audio/AMR; rate=8000", MediaKind.AUDIO, "audio/amr"),
        ("text/x-vcard", MediaKind.FILE, "text/x-vcard"),
        (None, MediaKind.FILE, "application/octet-stream"),
    ],
)
def test_a_file_is_of_the_kind_its_type_says(told, kind, media_type):
    (received,) = parsed(NumMedia="1", Body="", MediaUrl0="https://api.twilio.com/x", MediaContentType0=told)
    assert received.media == (Media(source="https://api.twilio.com/x", kind=kind, media_type=media_type),)
    assert received.text == f"[{kind}]"


@pytest.mark.parametrize("fields", [{"NumMedia": "1"}, {"NumMedia": "x"}, {"NumMedia": "-1"}, {"NumMedia": "999999"}])
def test_files_that_are_not_there_are_quarantined(fields):
    (kept,) = parsed(**fields)
    assert isinstance(kept, Unreadable)


def test_the_first_of_repeated_fields_counts():
    body = asked().body + b"&Body=second&From=%2B15005550006"
    (received,) = plugin().parse(replace(asked(), body=body))
    assert (received.text, received.peer.person.address.value) == ("hi", MINA)


@pytest.mark.parametrize("sid", [None, "", "SM 1", "x" * 65, "SM;DROP"])
def test_without_a_sid_nothing_can_be_recorded(sid):
    with pytest.raises(BadPayload, match="no MessageSid"):
        parsed(MessageSid=sid)


def test_a_message_by_get_reads_as_one_by_post():
    body, url = b"", f"{HOOK}?{asked().body.decode()}"
    assert list(plugin().parse(replace(asked(), method="GET", url=url, body=body))) == parsed()


def test_a_fixture_of_json_reads_as_one_of_a_form():
    (ours,) = CASES["status_as_json"].expected
    assert ours == CASES["status_delivered"].expected[0]


def test_twilio_hears_twiml_that_answers_nothing():
    from connectors.kit.base import Outcome

    told = {outcome: plugin().respond(asked(), outcome) for outcome in Outcome}
    assert {outcome: answer.status for outcome, answer in told.items()} == {
        Outcome.RECORDED: 200,
        Outcome.DUPLICATE: 200,
        Outcome.QUARANTINED: 200,
        Outcome.OVERLOADED: 503,
        Outcome.LATE: 503,
    }
    assert (told[Outcome.RECORDED].body, told[Outcome.RECORDED].headers) == (
        b"<Response/>",
        {"content-type": "text/xml"},
    )
