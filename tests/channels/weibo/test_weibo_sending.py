"""What Weibo answers, and what the hub is told; and what is asked of it besides sending."""

import pytest
from weibo_account import HELLO, LI, SETTINGS, TOKEN, answering, during

from connectors.channels.weibo.simulator import Simulator
from connectors.kit.base import Account, Outbound
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.parts import LocationPart, MediaKind, MediaPart, ReplyAction
from normalizer.payload import Payload


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize("status", [200, 400, 403])
@pytest.mark.parametrize(
    ("number", "error", "code"),
    [
        (10022, Temporary, ErrorCode.RATE_LIMITED),
        (10023, Temporary, ErrorCode.RATE_LIMITED),
        ("10024", Temporary, ErrorCode.RATE_LIMITED),
        (10002, Temporary, ErrorCode.PROVIDER_DOWN),
        (10001, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (10004, Misconfigured, ErrorCode.AUTH_FAILED),
        (10014, Misconfigured, ErrorCode.MISCONFIGURED),
        (21315, Misconfigured, ErrorCode.AUTH_FAILED),
        (21327, Misconfigured, ErrorCode.AUTH_FAILED),
        ("21332", Misconfigured, ErrorCode.AUTH_FAILED),
        (10013, Unreachable, ErrorCode.INVALID_ADDRESS),
        (20003, Unreachable, ErrorCode.INVALID_ADDRESS),
        (10017, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (20012, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (29999, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_error_leads_to_its_next_act_whatever_its_status(number, error, code, status):
    told = {"error": "words", "error_code": number, "request": "/2/messages/reply.json"}
    with answering(Reply.json(told, status)) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (code, str(number), "words")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(502), OutcomeUnknown),
        (Reply(302), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply.json({"result": False}), OutcomeUnknown),
        (Reply.json({"error_code": "many"}), OutcomeUnknown),
        (Reply(401), Misconfigured),
        (Reply(429), Temporary),
        (Reply(404), Refused),
    ],
)
def test_what_is_no_answer_of_weibos_is_judged_by_what_it_may_have_done(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


def test_a_limit_is_waited_for_as_long_as_the_operator_says(provider):
    provider.next(Failure.RATE_LIMITED)
    with pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO), settings={"rate_pause": 90})
    assert raised.value.retry_after == 90


def saying(**payload: object) -> Outbound:
    return Outbound(token="1.1", address=HELLO.address, payload=Payload(**payload))


PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")
PLACE = LocationPart(latitude=1, longitude=2)


@pytest.mark.parametrize(
    "outbound",
    [
        saying(),
        saying(text="x", location=PLACE),
        saying(media=(PICTURE,)),
        saying(text="x", actions=(ReplyAction(label="Yes"),)),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, outbound):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (ErrorCode.CONTENT_UNSUPPORTED, [])


def test_the_commercial_interface_is_another_address(provider):
    with pytest.raises(Refused):  # which this provider does not have
        during(provider, lambda plugin: plugin.send(HELLO), settings={"reply_path": "/2/messages/reply/biz.json"})
    assert [request.path for request in provider.requests] == ["/2/messages/reply/biz.json"]


def test_what_is_sent_shows_at_the_accounts_own_or_does_not(provider):
    during(provider, lambda plugin: plugin.send(HELLO), settings={"save_sent": False})
    assert provider.sent == [
        {"type": "text", "data": '{"text":"Hello"}', "receiver_id": LI, "save_sender_box": "0", "text": "Hello"}
    ]


async def octets(plugin, source: str) -> bytes:
    return b"".join([chunk async for chunk in (await plugin.fetch(source)).chunks])


def test_a_file_is_fetched_and_the_token_shows_nowhere(provider):
    provider.files["7"] = ("image/jpeg", b"octets")
    exchanges: list[Exchange] = []
    assert during(provider, lambda plugin: octets(plugin, "7"), log=exchanges.append) == b"octets"
    assert TOKEN not in repr(exchanges)
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: octets(plugin, "8"))
    assert raised.value.code == ErrorCode.MEDIA_UNREACHABLE


@pytest.mark.parametrize("kind", ["application/json;charset=UTF-8", "text/html"])
def test_words_instead_of_a_file_are_never_stored_as_one(provider, kind):
    provider.files["7"] = (kind, b'{"error":"expired","error_code":21327}')
    with pytest.raises(Temporary):
        during(provider, lambda plugin: octets(plugin, "7"))


def test_the_token_is_checked(provider):
    found = during(provider, lambda plugin: plugin.check())
    assert found == Account(name="1902500011", details={"token_lasts": "358 days"})
    with (
        answering(Reply.json({"uid": "77", "expire_in": 1})) as other,
        pytest.raises(Misconfigured, match="the token is of 77"),
    ):
        during(other, lambda plugin: plugin.check())
    with answering(Reply(502)) as broken, pytest.raises(Temporary):
        during(broken, lambda plugin: plugin.check())
