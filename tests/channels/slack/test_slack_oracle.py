"""Slack's own SDK judges what we sign, verify and build."""

import inspect
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl

import msgspec
import pytest
from slack_app import FIXTURES, NOW, SECRET, SETTINGS, during, plugin, request
from slack_sdk.models.blocks import Block
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.client import WebClient

from connectors.channels.slack import history
from connectors.channels.slack.blocks import blocks
from connectors.channels.slack.capability import BUTTONS, LABEL, SECTION, VALUE
from connectors.channels.slack.simulator import Simulator
from connectors.kit.errors import BadSignature
from connectors.kit.fixtures import read_fixtures
from normalizer.parts import Card, LinkAction, PostbackAction, Span, SpanKind
from normalizer.payload import Payload

CASES = read_fixtures(FIXTURES)
STAMP = int(NOW.timestamp())


class Stopped(Clock):
    """Where it is as late as a request says it came."""

    def now(self):
        return NOW.timestamp()


def judged(came, secret=SECRET):
    return SignatureVerifier(secret, Stopped()).is_valid_request(came.body, dict(came.headers))


def accepted(came):
    try:
        plugin().verify(came)
    except BadSignature:
        return False
    return True


@pytest.mark.parametrize("case", CASES.inbound, ids=str)
def test_slacks_verifier_takes_every_fixture(case):
    assert judged(case.request, CASES.config["signing_secret"])


@pytest.mark.parametrize("late", [-3600, -301, -300, -299, 0, 299, 300, 301, 3600])
def test_both_agree_on_how_late_is_too_late(late):
    provider = Simulator(SETTINGS)
    came = request(provider.genuine(provider.message("hello"), STAMP + late))
    assert (accepted(came), judged(came)) == (abs(late) <= 300,) * 2


@pytest.mark.parametrize("body", [b"", b"{}", '{"text":"\u00e9\u6f22"}'.encode(), b"payload=%7B%7D"])
def test_both_agree_on_what_is_signed(body):
    came = request(Simulator(SETTINGS).genuine(body, STAMP))
    assert (accepted(came), judged(came)) == (True, True)
    forged = replace(came, body=came.body + b" ")
    assert (accepted(forged), judged(forged)) == (False, False)


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", " 1795255198", "\u0661\u0662", "9" * 400])
def test_a_time_that_is_none_is_refused(stamp):
    came = request(Simulator(SETTINGS).genuine(b"{}", STAMP))
    assert not accepted(replace(came, headers={**came.headers, "x-slack-request-timestamp": stamp}))


def test_an_old_request_is_refused_however_genuine():
    came = request(Simulator(SETTINGS).genuine(b"{}", STAMP))
    with pytest.raises(BadSignature, match="five minutes"):
        plugin().verify(replace(came, received_at=NOW + timedelta(days=1)))


def test_what_is_missing_is_told_from_what_is_wrong():
    came = request(Simulator(SETTINGS).genuine(b"{}", STAMP))
    for headers, missing in (({}, True), ({**came.headers, "x-slack-signature": "v0=00"}, False)):
        with pytest.raises(BadSignature) as error:
            plugin().verify(replace(came, headers=headers))
        assert error.value.missing is missing


def validated(made):
    """Each block is valid, and whole as the SDK reads it."""
    for block in made:
        read = Block.parse(block)
        assert read is not None
        read.validate_json()
        assert read.to_dict() == block


@pytest.mark.parametrize("case", CASES.outbound, ids=str)
def test_slacks_models_take_every_block_we_send(case):
    for wire in case.wire:
        if wire.headers["content-type"].startswith("application/json"):
            validated(msgspec.json.decode(wire.body).get("blocks", []))


def test_slacks_models_take_blocks_of_the_greatest_size():
    actions = tuple(PostbackAction(label="\u6f22" * LABEL, value=f"{n:02}" + "v" * (VALUE - 2)) for n in range(BUTTONS))
    made = blocks(Payload(text="<&> " * (SECTION // 4), actions=actions), {})
    assert [block["type"] for block in made] == ["section"] * 4 + ["actions"]
    assert "".join(block["text"]["text"] for block in made[:-1]) == "&lt;&amp;&gt; " * (SECTION // 4)
    validated(made)
    words = "w " * (SECTION // 2 - 5) + "the page of all pages"
    link = Span(kind=SpanKind.LINK, offset=len(words) - 21, length=21, url="https://example.com")
    made = blocks(Payload(text=words, spans=(link,), actions=actions[:1]), {})
    assert made[1]["text"]["text"] == "<https://example.com|the page of all pages>"
    card = Card(title="t" * 200, text="&" * SECTION, actions=(LinkAction(label="l", url="https://example.com"),))
    validated(blocks(Payload(cards=(card, card)), {}))


def test_what_a_backfill_asks_are_arguments_that_slack_sdk_knows():
    asked = {**history.LISTED, "cursor": "x"}
    assert asked.keys() <= inspect.signature(WebClient.users_conversations).parameters.keys()
    with Simulator(SETTINGS) as provider:
        provider.channels.said["C7"] = [
            {"type": "message", "user": "U42", "text": "a", "ts": "1795255000.000001"},
            {
                "type": "message",
                "user": "U42",
                "text": "b",
                "ts": "1795255100.000001",
                "thread_ts": "1795255000.000001",
            },
        ]
        since = '{"since":1795255000.0,"began":0.0,"page":""}'
        during(provider, lambda plugin: plugin.backfill(since), backfill=True)
        told = {one.path.removeprefix("/"): dict(parse_qsl(one.body.decode())) for one in provider.requests}
    for method in ("conversations_history", "conversations_replies"):
        known = inspect.signature(getattr(WebClient, method)).parameters
        assert told[method.replace("_", ".")].keys() <= known.keys()
