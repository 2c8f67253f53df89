"""What Freshchat answers, and what the hub is told; settings, and keys."""

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from freshchat_account import AGENT, BEGINNING, HELLO, SETTINGS, TOPIC, answering, during

from connectors.channels.freshchat.config import Config
from connectors.channels.freshchat.signature import key_of
from connectors.channels.freshchat.simulator import Simulator, pair, public
from connectors.kit.base import Account, File, Outbound
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (Reply(400), Refused, ErrorCode.UNKNOWN),
        (Reply(401), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply(429), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(302), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(502), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code) == (code, str(reply.status))


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"id": 7}'])
def test_a_message_that_was_taken_without_a_name_has_ours(body):
    with answering(Reply(202, body)) as provider:
        assert during(provider, lambda plugin: plugin.send(HELLO)).external_ids == ("1.1",)


def test_a_conversation_begins_in_the_channel_that_is_set(provider):
    during(provider, lambda plugin: plugin.send(BEGINNING), channel_id=TOPIC)
    (request,) = provider.requests
    told = msgspec.json.decode(request.body)
    assert (request.path, told["channel_id"], told["users"]) == (
        "/v2/conversations",
        TOPIC,
        [{"id": BEGINNING.address.value}],
    )


def test_without_a_channel_none_begins(provider):
    with pytest.raises(Misconfigured, match="channel_id"):
        during(provider, lambda plugin: plugin.send(BEGINNING))
    assert provider.requests == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (Payload(location=LocationPart(latitude=1, longitude=2)), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(), ErrorCode.CONTENT_UNSUPPORTED),
        (
            Payload(media=(MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png"),)),
            ErrorCode.MEDIA_UNREACHABLE,
        ),
    ],
)
def test_what_a_message_cannot_hold_is_refused(provider, tmp_path, payload, code):
    file = File("a1", tmp_path / "a1", "image/png", "a.png", 3, url=None)
    outbound = Outbound(token="1.3", address=HELLO.address, payload=payload, thread=HELLO.thread, files={"a1": file})
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (code, [])


def test_a_thread_is_quoted_in_the_address(provider):
    outbound = Outbound(
        token="1", address=Address(scheme="freshchat", value="u"), payload=HELLO.payload, thread="../x?"
    )
    during(provider, lambda plugin: plugin.send(outbound))
    assert provider.requests[0].path == "/v2/conversations/..%2Fx%3F/messages"


def test_the_check_says_who_speaks(provider):
    account = during(provider, lambda plugin: plugin.check())
    assert account == Account(name="Ada Byron", details={"agent": AGENT})


@pytest.mark.parametrize(
    ("reply", "error"),
    [(Reply(404), Misconfigured), (Reply(403), Misconfigured), (Reply(500), Temporary), (Reply(200, b"["), Temporary)],
)
def test_what_the_check_may_meet(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.check())


def written(key):
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def test_a_key_is_read_with_and_without_its_frame():
    bare = written(pair().public_key())
    lines = "\n".join(bare[at : at + 64] for at in range(0, len(bare), 64))
    forms = (public(pair()), bare, f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n")
    assert {key_of(form).public_numbers() for form in forms} == {pair().public_key().public_numbers()}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "api_key": ""}, "api_key"),
        ({**SETTINGS, "api_key": "one\ntwo"}, "api_key"),
        ({**SETTINGS, "public_key": "no key"}, "public_key: not a public key"),
        ({**SETTINGS, "public_key": "A" * 9000}, "public_key: too long"),
        ({**SETTINGS, "public_key": written(RSAPublicNumbers(65537, (1 << 1023) + 1).public_key())}, "at least 2048"),
        ({**SETTINGS, "public_key": written(Ed25519PrivateKey.generate().public_key())}, "not an RSA key"),
        ({**SETTINGS, "agent_id": ""}, "agent_id"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert SETTINGS["api_key"] not in str(error.value)
