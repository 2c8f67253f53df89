"""What leaves, and what the answers mean by the next thing to do."""

import asyncio
import json

import pytest
from declared_files import ACME, SECRET, SETTINGS, URL, plugin

from connectors.kit.base import Outbound, Sent, Tools
from connectors.kit.config import configured
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import LocationPart
from normalizer.payload import Payload

DONE = Reply.json({"done": True, "id": 12})
TO = Address(scheme="tel", value="+447700900222")


def text(payload=None):
    return Outbound(token="0199/1", address=TO, payload=payload or Payload(text="hi {to} & ☎"))


def sent(kind, reply, outbound=None, webhook=URL, **settings):
    """What the provider saw, and what came of this answer."""

    class Answering(simulator_of(kind)):
        async def answer(self, request):  # noqa: ARG002 - whatever is asked
            return reply

    async def run(provider):
        config = configured(kind.Config, {**provider.settings(), **settings})
        http = Http("acme", trusted=kind.trusted_origins(config))
        try:
            return await kind(config, Tools("acme", http, webhook_url=webhook)).send(outbound or text())
        finally:
            await http.close()

    with Answering(SETTINGS) as provider:
        return provider, asyncio.run(run(provider))


def test_templates_are_filled_and_nobody_reads_them_twice(tmp_path):
    provider, answer = sent(plugin(tmp_path), DONE, sender="5")
    (request,) = provider.requests
    assert answer == Sent(("12",))
    assert (request.method, request.path, request.headers["x-key"]) == ("POST", "/send/447700900222", SECRET)
    assert json.loads(request.body) == {
        "from": "5",
        "text": "hi {to} & ☎",
        "tags": ["0199/1", 1],
        "extra": {"hook": f"{URL}?t=0199%2F1"},
    }


def test_what_has_no_value_is_left_out(tmp_path):
    provider, _ = sent(plugin(tmp_path), DONE, webhook="")
    assert json.loads(provider.requests[0].body) == {"text": "hi {to} & ☎", "tags": ["0199/1", 1]}


def test_a_form_and_a_query_are_encoded(tmp_path):
    line = next(line for line in ACME.splitlines() if line.startswith("  json:"))
    text = ACME.replace(line, '  form: {Body: "{text}", To: ["{to}", b]}\n  query: {k: "a b&{word}"}')
    provider, _ = sent(plugin(tmp_path, text), DONE)
    (request,) = provider.requests
    assert request.path == f"/send/447700900222?k=a%20b%26{SECRET}"
    assert request.body == b"Body=hi+%7Bto%7D+%26+%E2%98%8E&To=%2B447700900222&To=b"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_an_answer_may_be_text_and_the_token_the_name(tmp_path):
    text = ACME.replace(
        'success: {when: "done == `true`"}\n  id: id', "answer: text\n  success: {when: \"text == 'OK'\"}"
    )
    assert sent(plugin(tmp_path, text), Reply(200, b"OK"))[1] == Sent(("0199/1",))


@pytest.mark.parametrize(
    ("reply", "error", "code", "provider_code", "wait"),
    [
        (Reply.json({"error": 7, "words": "no"}), OptedOut, ErrorCode.OPTED_OUT, "7", None),
        (Reply.json({"error": 7}, 500), OptedOut, ErrorCode.OPTED_OUT, "7", None),
        (Reply.json({"error": 51}), Temporary, ErrorCode.RATE_LIMITED, "51", 1.0),
        (Reply.json({"error": 51}, retry_after="0"), Temporary, ErrorCode.RATE_LIMITED, "51", 1.0),
        (Reply.json({"error": 7}, 429, retry_after="9"), Temporary, ErrorCode.RATE_LIMITED, "7", 9.0),
        (Reply.json({"error": 8}), Refused, ErrorCode.UNKNOWN, "8", None),
        (Reply.json({"error": 8}, 502), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "8", None),
        (Reply(401, b"<html>"), Misconfigured, ErrorCode.AUTH_FAILED, "401", None),
        (Reply(418), Refused, ErrorCode.UNKNOWN, "418", None),
        (Reply(503), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "503", None),
        (Reply(200, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "200", None),
        (Reply.json({}), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "200", None),
        (Reply.json({"done": True}), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "200", None),
        (Reply.json({"done": True, "id": [1]}), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "200", None),
    ],
)
def test_an_answer_that_is_no_success_says_what_to_do(tmp_path, reply, error, code, provider_code, wait):
    with pytest.raises(error) as raised:
        sent(plugin(tmp_path), reply)
    told = raised.value
    assert (type(told), told.code, told.provider_code) == (error, code, provider_code)
    assert getattr(told, "retry_after", None) == wait
    assert SECRET not in f"{told!r} {told.detail}"


@pytest.mark.parametrize("payload", [Payload(location=LocationPart(latitude=1.0, longitude=2.0)), Payload()])
def test_what_a_text_cannot_carry_is_refused(tmp_path, payload):
    with pytest.raises(Refused):
        sent(plugin(tmp_path), DONE, text(payload))


def test_a_provider_may_have_no_word_for_a_failure(tmp_path):
    kind = plugin(tmp_path, ACME.replace("  failures: {}", "  failures: {}\n  lacks: {blocked: no code says so}"))
    assert simulator_of(kind).LACKS == {Failure.BLOCKED: "no code says so"}


def test_a_pattern_finds_the_name_in_a_text(tmp_path):
    text = ACME.replace(
        'success: {when: "done == `true`"}', 'answer: text\n  pattern: \'OK "(?P<id>[^"]+)"\'\n  success: {when: id}'
    )
    assert sent(plugin(tmp_path, text), Reply(200, b'OK "7-a"'))[1] == Sent(("7-a",))
    with pytest.raises(OutcomeUnknown):
        sent(plugin(tmp_path, text), Reply(200, b"Error"))


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("hi€", {"coding": "0", "plain": "hi€", "text": "hi€"}),
        ("hi☎", {"coding": "8", "hex": "00680069260E", "text": "hi☎"}),
    ],
)
def test_what_gsm_cannot_express_goes_another_way(tmp_path, words, body):
    line = next(line for line in ACME.splitlines() if line.startswith("  json:"))
    text = ACME.replace(
        line,
        '  encoding: {gsm: "0", other: "8"}\n'
        '  json: {coding: "{encoding}", plain: "{gsm_text}", hex: "{other_text|hex_utf16}", text: "{text}"}',
    )
    provider, _ = sent(plugin(tmp_path, text), DONE, Outbound("t", TO, Payload(text=words)))
    assert json.loads(provider.requests[0].body) == body


def test_a_number_goes_without_its_countrys_code(tmp_path):
    provider, _ = sent(plugin(tmp_path, ACME.replace("{to|digits}", "{to|national}")), DONE)
    assert provider.requests[0].path == "/send/7700900222"
