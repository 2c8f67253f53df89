"""What WeChat answers, and what the hub is told; access tokens; files in and out."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from wechat_account import APP_ID, HELLO, MEI, SECRET, SETTINGS, answering, during

from connectors.channels.wechat.simulator import Simulator, failure
from connectors.kit.base import Account, File, Outbound, Sent
from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Failure, Reply, WireRequest
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload
from tests.channels.beside import NOW

TOKEN = "/cgi-bin/stable_token"
SEND = "/cgi-bin/message/custom/send"


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


class Refusing(Simulator):
    """Gives out tokens, and answers every message so."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(SETTINGS)
        self.reply = reply

    def _send(self, _: WireRequest) -> Reply:
        return self.reply


def asked(provider):
    return [request.path.partition("?")[0] for request in provider.requests]


@pytest.mark.parametrize(
    ("number", "error", "code"),
    [
        (-1, Temporary, ErrorCode.PROVIDER_DOWN),
        (45009, Temporary, ErrorCode.RATE_LIMITED),
        (45011, Temporary, ErrorCode.RATE_LIMITED),
        (40164, Misconfigured, ErrorCode.AUTH_FAILED),
        (48001, Misconfigured, ErrorCode.MISCONFIGURED),
        (48004, Misconfigured, ErrorCode.MISCONFIGURED),
        (45015, Refused, ErrorCode.WINDOW_CLOSED),
        (45047, Refused, ErrorCode.WINDOW_CLOSED),
        (43004, OptedOut, ErrorCode.OPTED_OUT),
        (48002, OptedOut, ErrorCode.OPTED_OUT),
        (43101, Refused, ErrorCode.NOT_OPTED_IN),
        (40003, Unreachable, ErrorCode.INVALID_ADDRESS),
        (40007, Refused, ErrorCode.MEDIA_UNREACHABLE),
        (40009, Refused, ErrorCode.MEDIA_TOO_LARGE),
        (40004, Refused, ErrorCode.MEDIA_UNSUPPORTED),
        (45002, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (45166, Refused, ErrorCode.POLICY_REJECTED),
        (99999, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_errcode_leads_to_its_next_act(number, error, code):
    with (
        Refusing(Reply.json({"errcode": number, "errmsg": "words rid: 66f3"})) as provider,
        pytest.raises(error) as raised,
    ):
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code) == (code, str(number))
    assert raised.value.detail == "words rid: 66f3"
    assert asked(provider) == [TOKEN, SEND]


@pytest.mark.parametrize(("number", "seconds"), [(45011, 60), (45009, 3600)])
def test_a_quota_is_waited_for(number, seconds):
    with Refusing(Reply.json({"errcode": number})) as provider, pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(502), OutcomeUnknown),
        (Reply(302), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply(200, b'{"errcode":"?"}'), OutcomeUnknown),
        (Reply(401), Misconfigured),
        (Reply(429), Temporary),
        (Reply(404), Refused),
    ],
)
def test_what_is_no_answer_of_wechats_is_judged_by_what_it_may_have_done(reply, error):
    with Refusing(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failure(40013), Misconfigured),
        (failure(40125), Misconfigured),
        (failure(45011), Temporary),
        (failure(40001), Misconfigured),
        (Reply(502), Temporary),
        (Reply.json({"expires_in": 7200}), Temporary),
    ],
)
def test_without_a_token_nothing_has_left(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))
    assert asked(provider) == [TOKEN]


def test_a_token_is_fetched_once_and_again_before_it_ends(provider):
    times = iter([0, 0, 6899, 6900, 6900, 6901])  # each use asks the time, each fetch once more

    async def send_four(plugin):
        for _ in range(4):
            await plugin.send(HELLO)

    during(provider, send_four, clock=lambda: NOW + timedelta(seconds=next(times)))
    assert asked(provider).count(TOKEN) == 2
    assert len(provider.sent) == 4


def test_those_who_want_a_token_at_once_share_one(provider):
    async def send_at_once(plugin):
        await asyncio.gather(*(plugin.send(HELLO) for _ in range(5)))

    during(provider, send_at_once)
    assert (asked(provider).count(TOKEN), len(provider.sent)) == (1, 5)


def test_a_token_that_counts_no_longer_is_renewed_once_and_the_message_leaves(provider):
    async def send_two(plugin):
        await plugin.send(HELLO)
        provider.expire()
        return await plugin.send(HELLO)

    assert during(provider, send_two) == Sent(("1.1",))
    assert asked(provider) == [TOKEN, SEND, SEND, TOKEN, SEND]
    assert len(provider.sent) == 2


@pytest.mark.parametrize("number", [40001, 40014, 42001])
def test_a_token_refused_twice_is_for_the_operator(number):
    with (
        Refusing(Reply.json({"errcode": number})) as provider,
        pytest.raises(Misconfigured, match="app_secret") as raised,
    ):
        during(provider, lambda plugin: plugin.send(HELLO))
    assert asked(provider) == [TOKEN, SEND, TOKEN, SEND]
    assert (raised.value.code, raised.value.provider_code) == (ErrorCode.AUTH_FAILED, str(number))


def test_no_token_and_no_secret_shows_in_the_exchange_log(provider):
    exchanges: list[Exchange] = []
    during(provider, lambda plugin: plugin.send(HELLO), log=exchanges.append)
    shown = repr(exchanges)
    assert len(exchanges) == 2
    assert "ACCESS" not in shown
    assert SECRET not in shown


