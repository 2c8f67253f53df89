"""wechatpy judges: what it encrypts and signs we open, and what we answer it opens; it reads messages as we do."""

from datetime import UTC, datetime

import pytest
from wechat_account import APP_ID, FIXTURES, KEY, MEI, SETTINGS, TOKEN, plugin
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature

from connectors.channels.wechat.reading import read
from connectors.channels.wechat.sealing import key_of, opened, sealed
from connectors.channels.wechat.simulator import Simulator
from connectors.families.handshake import signature
from connectors.kit.base import Outcome
from connectors.kit.fixtures import as_request, read_fixtures
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from normalizer.inbound import MessageReceived
from tests.channels.beside import HOOK

THEIRS = WeChatCrypto(TOKEN, KEY, APP_ID)
SAID = (
    f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{MEI}</FromUserName><CreateTime>1790000000</CreateTime>"
    "<MsgType>text</MsgType><Content>订单到哪了</Content><MsgId>24681357902468135</MsgId></xml>"
)


@pytest.mark.parametrize("length", [*range(96), 5000])
def test_each_opens_what_the_other_closed_however_long(length):
    words = "x" * length
    envelope = sealed(words.encode(), APP_ID, key_of(Secret(KEY)), b"s" * 16)
    signed = signature(TOKEN, "1790000000", "n", envelope)
    assert THEIRS.decrypt_message({"Encrypt": envelope}, signed, "1790000000", "n") == words
    theirs = read(THEIRS.encrypt_message(words, "n", "1790000000").encode())
    assert opened(theirs["Encrypt"], key_of(Secret(KEY))) == (words.encode(), APP_ID)
    assert theirs["MsgSignature"] == signature(TOKEN, "1790000000", "n", theirs["Encrypt"])


def test_a_call_that_wechatpy_makes_is_genuine():
    nonce, at = "486517", "1790000000"
    told = read(THEIRS.encrypt_message(SAID, nonce, at).encode())
    body = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{told['Encrypt']}]]></Encrypt></xml>"
    query = f"signature={signature(TOKEN, at, nonce)}&timestamp={at}&nonce={nonce}&msg_signature={told['MsgSignature']}"
    check_signature(TOKEN, signature(TOKEN, at, nonce), at, nonce)
    request = Request("POST", f"{HOOK}?{query}", {}, body.encode(), datetime.fromtimestamp(1790000001, UTC))
    ours = plugin()
    ours.verify(request)
    (item,) = ours.parse(request)
    assert isinstance(item, MessageReceived)
    assert item.text == "订单到哪了"


def test_the_simulators_calls_are_genuine_to_wechatpy():
    simulator = Simulator(SETTINGS, HOOK)
    request = as_request(simulator.genuine(SAID.encode()), HOOK, datetime.now(UTC))
    asked = dict(request.query)
    check_signature(TOKEN, asked["signature"], asked["timestamp"], asked["nonce"])
    opened_by_them = THEIRS.decrypt_message(request.body, asked["msg_signature"], asked["timestamp"], asked["nonce"])
    assert opened_by_them == SAID
    with pytest.raises(InvalidSignatureException):
        THEIRS.decrypt_message(request.body, asked["signature"], asked["timestamp"], asked["nonce"])


def test_wechatpy_opens_our_welcome():
    simulator = Simulator(SETTINGS, HOOK)
    request = as_request(simulator.genuine(simulator.event("subscribe", MEI)), HOOK, datetime.now(UTC))
    answer = plugin(welcome="欢迎!").respond(request, Outcome.RECORDED)
    told = read(answer.body)
    words = THEIRS.decrypt_message(answer.body, told["MsgSignature"], told["TimeStamp"], told["Nonce"])
    found = parse_message(words)
    assert (found.type, found.content, found.target) == ("text", "欢迎!", MEI)


PLAIN = [case for case in read_fixtures(FIXTURES).inbound if case.request.body and b"Encrypt" not in case.request.body]
MESSAGES = [
    case for case in PLAIN if isinstance(case.expected[0], MessageReceived) and b"[event]" not in case.request.body
]


@pytest.mark.parametrize("case", MESSAGES, ids=str)
def test_wechatpy_reads_a_message_as_we_do(case):
    theirs, (ours,) = parse_message(case.request.body), case.expected
    assert isinstance(ours, MessageReceived)
    assert str(theirs.id) == ours.external_id
    assert theirs.source == ours.peer.person.address.value
    assert theirs.time == int(ours.occurred_at.timestamp())
    assert [media.source for media in ours.media] == ([theirs.media_id] if hasattr(theirs, "media_id") else [])
    words = getattr(theirs, "content", None) or getattr(theirs, "recognition", None)
    if words:
        assert ours.text == words
