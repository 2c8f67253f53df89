"""Who is let in, by each of the three ways an account may be called, and what is answered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from wechat_account import APP_ID, MEI, SETTINGS, plugin

from connectors.channels.wechat.reading import read
from connectors.channels.wechat.simulator import Simulator
from connectors.kit.base import Outcome
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.fixtures import as_request
from connectors.kit.request import Request
from connectors.kit.testing.simulator import WireRequest
from normalizer.inbound import MessageReceived
from tests.channels.beside import HOOK

MODES = ("plain", "compatible", "safe")


def provider(**settings: object) -> Simulator:
    return Simulator({**SETTINGS, **settings}, HOOK)


def came(wire: WireRequest, **later: float) -> Request:
    return as_request(wire, HOOK, datetime.now(UTC) + timedelta(**later))


@pytest.mark.parametrize("mode", MODES)
def test_what_is_said_is_read_in_every_mode(mode):
    simulator, ours = provider(encryption=mode), plugin(encryption=mode)
    request = came(simulator.genuine(simulator.message("你好", MEI)))
    ours.verify(request)
    (item,) = ours.parse(request)
    assert isinstance(item, MessageReceived)
    assert (item.text, item.peer.person.address.value) == ("你好", MEI)


@pytest.mark.parametrize(
    ("theirs", "ours", "refused"),
    [
        ("plain", "safe", True),
        ("plain", "compatible", False),
        ("compatible", "safe", False),
        ("safe", "compatible", False),
        ("safe", "plain", False),  # it is opened by the key, where there is one
    ],
)
def test_while_the_mode_changes_compatible_takes_both_and_safe_only_what_is_encrypted(theirs, ours, refused):
    simulator, account = provider(encryption=theirs), plugin(encryption=ours)
    request = came(simulator.genuine(simulator.message("hello", MEI)))
    if refused:
        with pytest.raises(BadSignature, match="not encrypted"):
            account.verify(request)
        return
    account.verify(request)
    assert [item.text for item in account.parse(request) if isinstance(item, MessageReceived)] == ["hello"]


def test_in_compatible_mode_only_what_is_encrypted_counts():
    simulator, account = provider(encryption="compatible"), plugin(encryption="compatible")
    wire = simulator.genuine(simulator.message("as it was", MEI))
    forged = replace(wire, body=wire.body.replace(b"as it was", b"as forged"))
    assert forged != wire
    (item,) = account.parse(came(forged))
    assert isinstance(item, MessageReceived)
    assert item.text == "as it was"


def test_a_message_for_another_account_is_refused():
    simulator = provider()
    wire = simulator.genuine(simulator.message("hello", MEI), app_id="wx0000000000000000")
    with pytest.raises(BadSignature, match="another account"):
        plugin().verify(came(wire))


def test_what_our_key_does_not_open_is_set_aside_rather_than_refused():
    simulator = provider(aes_key="A" * 43)
    request = came(simulator.genuine(simulator.message("hello", MEI)))
    plugin().verify(request)
    with pytest.raises(BadPayload, match="another key"):
        plugin().parse(request)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_call_is_refused(seconds):
    simulator = provider()
    wire = simulator.genuine(simulator.message("hello", MEI))
    plugin().verify(came(wire, seconds=seconds / 2))
    with pytest.raises(BadSignature, match="too long ago"):
        plugin().verify(came(wire, seconds=seconds))


def test_who_presents_nothing_is_told_apart():
    with pytest.raises(BadSignature) as raised:
        plugin().verify(came(WireRequest("POST", "/in/support", {}, b"<xml/>")))
    assert raised.value.missing


@pytest.mark.parametrize("mode", MODES)
def test_the_address_is_set(mode):
    request = came(provider().greeting("6011230012"))
    ours = plugin(encryption=mode)
    ours.verify(request)
    assert ours.parse(request) == []
    answer = ours.respond(request, Outcome.RECORDED)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (
        200,
        b"6011230012",
        "text/plain; charset=utf-8",
    )


def test_a_message_is_answered_with_a_word():
    simulator = provider()
    for kind in (simulator.message("hello", MEI), simulator.event("unsubscribe", MEI)):
        answer = plugin(welcome="Welcome!").respond(came(simulator.genuine(kind)), Outcome.RECORDED)
        assert (answer.status, answer.body) == (200, b"success")
    answer = plugin().respond(came(simulator.genuine(simulator.event("subscribe", MEI))), Outcome.RECORDED)
    assert answer.body == b"success"


def test_who_subscribes_is_welcomed_in_plain_where_all_is_plain():
    simulator = provider(encryption="plain")
    request = came(simulator.genuine(simulator.event("subscribe", MEI)))
    answer = plugin(encryption="plain", aes_key=None, welcome="Hi ]]> there").respond(request, Outcome.RECORDED)
    told = read(answer.body)
    assert told.pop("CreateTime") == str(int(request.received_at.timestamp()))
    assert told == {"ToUserName": MEI, "FromUserName": "gh_7f1c0a9d2b3e", "MsgType": "text", "Content": "Hi ]]> there"}


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_where_there_is_a_key_a_welcome_is_never_sent_without(mode):
    simulator = provider(encryption=mode)
    request = came(simulator.genuine(simulator.event("subscribe", MEI)))
    account = plugin(encryption=mode, welcome="Welcome!")
    first = account.respond(request, Outcome.RECORDED)
    assert b"Welcome!" not in first.body
    assert set(read(first.body)) == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
    assert (
        account.respond(request, Outcome.DUPLICATE) == first
    )  # nobody heard the first one, or it would not come again
    assert account.respond(request, Outcome.OVERLOADED).status == 503
    assert APP_ID.encode() not in first.body