def test_words_leave_as_they_are_written(provider):
    hello = Outbound(token="1.2", address=HELLO.address, payload=Payload(text='您好 "Ada"'))
    during(provider, lambda plugin: plugin.send(hello))
    assert '您好 \\"Ada\\"'.encode() in provider.requests[-1].body


def test_the_account_is_checked(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name=APP_ID, details={"called_from": "2 addresses"}
    )


def test_typing_is_shown_and_may_fail_safely(provider):
    during(provider, lambda plugin: plugin.typing(Address(scheme="wechat", value=MEI), None))
    assert msgspec.json.decode(provider.requests[-1].body) == {"touser": MEI, "command": "Typing"}
    with answering(Reply(502)) as broken, pytest.raises(Temporary):
        during(broken, lambda plugin: plugin.typing(Address(scheme="wechat", value=MEI), None))


# --- files ---------------------------------------------------------------------------------------------------------


def file(tmp_path: Path, media_type: str = "image/jpeg", size: int = 6) -> File:
    path = tmp_path / "a1"
    path.write_bytes(b"octets")
    return File("a1", path, media_type, "box.jpg", size)


def holding(*files: File, **payload: object) -> Outbound:
    part = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")
    held = {one.attachment_id: one for one in files}
    return Outbound(token="1.1", address=HELLO.address, payload=Payload(media=(part,), **payload), files=held)


def test_a_picture_is_with_wechat_before_it_is_sent(provider, tmp_path):
    async def send_after_expiry(plugin):
        await plugin.send(HELLO)
        provider.expire()
        return await plugin.send(holding(file(tmp_path)))

    during(provider, send_after_expiry)
    upload = "/cgi-bin/media/upload"
    assert asked(provider) == [TOKEN, SEND, upload, TOKEN, upload, SEND]
    assert provider.sent[-1] == {"touser": MEI, "msgtype": "image", "image": {"media_id": "up-1"}}


@pytest.mark.parametrize(
    ("outbound", "code"),
    [
        (lambda _: holding(), ErrorCode.MEDIA_UNREACHABLE),
        (lambda path: holding(file(path, "application/pdf")), ErrorCode.MEDIA_UNSUPPORTED),
        (lambda path: holding(file(path, size=10_000_001)), ErrorCode.MEDIA_TOO_LARGE),
        (lambda path: holding(file(path), text="words"), ErrorCode.CONTENT_UNSUPPORTED),
        (
            lambda path: holding(file(path), location=LocationPart(latitude=1, longitude=2)),
            ErrorCode.CONTENT_UNSUPPORTED,
        ),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, tmp_path, outbound, code):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound(tmp_path)))
    assert (raised.value.code, provider.requests) == (code, [])


def test_a_stored_file_that_is_gone_is_named(provider, tmp_path):
    held = file(tmp_path)
    held.path.unlink()
    with pytest.raises(Refused, match="cannot be read"):
        during(provider, lambda plugin: plugin.send(holding(held)))
    assert provider.sent == []


def test_an_upload_that_fails_sends_nothing_and_may_be_repeated(tmp_path):
    with (
        answering(
            Reply.json({"access_token": "A", "expires_in": 7200})
        ) as provider,  # of the upload: no name of a file
        pytest.raises(Temporary),
    ):
        during(provider, lambda plugin: plugin.send(holding(file(tmp_path))))
    assert asked(provider) == [TOKEN, "/cgi-bin/media/upload"]


async def octets(plugin, source: str) -> bytes:
    return b"".join([chunk async for chunk in (await plugin.fetch(source)).chunks])


def test_files_are_fetched_and_those_of_a_video_from_elsewhere(provider):
    provider.files["m1"] = ("image/jpeg", b"octets")
    provider.files["m2"] = ("application/json", b'{"video_url":"%s/elsewhere/1"}' % provider.url.encode())
    assert during(provider, lambda plugin: octets(plugin, "m1")) == b"octets"
    assert during(provider, lambda plugin: octets(plugin, "m2")) == b"octets of a video"


def test_a_file_is_fetched_with_a_new_token_where_the_old_one_ended(provider):
    provider.files["m1"] = ("image/jpeg", b"octets")

    async def fetch(plugin):
        await plugin.check()
        provider.expire()
        return await octets(plugin, "m1")

    assert during(provider, fetch) == b"octets"


@pytest.mark.parametrize(
    ("media_type", "content", "error", "code"),
    [
        ("text/plain", failure(40007).body, Refused, ErrorCode.MEDIA_UNREACHABLE),
        ("text/plain", b"not JSON", Temporary, ErrorCode.PROVIDER_DOWN),
        ("application/json", b"{}", Temporary, ErrorCode.MEDIA_UNREACHABLE),
        ("application/json", b" " * 70_000, Temporary, ErrorCode.MEDIA_UNREACHABLE),
        ("application/json", b'{"errcode":40001}', Misconfigured, ErrorCode.AUTH_FAILED),
    ],
)
def test_words_instead_of_a_file_are_never_stored_as_one(provider, media_type, content, error, code):
    provider.files["m1"] = (media_type, content)
    with pytest.raises(error) as raised:
        during(provider, lambda plugin: octets(plugin, "m1"))
    assert raised.value.code == code


def test_the_next_message_after_a_failure_leaves(provider):
    provider.next(Failure.RATE_LIMITED)

    async def twice(plugin):
        with pytest.raises(Temporary):
            await plugin.send(HELLO)
        return await plugin.send(HELLO)

    assert during(provider, twice) == Sent(("1.1",))
