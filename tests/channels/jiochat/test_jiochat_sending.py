"""What JioChat answers, and what the hub is told; tokens, files, and the check."""

import msgspec
import pytest
from jiochat_account import HELLO, SECRET, SETTINGS, answering, during

from connectors.channels.jiochat.simulator import Simulator
from connectors.kit.base import Account, Outbound
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.parts import LocationPart
from normalizer.payload import Payload

TOKEN = "/auth/token.action"
SEND = "/custom/custom_send.action"


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


def paths(provider):
    return [request.path.partition("?")[0] for request in provider.requests]


async def all_of(plugin, source):
    fetched = await plugin.fetch(source)
    return fetched.media_type, b"".join([chunk async for chunk in fetched.chunks])


@pytest.mark.parametrize(
    ("failure", "error", "code"),
    [
        (Failure.REFUSED, Refused, ErrorCode.UNKNOWN),
        (Failure.UNAUTHORIZED, Misconfigured, ErrorCode.AUTH_FAILED),
        (Failure.RATE_LIMITED, Temporary, ErrorCode.RATE_LIMITED),
        (Failure.SERVER_ERROR, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_answer_leads_to_its_next_act(provider, failure, error, code):
    provider.next(failure)
    with pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, paths(provider)) == (code, [TOKEN, SEND])


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_is_one(status):
    class Other(Simulator):
        def _taken(self, request):  # noqa: ARG002 - whatever it is
            return Reply(status, b"whatever")

    with Other(SETTINGS) as provider:
        assert during(provider, lambda plugin: plugin.send(HELLO)).external_ids == ("1.1",)


def test_one_token_serves_many_messages(provider):
    async def twice(plugin):
        await plugin.send(HELLO)
        await plugin.send(HELLO)

    during(provider, twice)
    assert paths(provider) == [TOKEN, SEND, SEND]


def test_a_token_that_lapsed_is_renewed_once(provider):
    async def twice(plugin):
        await plugin.send(HELLO)
        provider.expire()
        await plugin.send(HELLO)

    during(provider, twice)
    assert paths(provider) == [TOKEN, SEND, SEND, TOKEN, SEND]
    assert len(provider.sent) == 2


def test_who_refuses_every_token_pauses_the_lane():
    class Strict(Simulator):
        def _taken(self, request):  # noqa: ARG002 - whatever it is
            return Reply(401)

    with Strict(SETTINGS) as provider:
        with pytest.raises(Misconfigured) as raised:
            during(provider, lambda plugin: plugin.send(HELLO))
        assert (raised.value.code, paths(provider)) == (ErrorCode.AUTH_FAILED, [TOKEN, SEND, TOKEN, SEND])


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401), Misconfigured),
        (Reply(500), Temporary),
        (Reply(200, b"["), Temporary),
        (Reply(200, b'{"access_token": ""}'), Temporary),
        (Reply(200, b'{"access_token": "a\\nb: c"}'), Temporary),
    ],
)
def test_without_a_token_nothing_is_sent(reply, error):
    with answering(reply) as provider:
        with pytest.raises(error) as raised:
            during(provider, lambda plugin: plugin.send(HELLO))
        assert paths(provider) == [TOKEN]
        assert SECRET not in str(raised.value)


@pytest.mark.parametrize("payload", [Payload(), Payload(text="here", location=LocationPart(latitude=1, longitude=2))])
def test_what_a_message_cannot_hold_is_refused(provider, payload):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(Outbound(token="1", address=HELLO.address, payload=payload)))
    assert (raised.value.code, provider.requests) == (ErrorCode.CONTENT_UNSUPPORTED, [])


def test_a_file_is_fetched_with_its_type_and_a_token_that_counts(provider):
    body = msgspec.json.decode(provider.held("image", "image/png", b"octets"))

    async def twice(plugin):
        await plugin.send(HELLO)
        provider.expire()
        return await all_of(plugin, body["MediaId"])

    assert during(provider, twice) == ("image/png", b"octets")
    assert paths(provider)[2:] == ["/media/download.action", TOKEN, "/media/download.action"]


def test_what_stands_in_a_files_name_is_quoted(provider):
    provider.files["a&b=/?"] = ("audio/amr", b"voice")
    assert during(provider, lambda plugin: all_of(plugin, "a&b=/?")) == ("audio/amr", b"voice")


def test_a_file_that_is_none_is_told(provider):
    with pytest.raises(Refused, match="gone"):
        during(provider, lambda plugin: all_of(plugin, "nothing"))
    provider.files["words"] = ("application/json", b"{}")
    with pytest.raises(Temporary, match="without a file"):
        during(provider, lambda plugin: all_of(plugin, "words"))


def test_a_file_is_no_longer_than_the_operator_wants(provider):
    provider.files["long"] = ("video/mp4", b"x" * 100)
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: all_of(plugin, "long"), settings={"download_octets": 99})
    assert raised.value.code is ErrorCode.MEDIA_TOO_LARGE


def test_the_check_fetches_a_token(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(name="app-1")
    assert paths(provider) == [TOKEN]
    with pytest.raises(Misconfigured):
        during(provider, lambda plugin: plugin.check(), settings={"app_secret": "another"})
