import asyncio
import subprocess
import sys
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from twilio_sms_sender import (
    HOOK,
    KEYED,
    MINA,
    NUMBER,
    POOL,
    SETTINGS,
    Answering,
    during,
    picture,
    pictures,
    plugin,
    text,
    to,
)

from connectors.channels.twilio_sms.simulated import RECIPIENTS, SENDERS
from connectors.channels.twilio_sms.simulator import Simulator
from connectors.families.twilio.simulated import CODES as WORDS
from connectors.families.twilio.simulated import failure
from connectors.families.twilio.statuses import CODES, STATUS
from connectors.kit.base import Sent
from connectors.kit.errors import (
    KitError,
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.parts import ContactCardPart, LinkAction, LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload
from normalizer.render import render
from normalizer.status import Status

CALLBACK = f"{HOOK}?token=0199-aa51.1#rc=5&rp=all"
SENT = [("To", MINA), ("StatusCallback", CALLBACK), ("From", NUMBER), ("Body", "hello")]


def sent_by(provider, outbound=None, **settings):
    return during(provider, lambda sender: sender.send(outbound or text()), **settings)


def on_the_wire(outbound=None, configured=SETTINGS, **settings):
    """The fields of the one request that sending makes."""
    with Simulator(configured) as provider:
        sent_by(provider, outbound, **settings)
        (request,) = provider.requests
    assert (request.method, request.headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")
    return parse_qsl(request.body.decode(), keep_blank_values=True)


def refused(reply, outbound=None, **settings):
    with Answering(reply) as provider, pytest.raises(KitError) as error:
        sent_by(provider, outbound, **settings)
    assert len(provider.requests) == 1
    return error.value


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_a_message_leaves_once_with_our_token_in_the_address_for_reports():
    assert on_the_wire() == SENT


def test_a_messaging_service_stands_instead_of_the_sender():
    fields = dict(on_the_wire(configured=POOL))
    assert fields == {"To": MINA, "StatusCallback": CALLBACK, "MessagingServiceSid": "MG5f0c", "Body": "hello"}
    with Simulator(POOL) as provider:
        assert sent_by(provider) == Sent(("SM00000000000000000000000000000001",), Status.ACCEPTED)


def test_an_api_key_is_used_instead_of_the_token():
    with Simulator(KEYED) as provider:
        sent_by(provider)
        (request,) = provider.requests
    assert request.headers["authorization"] == "Basic U0s3NzprZXktbm9ib2R5X3NoYWxsX3NlZS0wMDAwMDAwMDAwMg=="


def test_nothing_of_this_machine_is_told():
    with Simulator(SETTINGS) as provider:
        sent_by(provider)
        (request,) = provider.requests
    volatile = {"host", "content-length", "accept-encoding"}
    assert request.headers.keys() - volatile == {"accept", "authorization", "content-type", "user-agent"}
    assert request.headers["user-agent"] == "onethread"


def test_what_is_configured_goes_along():
    fields = on_the_wire(validity_seconds=600, smart_encoded=True)
    assert fields == [
        ("To", MINA),
        ("StatusCallback", CALLBACK),
        ("ValidityPeriod", "600"),
        ("SmartEncoded", "true"),
        ("From", NUMBER),
        ("Body", "hello"),
    ]


def test_retries_of_reports_can_be_left_to_twilio():
    assert dict(on_the_wire(webhook_retries=0))["StatusCallback"] == f"{HOOK}?token=0199-aa51.1"


def test_a_token_is_quoted_in_its_address():
    told = dict(on_the_wire(text(token="a b&c=d#e")))["StatusCallback"]
    assert told == f"{HOOK}?token=a+b%26c%3Dd%23e#rc=5&rp=all"


def test_a_hub_without_an_address_asks_for_no_reports():
    with Simulator(SETTINGS) as provider:

        async def send(sender):
            nowhere = plugin(provider.settings(), sender.tools.http, webhook_url="")
            await nowhere.send(text())

        during(provider, send)
        (request,) = provider.requests
    assert "StatusCallback" not in dict(parse_qsl(request.body.decode()))


@pytest.mark.parametrize("words", ["Größe 尺寸 👟", "a&b=c+d%20", "  lines\nand spaces  ", "\0", "x" * 1600])
def test_text_arrives_as_it_was_written(words):
    assert dict(on_the_wire(text(words)))["Body"] == words


def test_pictures_go_as_addresses_in_their_order():
    files = [picture("one", url="https://x.example/1?a=b&c"), picture("two", "image/webp", url="https://x.example/2")]
    fields = on_the_wire(pictures(*files, words="look"))
    assert [value for name, value in fields if name == "MediaUrl"] == [
        "https://x.example/1?a=b&c",
        "https://x.example/2",
    ]
    assert dict(fields)["Body"] == "look"
    assert "Body" not in dict(on_the_wire(pictures(files[0])))


# --- what does not leave ----------------------------------------------------------------------------------------------

LINK = LinkAction(label="x", url="https://x.example")
BARRED = [
    (text(""), Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (text(payload=Payload(location=LocationPart(latitude=1, longitude=2))), Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (text(payload=Payload(contact_card=ContactCardPart(name="x"))), Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (text(payload=Payload(text="x", actions=(LINK,))), Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (pictures(*[picture(str(n)) for n in range(11)]), Refused, ErrorCode.MEDIA_UNSUPPORTED),
    (pictures(picture("a", url=None)), Refused, ErrorCode.MEDIA_UNREACHABLE),
    (replace(pictures(picture("a")), files={}), Refused, ErrorCode.MEDIA_UNREACHABLE),
    (pictures(picture("a", size=5_000_001)), Refused, ErrorCode.MEDIA_TOO_LARGE),
    (pictures(picture("a", "image/webp", size=500_001)), Refused, ErrorCode.MEDIA_TOO_LARGE),
    (text(address=to("whatsapp:+447700900222")), Unreachable, ErrorCode.INVALID_ADDRESS),
    (text(address=to("")), Unreachable, ErrorCode.INVALID_ADDRESS),
    (text(address=to("+44 7700 900222")), Unreachable, ErrorCode.INVALID_ADDRESS),
]


@pytest.mark.parametrize(("outbound", "kind", "code"), BARRED)
def test_what_a_text_message_cannot_be_is_refused_before_it_leaves(outbound, kind, code):
    with Simulator(SETTINGS) as provider, pytest.raises(KitError) as error:
        sent_by(provider, outbound)
    assert (type(error.value), error.value.code, provider.requests) == (kind, code, [])


@pytest.mark.parametrize("value", ["62226", "DHL", "+15005550010"])
def test_short_codes_and_names_are_left_to_twilio(value):
    with Simulator(SETTINGS) as provider:
        if value.startswith("+"):
            sent_by(provider, text(address=to(value)))
        else:
            with pytest.raises(Unreachable) as error:
                sent_by(provider, text(address=to(value)))
            assert error.value.provider_code == "21211"
        (request,) = provider.requests
    assert dict(parse_qsl(request.body.decode()))["To"] == value


# --- what Twilio answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [status for status, ours in STATUS.items() if ours is Status.ACCEPTED])
def test_whatever_twilio_calls_taking_it_is_accepted(status):
    with Answering(Reply.json({"sid": "SM1", "status": status}, 201)) as provider:
        assert sent_by(provider) == Sent(("SM1",), Status.ACCEPTED)


def test_a_status_that_did_not_exist_is_still_a_success():
    made = {"sid": "SM1", "status": "dreamt", "date_sent": "not a date", "price": {}, "hologram": [1]}
    with Answering(Reply.json(made, 201)) as provider:
        assert sent_by(provider) == Sent(("SM1",), Status.ACCEPTED)


def test_a_message_that_failed_at_once_is_refused_with_its_reason():
    error = refused(Reply.json({"sid": "SM1", "status": "failed", "error_code": 30007}, 201))
    assert (type(error), error.code, error.provider_code) == (Refused, ErrorCode.POLICY_REJECTED, "30007")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"sid":1}', b"\xff", b"<html>", b"[" * 100_000])
def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(body):
    assert type(refused(Reply(201, body, {"content-type": "application/json"}))) is OutcomeUnknown


@pytest.mark.parametrize("status", [202, 204, 301, 302, 307, 500, 502, 503, 504, 520])
def test_what_is_neither_success_nor_refusal_leaves_the_outcome_unknown(status):
    error = refused(Reply(status, b"", {"location": "https://elsewhere.example/"}))
    assert (type(error), error.code, error.provider_code) == (OutcomeUnknown, ErrorCode.PROVIDER_DOWN, str(status))


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_name(code):
    row = CODES[code]
    status = WORDS.get(code, (400, ""))[0]
    error = refused(Reply.json({"code": code, "message": "so", "status": status}, status))
    assert (type(error), error.code, error.detail, error.provider_code) == (row.error, row.code, "so", str(code))


NAMES = [
    (21610, OptedOut, ErrorCode.OPTED_OUT),
    (21211, Unreachable, ErrorCode.INVALID_ADDRESS),
    (21614, Unreachable, ErrorCode.INVALID_ADDRESS),
    (21612, Unreachable, ErrorCode.UNREACHABLE),
    (21408, Unreachable, ErrorCode.MISCONFIGURED),
    (20003, Misconfigured, ErrorCode.AUTH_FAILED),
    (20404, Misconfigured, ErrorCode.MISCONFIGURED),
    (21606, Misconfigured, ErrorCode.MISCONFIGURED),
    (21703, Misconfigured, ErrorCode.MISCONFIGURED),
    (21609, Misconfigured, ErrorCode.MISCONFIGURED),
    (21617, Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (21620, Refused, ErrorCode.MEDIA_UNREACHABLE),
    (21623, Refused, ErrorCode.MEDIA_UNSUPPORTED),
    (20429, Temporary, ErrorCode.RATE_LIMITED),
    (14107, Temporary, ErrorCode.RATE_LIMITED),
    (21611, Temporary, ErrorCode.RATE_LIMITED),
    (20500, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    (20503, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
]


@pytest.mark.parametrize(("code", "kind", "ours"), NAMES)
def test_the_simulator_says_it_as_twilio_does(code, kind, ours):
    with Simulator(SETTINGS) as provider:
        provider.refuse(code)
        with pytest.raises(KitError) as error:
            sent_by(provider)
        assert sent_by(provider).external_ids == ("SM00000000000000000000000000000001",)
    assert (type(error.value), error.value.code, error.value.provider_code) == (kind, ours, str(code))


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, Refused, ErrorCode.UNKNOWN),
        (401, Misconfigured, ErrorCode.AUTH_FAILED),
        (403, Misconfigured, ErrorCode.AUTH_FAILED),
        (404, Misconfigured, ErrorCode.MISCONFIGURED),
        (413, Refused, ErrorCode.UNKNOWN),
        (429, Temporary, ErrorCode.RATE_LIMITED),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b'{"code":"x"}', b'{"code":77777,"message":null}'])
def test_what_has_no_code_we_know_speaks_by_its_status(status, kind, code, body):
    error = refused(Reply(status, body))
    assert (type(error), error.code) == (kind, code)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (failure(20429, retry_after="17"), 17.0),
        (failure(20429, retry_after="0"), 1.0),
        (failure(20429), 1.0),
        (failure(20429, retry_after="Fri, 21 Nov 2026 10:00:00 GMT"), 1.0),
        (failure(20429, retry_after="-5"), 1.0),
        (failure(21611), 60.0),
        (failure(21611, retry_after="5"), 5.0),
        (Reply(429, b"", {"retry-after": "9"}), 9.0),
        (Reply.json({"code": 21211}, 429, retry_after="9"), 9.0),
    ],
)
def test_too_many_requests_say_how_long_to_wait(reply, seconds):
    error = refused(reply)
    assert isinstance(error, Temporary)
    assert (error.retry_after, error.code) == (seconds, ErrorCode.RATE_LIMITED)


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (Failure.RESET, OutcomeUnknown),
        (Failure.LOST_ANSWER, OutcomeUnknown),
        (Failure.HANG, OutcomeUnknown),
        (Failure.SERVER_ERROR, OutcomeUnknown),
    ],
)
def test_after_it_left_the_outcome_is_unknown_and_nothing_is_repeated(what, kind):
    with Simulator(SETTINGS) as provider:
        provider.next(what)
        with pytest.raises(kind):
            sent_by(provider, send_seconds=0.3)
        assert len(provider.requests) == 1


def test_nobody_listening_is_temporary():
    with Simulator(SETTINGS) as provider:
        gone = provider.settings()
    with pytest.raises(Temporary) as error:
        during(provider, lambda sender: sender.send(text()), **gone)
    assert error.value.retry_after is None


def test_errors_hold_on_to_nothing_of_the_library():
    error = refused(failure(21211))
    assert (error.__cause__, error.__context__) == (None, None)
    error = refused(Reply(201, b"{"))
    assert (error.__cause__, error.__suppress_context__) == (None, True)


# --- the simulator refuses what Twilio refuses ------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), RECIPIENTS.items())
def test_twilios_test_recipients_are_refused_as_there(number, code):
    with Simulator(SETTINGS) as provider, pytest.raises(KitError) as error:
        sent_by(provider, text(address=to(number)))
    assert error.value.provider_code == str(code)


@pytest.mark.parametrize(("number", "code"), SENDERS.items())
def test_twilios_test_senders_are_refused_as_there(number, code):
    with Simulator({**SETTINGS, "sender": number}) as provider, pytest.raises(KitError) as error:
        sent_by(provider)
    assert error.value.provider_code == str(code)


def test_who_wrote_stop_is_not_written_to_until_they_write_start():
    with Simulator(SETTINGS) as provider:
        provider.message("STOP", MINA)
        with pytest.raises(OptedOut):
            sent_by(provider)
        provider.message("START", MINA)
        assert sent_by(provider).status is Status.ACCEPTED


def test_wrong_credentials_and_foreign_senders_are_misconfigured():
    with Simulator(SETTINGS) as provider:
        for settings in ({"auth_token": "wrong-token-altogether"}, {"sender": "+15005550006"}, {"account_sid": "AC0"}):
            with pytest.raises(Misconfigured):
                sent_by(provider, **settings)


# --- what is promised -------------------------------------------------------------------------------------------------


def test_what_is_rendered_within_the_limits_is_taken():
    long = render("wörter 👟 " * 800, (), (), plugin().info.capability, False, {})
    assert len(long.payloads) > 4
    with Simulator(SETTINGS) as provider:

        async def send(sender):
            for payload in long.payloads:
                await sender.send(text(payload=payload))

        during(provider, send)
        assert len(provider.account.messages) == len(long.payloads)
    with Simulator(SETTINGS) as provider, pytest.raises(Refused):
        sent_by(provider, text("👟" * 801))


def test_files_that_are_no_pictures_go_as_links_and_so_do_all_without_mms():
    part = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png", name="box.png", size=10)
    sound = MediaPart(attachment_id="a2", kind=MediaKind.AUDIO, media_type="audio/mpeg", name="call.mp3", size=10)
    links = {"a1": "https://x.example/1", "a2": "https://x.example/2"}
    with_mms = render("see", (part, sound), (), plugin().info.capability, False, links)
    assert with_mms.payloads == (Payload(text="see\ncall.mp3: https://x.example/2", media=(part,)),)
    without = render("see", (part,), (), plugin({**SETTINGS, "mms": False}).info.capability, False, links)
    assert without.payloads == (Payload(text="see\nbox.png: https://x.example/1"),)
    assert [loss.became for loss in without.losses] == ["link"]
    assert plugin().info.capability.media is not None


@pytest.mark.parametrize(
    ("media_type", "size", "carried"),
    [
        ("image/jpeg", 5_000_000, True),
        ("image/jpeg", 5_000_001, False),
        ("image/webp", 500_000, True),
        ("image/webp", 500_001, False),
    ],
)
def test_a_picture_that_is_too_large_for_its_type_goes_as_a_link(media_type, size, carried):
    part = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type=media_type, name="box", size=size)
    rendered = render("see", (part,), (), plugin().info.capability, False, {"a1": "https://x.example/1"})
    as_link = Payload(text="see\nbox: https://x.example/1")
    assert rendered.payloads == (Payload(text="see", media=(part,)) if carried else as_link,)
    assert [loss.became for loss in rendered.losses] == ([] if carried else ["link"])


def test_the_sdk_is_loaded_by_who_sends_and_nobody_else():
    script = (
        "import sys\n"
        "from connectors.kit.registry import describe\n"
        "describe('twilio_sms')\n"
        "from twilio_sms_sender import *\n"
        "sender, provider = plugin(), Simulator(SETTINGS)\n"
        "wire = request(provider.genuine(provider.message('hi')))\n"
        "sender.verify(wire); sender.parse(wire)\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] == 'twilio']\n"
        "sender.sender\n"
        "assert 'twilio.rest' in sys.modules\n"
    )
    folder = __file__.rpartition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env={"PYTHONPATH": f"{folder}:."}, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_many_leave_at_once():
    with Simulator(SETTINGS) as provider:

        async def send(sender):
            return await asyncio.gather(*(sender.send(text(token=f"t.{n}")) for n in range(100)))

        sent = during(provider, send)
        assert len({one.external_ids for one in sent}) == len(provider.account.messages) == 100
