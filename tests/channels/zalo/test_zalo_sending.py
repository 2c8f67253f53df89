"""What Zalo answers, and what the hub is told; settings, signatures, and a library as judge."""

from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec
import pytest
import zalo_sdk
from zalo_account import FIXTURES, HELLO, SETTINGS, answering, during
from zalo_sdk.oa.ZaloMessage import ZaloAction, ZaloMessageBody, ZaloRecipient

from connectors.channels.zalo.capability import CAPABILITY
from connectors.channels.zalo.config import Config
from connectors.channels.zalo.refusals import QUOTA, RATE, ROWS
from connectors.channels.zalo.signature import signature
from connectors.channels.zalo.simulator import Simulator, failure
from connectors.families.mail.form import read_form
from connectors.kit.base import Account, File, OutboundReaction
from connectors.kit.config import configured
from connectors.kit.errors import (
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.fixtures import canonical, read_fixtures
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.parts import LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (-32, Temporary, ErrorCode.RATE_LIMITED),
        (-211, Temporary, ErrorCode.RATE_LIMITED),
        (-201, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (-213, Unreachable, ErrorCode.UNREACHABLE),
        (-216, Misconfigured, ErrorCode.AUTH_FAILED),
        (-217, OptedOut, ErrorCode.OPTED_OUT),
        (-218, Refused, ErrorCode.RATE_LIMITED),
        (-224, Misconfigured, ErrorCode.MISCONFIGURED),
        (-230, Refused, ErrorCode.WINDOW_CLOSED),
        (-999, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_error_leads_to_its_next_act(error, kind, code):
    with answering(failure(error, "words")) as provider, pytest.raises(kind) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (code, str(error), "words")


@pytest.mark.parametrize(("error", "pause"), [(RATE, 30.0), (QUOTA, 3600.0)])
def test_how_long_is_waited_is_a_setting(error, pause):
    with answering(failure(error, "words")) as provider, pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert raised.value.retry_after == pause


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(500), OutcomeUnknown),
        (Reply(302), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply.json({"error": 0, "message": "Success"}), OutcomeUnknown),
        (Reply(429), Temporary),
        (Reply(403), Misconfigured),
    ],
)
def test_an_answer_without_an_error_of_zalos_own(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


@pytest.mark.parametrize("payload", [Payload(), Payload(location=LocationPart(latitude=1, longitude=2))])
def test_what_a_message_cannot_hold_is_refused(provider, payload):
    with pytest.raises(Refused):
        during(provider, lambda plugin: plugin.send(replace(HELLO, payload=payload)))
    assert provider.requests == []


def test_every_error_that_the_library_knows_has_a_meaning():
    known = set(zalo_sdk.ZaloOAException.ERROR_CODE_TO_STR) - {0}
    assert known - ROWS.keys() - {RATE, QUOTA} == {-214}  # of articles, which the hub does not send


CASES = {case.name: case for case in read_fixtures(FIXTURES).outbound}


@pytest.mark.parametrize("case", [CASES["text"], CASES["reply"]], ids=str)
def test_the_library_sends_what_we_send(provider, case):
    (ours,) = case.wire
    told = msgspec.json.decode(ours.body)
    client = zalo_sdk.oa.Client(
        SETTINGS["app_id"],
        "the app's",
        access_token=read_fixtures(FIXTURES).config["access_token"],
        endpoint_prefix=provider.settings()["api_base"],
    )
    quoted = told["message"].get("quote_message_id")
    body = ZaloMessageBody(text=told["message"]["text"], quote_message_id=quoted)
    with pytest.raises(zalo_sdk.ZaloOAException):  # of another account than the simulator's
        client.send_message(ZaloRecipient(user_id=told["recipient"]["user_id"]), body)
    theirs = canonical(provider.requests[0])
    assert (theirs.method, theirs.path, msgspec.json.decode(theirs.body)) == (ours.method, ours.path, told)
    for name in ("access_token", "content-type"):
        assert theirs.headers[name] == ours.headers[name]


def test_what_is_hashed_is_app_body_time_and_secret_in_this_order():
    body = b'{"event_name":"follow","timestamp":"17","app_id":"1"}'
    assert signature("1", "s", body) == "mac=" + sha256(b"1" + body + b"17" + b"s").hexdigest()


def test_the_check_names_the_account(provider):
    account = during(provider, lambda plugin: plugin.check())
    assert account == Account(name="Acme", details={"id": SETTINGS["oa_id"]})


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply.json({"error": 0, "data": {"oa_id": "1", "name": "another"}}), Misconfigured),
        (failure(-216, "expired"), Misconfigured),
        (failure(-999, "no"), Misconfigured),
        (Reply(500), Temporary),
        (Reply(200, b"["), Temporary),
    ],
)
def test_what_the_check_may_meet(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.check())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "app_id": "one"}, "app_id"),
        ({**SETTINGS, "oa_id": ""}, "oa_id"),
        ({**SETTINGS, "oa_secret_key": ""}, "oa_secret_key"),
        ({**SETTINGS, "access_token": "one\nX-Other: two"}, "access_token"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert SETTINGS["access_token"] not in str(error.value)


def library(provider):
    return zalo_sdk.oa.Client(
        SETTINGS["app_id"], "the app's", access_token=SETTINGS["access_token"], endpoint_prefix=provider.url
    )


@pytest.mark.parametrize(
    ("name", "kind", "file", "media_type"),
    [("picture", "image", "box.png", "image/png"), ("document", "file", "invoice.pdf", "application/pdf")],
)
def test_the_library_brings_files_as_we_do(provider, name, kind, file, media_type):
    ours, _ = CASES[name].wire
    octets = b"these octets stand for a file"
    told = library(provider).upload_file(octets, kind, file, media_type)
    (theirs,) = provider.requests
    assert (theirs.method, theirs.path, read_form(theirs.body)) == (ours.method, ours.path, read_form(ours.body))
    assert list(provider.brought.values()) == [octets]
    assert set(provider.brought) <= set(told.get("data", told).values())


def test_the_library_reacts_as_we_do(provider):
    (ours,) = CASES["reaction"].wire
    told = msgspec.json.decode(ours.body)
    recipient = ZaloRecipient(user_id=told["recipient"]["user_id"])
    library(provider).send_message(recipient, action=ZaloAction(**told["sender_action"]), category="action")
    (theirs,) = provider.requests
    assert (theirs.method, theirs.path, msgspec.json.decode(theirs.body)) == (ours.method, ours.path, told)


def test_an_emoji_is_the_same_without_its_variation_and_another_is_refused(provider):
    def react(emoji):
        given = OutboundReaction(address=HELLO.address, external_id="m1", reaction=emoji)
        return during(provider, lambda plugin: plugin.react(given))

    react("❤")
    assert provider.reactions == [{"react_icon": "/-heart", "react_message_id": "m1"}]
    with pytest.raises(Refused, match="no such reaction"):
        react("🥝")


def showing(path, *media_types):
    files = [File(f"a{n}", path, kind, f"{n}", 3) for n, kind in enumerate(media_types)]
    parts = tuple(
        MediaPart(attachment_id=file.attachment_id, kind=MediaKind.FILE, media_type=file.media_type) for file in files
    )
    held = {file.attachment_id: file for file in files}
    return replace(HELLO, payload=Payload(media=parts), files=held)


def test_a_picture_that_is_called_a_file_goes_as_a_picture(provider, tmp_path):
    (tmp_path / "box").write_bytes(b"box")
    during(provider, lambda plugin: plugin.send(showing(tmp_path / "box", "image/png")))
    assert [urlsplit(one.path).path for one in provider.requests] == ["/v2.0/oa/upload/image", "/v3.0/oa/message/cs"]


def test_two_files_and_a_file_that_is_not_there_are_refused(provider, tmp_path):
    (tmp_path / "box").write_bytes(b"box")
    for outbound in (
        showing(tmp_path / "box", "image/png", "image/png"),
        showing(tmp_path / "gone", "image/png"),
        replace(
            showing(tmp_path / "box", "image/png"),
            payload=Payload(text="a", media=showing(tmp_path / "box", "image/png").payload.media),
        ),
    ):
        with pytest.raises(Refused):
            during(provider, lambda plugin, outbound=outbound: plugin.send(outbound))
    assert provider.sent == {}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(500), Temporary),
        (Reply(200, b"<html>"), Temporary),
        (Reply.json({"error": 0, "message": "Success", "data": {}}), Temporary),
        (failure(-201, "Invalid parameters"), Refused),
    ],
)
def test_a_file_that_is_not_taken_leaves_no_doubt(tmp_path, reply, error):
    (tmp_path / "box").write_bytes(b"box")
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(showing(tmp_path / "box", "image/png")))


def test_what_may_be_brought():
    media = CAPABILITY.media
    assert media is not None
    assert [media.octets(kind) for kind in ("image/png", "application/pdf", "image/gif", "text/csv")] == [
        10**6,
        5 * 10**6,
        0,
        0,
    ]
