"""What VK answers, and what the hub is told; and what is asked of it besides sending."""

from pathlib import Path
from urllib.parse import parse_qs

import pytest
from vk_community import HELLO, OLGA, SECRET, SETTINGS, TOKEN, answering, during

from connectors.channels.vk import EVENTS
from connectors.channels.vk.simulator import Simulator
from connectors.channels.vk.wire import random_id
from connectors.kit.base import Account, File, Outbound, Registration, Sent
from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import CallAction, ContactCardPart, MediaKind, MediaPart, PostbackAction, ReplyAction
from normalizer.payload import Payload
from tests.channels.beside import HOOK

TABLE = [
    (6, Temporary, ErrorCode.RATE_LIMITED),
    (9, Temporary, ErrorCode.RATE_LIMITED),
    (29, Temporary, ErrorCode.RATE_LIMITED),
    (43, Temporary, ErrorCode.PROVIDER_DOWN),
    (1, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    (10, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    (5, Misconfigured, ErrorCode.AUTH_FAILED),
    (27, Misconfigured, ErrorCode.AUTH_FAILED),
    (14, Misconfigured, ErrorCode.MISCONFIGURED),
    (15, Misconfigured, ErrorCode.MISCONFIGURED),
    (912, Misconfigured, ErrorCode.MISCONFIGURED),
    (7, Refused, ErrorCode.POLICY_REJECTED),
    (18, Unreachable, ErrorCode.UNREACHABLE),
    (936, Unreachable, ErrorCode.INVALID_ADDRESS),
    (945, Unreachable, ErrorCode.UNREACHABLE),
    (900, OptedOut, ErrorCode.OPTED_OUT),
    (901, OptedOut, ErrorCode.OPTED_OUT),
    (902, OptedOut, ErrorCode.OPTED_OUT),
    (950, Refused, ErrorCode.WINDOW_CLOSED),
    (100, Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (911, Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (914, Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (77777, Refused, ErrorCode.UNKNOWN),
]


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def methods(provider):
    return [request.path.removeprefix("/method/") for request in provider.requests]


def fields(request):
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(("number", "error", "code"), TABLE)
def test_each_error_leads_to_its_next_act_whether_of_the_call_or_of_the_one_it_was_for(number, error, code, alone):
    whole = {"error": {"error_code": number, "error_msg": "words", "request_params": []}}
    one = {"peer_id": 12345, "message_id": 0, "conversation_message_id": 0}
    of_one = {"response": [{**one, "error": {"code": number, "description": "words"}}]}
    with answering(Reply.json(of_one if alone else whole)) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (code, str(number), "words")


@pytest.mark.parametrize(("number", "seconds"), [(6, 1.0), (9, 60.0), (29, 3600.0), (43, 60.0)])
def test_a_limit_is_waited_for(number, seconds):
    with (
        answering(Reply.json({"error": {"error_code": number}})) as provider,
        pytest.raises(Temporary) as raised,
    ):
        during(provider, lambda plugin: plugin.send(HELLO))
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(502), OutcomeUnknown),
        (Reply(302), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply.json({}), OutcomeUnknown),
        (Reply.json({"response": []}), OutcomeUnknown),
        (Reply.json({"response": [{"peer_id": 12345}]}), OutcomeUnknown),  # it left, and nobody knows its name
        (Reply(401), Misconfigured),
        (Reply(429), Temporary),
        (Reply(404), Refused),
    ],
)
def test_what_is_no_answer_of_vks_is_judged_by_what_it_may_have_done(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


def test_a_message_sent_again_is_the_same_one(provider):
    provider.next(Failure.LOST_ANSWER)

    async def twice(plugin):
        with pytest.raises(OutcomeUnknown):
            await plugin.send(HELLO)
        return await plugin.send(HELLO)

    assert during(provider, twice) == Sent((f"{OLGA}:1",))
    assert len(provider.sent) == 1


def test_two_messages_are_two():
    numbers = [random_id(f"0198-{n}.1") for n in range(2000)]
    assert len(set(numbers)) == 2000
    assert len({number & 0xFFFFFFFF for number in numbers}) == 2000
    assert all(0 < number < 2**53 and number & 0xFFFFFFFF for number in numbers)
    assert random_id("1.1") == random_id("1.1")


def holding(*files: File, kind: MediaKind = MediaKind.IMAGE) -> Outbound:
    part = MediaPart(attachment_id="a1", kind=kind, media_type="image/jpeg")
    held = {one.attachment_id: one for one in files}
    return Outbound(token="1.1", address=HELLO.address, payload=Payload(media=(part,)), files=held)


def saying(**payload: object) -> Outbound:
    return Outbound(token="1.1", address=HELLO.address, payload=Payload(**payload))


def file(size: int = 6, media_type: str = "image/jpeg", path: Path = Path("/nowhere")) -> File:
    return File("a1", path, media_type, "box.jpg", size)


BUTTONS = tuple(ReplyAction(label=str(n)) for n in range(7))


@pytest.mark.parametrize(
    ("outbound", "code"),
    [
        (holding(), ErrorCode.MEDIA_UNREACHABLE),
        (holding(file(50_000_001)), ErrorCode.MEDIA_TOO_LARGE),
        (holding(file(200_000_001), kind=MediaKind.FILE), ErrorCode.MEDIA_TOO_LARGE),
        (saying(), ErrorCode.CONTENT_UNSUPPORTED),
        (saying(text="x", contact_card=ContactCardPart(name="Ada")), ErrorCode.CONTENT_UNSUPPORTED),
        (saying(text="x", actions=BUTTONS), ErrorCode.CONTENT_UNSUPPORTED),
        (saying(text="x", actions=(CallAction(label="Call", number="+1"),)), ErrorCode.CONTENT_UNSUPPORTED),
        (saying(text="x", actions=(PostbackAction(label="x", value="v" * 256),)), ErrorCode.CONTENT_UNSUPPORTED),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, outbound, code):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (code, [])


def test_who_is_no_number_is_nobody(provider):
    nobody = Outbound(token="1.1", address=Address(scheme="vk", value="id1,2"), payload=Payload(text="x"))
    with pytest.raises(Unreachable):
        during(provider, lambda plugin: plugin.send(nobody))
    assert provider.requests == []


def test_a_file_that_is_gone_or_not_taken_sends_nothing(provider, tmp_path):
    with pytest.raises(Refused, match="cannot be read"):
        during(provider, lambda plugin: plugin.send(holding(file(path=tmp_path / "gone"))))
    path = tmp_path / "a1"
    path.write_bytes(b"octets")

    class Picky(Simulator):
        async def answer(self, request):
            picky = request.path.startswith("/upload/")
            return Reply.json({"error": "ERR_UPLOAD_BAD_IMAGE_SIZE"}) if picky else await super().answer(request)

    with Picky(SETTINGS) as picky, pytest.raises(Refused) as raised:
        during(picky, lambda plugin: plugin.send(holding(file(path=path))))
    assert raised.value.code == ErrorCode.MEDIA_UNSUPPORTED
    assert picky.sent == {}
    assert provider.sent == {}


async def octets(plugin, source: str) -> bytes:
    return b"".join([chunk async for chunk in (await plugin.fetch(source)).chunks])


def test_a_file_is_fetched_without_the_token(provider):
    provider.files["/held/1.jpg"] = b"octets"
    assert during(provider, lambda plugin: octets(plugin, f"{provider.url}/held/1.jpg")) == b"octets"
    (request,) = provider.requests
    assert TOKEN not in repr(request)


@pytest.mark.parametrize(("status", "error"), [(404, Refused), (410, Refused), (500, Temporary)])
def test_a_file_that_cannot_be_had_says_why(status, error):
    with answering(Reply(status)) as provider, pytest.raises(error):
        during(provider, lambda plugin: octets(plugin, f"{provider.url}/held/1.jpg"))


def test_the_community_is_checked(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="Onethread", details={"id": "777", "screen_name": "onethread"}
    )
    with pytest.raises(Misconfigured, match="group_id"):
        during(provider, lambda plugin: plugin.check(), settings={"group_id": 778})


def test_the_webhook_is_set_shown_and_removed(provider):
    provider.servers[9] = {"id": 9, "url": "https://else.example.com", "status": "ok", "secret_key": "of-somebody-else"}
    exchanges: list[Exchange] = []
    asked = Registration(url=HOOK, details={"server_id": 2})
    assert during(provider, lambda plugin: plugin.registration()) == Registration(url=None)
    assert during(provider, lambda plugin: plugin.register(HOOK), log=exchanges.append) == asked
    assert provider.servers[2]["secret_key"] == SECRET
    assert set(provider.servers[2]["events"]) == set(EVENTS)
    assert during(provider, lambda plugin: plugin.register(HOOK)) == asked  # the same server, not one more
    assert during(provider, lambda plugin: plugin.unregister()) == Registration(url=None)
    assert list(provider.servers) == [9]
    for secret in (SECRET, TOKEN, "of-somebody-else"):
        assert secret not in repr(exchanges)


def test_a_server_that_does_not_answer_shows(provider):
    provider.servers[1] = {"id": 1, "url": HOOK, "status": "failed", "secret_key": ""}
    found = during(provider, lambda plugin: plugin.registration())
    assert found == Registration(url=HOOK, last_error="the server is failed", details={"server_id": 1})


def test_a_confirmation_that_vk_does_not_expect_is_named_before_anything_is_set(provider):
    with pytest.raises(Misconfigured, match="VK wants to hear 7f1c0a9d"):
        during(provider, lambda plugin: plugin.register(HOOK), settings={"confirmation": "old1"})
    assert methods(provider) == ["groups.getCallbackConfirmationCode"]
