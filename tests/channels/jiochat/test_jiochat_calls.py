"""Who is let in, what is kept, what is answered, and what damaged calls become; settings."""

from datetime import UTC, datetime

import msgspec
import pytest
from jiochat_account import PATH_SECRET, SECRET, SETTINGS, plugin

from connectors.channels.jiochat.config import Config
from connectors.channels.jiochat.simulator import ASHA, Simulator
from connectors.families.handshake import signature
from connectors.kit.base import Outcome
from connectors.kit.config import configured
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.fixtures import as_request
from connectors.kit.request import Request
from connectors.kit.testing.simulator import WireRequest
from tests.channels.beside import HOOK

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
QUESTION = f"signature={signature(SECRET, '20261121100000', 'nonce')}&timestamp=20261121100000&nonce=nonce&echostr=yes"


@pytest.fixture
def provider() -> Simulator:
    return Simulator(SETTINGS, HOOK)


def came(url: str, method: str = "POST", body: bytes = b"{}") -> Request:
    return Request(method, url, {}, body, AT)


def test_the_signature_is_made_as_couriers_tests_make_it():
    # handlers/jiochat/jiochat_test.go: SHA-1 over "20260101000000", "nonce", "secret123" in their order
    assert signature("secret123", "20260101000000", "nonce") == "3be529a0965dc8fa61a2cfc40bae751f38ae94f4"


@pytest.mark.parametrize("path", ["", "/", "/rcv/msg/message", "/rcv/event/menu", "/rcv/event/follow", "?x=1"])
def test_all_below_the_secret_is_jiochats(path):
    plugin().verify(came(f"{HOOK}/{PATH_SECRET}{path}"))


@pytest.mark.parametrize(
    ("url", "missing"),
    [
        (HOOK, True),
        (f"{HOOK}/", True),
        (f"{HOOK}//{PATH_SECRET}", True),
        (f"{HOOK}?{PATH_SECRET}", True),
        (f"{HOOK}{PATH_SECRET}", True),
        (f"{HOOK}/rcv/msg/message", False),
        (f"{HOOK}/{PATH_SECRET}x/rcv/msg/message", False),
        (f"{HOOK}/x/{PATH_SECRET}", False),
        (f"https://hub.example.com/in/another/{PATH_SECRET}", False),
    ],
)
def test_another_path_is_refused(url, missing):
    with pytest.raises(BadSignature) as raised:
        plugin().verify(came(url))
    assert PATH_SECRET not in str(raised.value)
    if url.startswith(HOOK):
        assert raised.value.missing is missing


@pytest.mark.parametrize("query", ["", "?echostr=yes", f"?{QUESTION}1".replace("nonce=nonce", "nonce=other")])
def test_a_question_wants_a_signature_besides(query):
    with pytest.raises(BadSignature, match="not signed"):
        plugin().verify(came(f"{HOOK}/{PATH_SECRET}{query}", "GET", b""))


def test_the_address_is_set():
    request = came(f"{HOOK}/{PATH_SECRET}?{QUESTION}", "GET", b"")
    plugin().verify(request)
    assert plugin().parse(plugin().kept(request)) == []
    answer = plugin().respond(request, Outcome.RECORDED)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"yes", "text/plain; charset=utf-8")
    assert plugin().respond(request, Outcome.OVERLOADED).status == 503


def test_the_question_may_be_signed_with_a_word_of_its_own():
    other = Simulator({**SETTINGS, "token": "aWordOfItsOwn"}, HOOK)
    request = as_request(other.greeting("yes"), HOOK, AT)
    plugin(token="aWordOfItsOwn").verify(request)
    with pytest.raises(BadSignature, match="not signed"):
        plugin().verify(request)


@pytest.mark.parametrize("rest", ["", "/rcv/msg/message", "/rcv/event/menu?x=1", "?x=1"])
def test_what_is_kept_has_stars_for_the_secret(rest):
    assert plugin().kept(came(f"{HOOK}/{PATH_SECRET}{rest}")).url == f"{HOOK}/***{rest}"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"MsgId": None}, "without MsgId"),
        ({"MsgType": "image"}, "without MediaId"),
        ({"MsgType": "event"}, "without a name"),
        ({"MsgType": None}, "MsgType"),
        ({"FromUserName": ""}, "FromUserName"),
        ({"CreateTime": -1}, "CreateTime"),
        ({"CreateTime": 10**18}, "CreateTime"),
        ({"MsgType": "sticker", "Deep": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}, "nested too deeply"),
    ],
)
def test_what_is_no_call_of_jiochats_is_told(provider, changes, says):
    told = msgspec.json.decode(provider.message("hello")) | changes
    with pytest.raises(BadPayload, match=says):
        plugin().parse(came(f"{HOOK}/***/rcv/msg/message", body=msgspec.json.encode(told)))


def test_the_same_event_is_one_and_another_is_another(provider):
    bodies = [provider.event("unsubscribe", ASHA, CreateTime=at) for at in (7, 7, 8)]
    first, again, later = (plugin().parse(came(HOOK, body=body))[0].key for body in bodies)
    assert first == again != later


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "path_secret": "short"}, "path_secret: it is 16"),
        ({**SETTINGS, "path_secret": "with/a/slash/in/it/for/ever"}, "path_secret: it is 16"),
        ({**SETTINGS, "path_secret": "x" * 129}, "path_secret: it is 16"),
        ({**SETTINGS, "app_secret": ""}, "app_secret"),
        ({**SETTINGS, "token": ""}, "token: empty"),
        ({**SETTINGS, "app_id": ""}, "app_id"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert SECRET not in str(error.value)
    assert "slash" not in str(error.value)


def test_the_simulator_calls_where_jiochat_does(provider):
    bodies = (provider.message(), provider.event("subscribe"), provider.event("touched"))
    wires: list[WireRequest] = [provider.genuine(body) for body in bodies]
    paths = ["/rcv/msg/message", "/rcv/event/follow", "/rcv/event/menu"]
    assert [wire.path for wire in wires] == [f"/in/support/{PATH_SECRET}{path}" for path in paths]
