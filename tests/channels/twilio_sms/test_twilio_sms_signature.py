"""Twilio's own validator is the judge: what it signs is genuine here, and what the simulator signs is genuine there."""

from dataclasses import replace
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from twilio_sms_sender import HOOK, NOW, NUMBER, SETTINGS, TOKEN, plugin, request

from connectors.channels.twilio_sms.simulator import Simulator
from connectors.families.twilio.signature import sign
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret

JUDGE = RequestValidator(TOKEN)
SENDER = plugin()
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FIELDS = st.lists(st.tuples(WORDS, WORDS), max_size=12)
HOSTS = st.sampled_from(["hub.example.com", "hub.example.com:443", "hub.example.com:8443", "127.0.0.1:8080", "h"])
QUERIES = st.one_of(st.just(""), st.dictionaries(WORDS.filter(bool), WORDS, max_size=3).map(urlencode))


class Several(dict):
    """A form as the validator takes it from web frameworks: names with all their values."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs

    def getlist(self, name):
        return [value for key, value in self.pairs if key == name]


def urls(host, query, scheme="https"):
    return f"{scheme}://{host}/in/sms-uk" + (f"?{query}" if query else "")


def came(url, signature, body=b"", kind="application/x-www-form-urlencoded", method="POST"):
    headers = {"content-type": kind, "x-twilio-signature": signature}
    return Request(method, url, headers, body, NOW)


def genuine(asked):
    try:
        SENDER.verify(asked)
    except BadSignature:
        return False
    return True


def other_port(url):
    """The URL as Twilio's other signer writes it."""
    parts = urlsplit(url)
    port = 443 if parts.scheme == "https" else 80
    netloc = f"{parts.netloc}:{port}" if parts.port is None else parts.hostname
    return parts._replace(netloc=netloc).geturl()


@given(FIELDS, HOSTS, QUERIES, st.sampled_from(["https", "http"]), st.booleans())
def test_what_twilio_signs_is_genuine_with_its_port_and_without(fields, host, query, scheme, other):
    url = urls(host, query, scheme)
    signature = JUDGE.compute_signature(other_port(url) if other else url, Several(fields))
    assert JUDGE.validate(url, Several(fields), signature) is True
    assert genuine(came(url, signature, urlencode(fields).encode()))


@given(FIELDS, HOSTS, QUERIES)
def test_both_compute_the_same(fields, host, query):
    url = urls(host, query)
    assert sign(Secret(TOKEN), url, fields) == JUDGE.compute_signature(url, Several(fields))


@given(FIELDS, st.data())
def test_repeated_fields_count_once_in_whatever_order_they_come(fields, data):
    shuffled = data.draw(st.permutations(fields + fields[:2]))
    signature = JUDGE.compute_signature(HOOK, Several(fields))
    assert genuine(came(HOOK, signature, urlencode(shuffled).encode()))


@given(WORDS, QUERIES)
def test_a_json_body_is_genuine_by_its_hash(text, query):
    body = text.encode()
    url = urls("hub.example.com", f"{query}&bodySHA256={sha256(body).hexdigest()}".lstrip("&"))
    signature = JUDGE.compute_signature(url, {})
    assert JUDGE.validate(url, text, signature) is True
    assert genuine(came(url, signature, body, "application/json"))
    assert not genuine(came(url, signature, body + b" ", "application/json"))
    assert not genuine(came(url, signature, b"", "application/json")) or not body


@given(st.lists(st.tuples(WORDS.filter(bool), WORDS), min_size=1, max_size=6), st.data())
def test_a_changed_value_is_no_longer_genuine(fields, data):
    signature = JUDGE.compute_signature(HOOK, Several(fields))
    place = data.draw(st.integers(0, len(fields) - 1))
    forged = [*fields[:place], (fields[place][0], data.draw(WORDS)), *fields[place + 1 :]]
    # The scheme joins names and values, so what reads the same joined cannot be told apart; nothing else passes.
    joined = "".join(name + value for name, value in sorted(set(forged)))
    same = joined == "".join(name + value for name, value in sorted(set(fields)))
    assert genuine(came(HOOK, signature, urlencode(forged).encode())) is same
    assert JUDGE.validate(HOOK, Several(forged), signature) is same


@given(WORDS, st.sampled_from([NUMBER, "+15005550006"]), QUERIES)
def test_what_the_simulator_signs_twilio_validates(words, sender, query):
    provider = Simulator({**SETTINGS, "sender": sender}, urls("hub.example.com", query))
    wire = provider.genuine(provider.message(words))
    fields = Several(parse_qsl(wire.body.decode(), keep_blank_values=True))
    assert JUDGE.validate(provider.hub_url, fields, wire.headers["x-twilio-signature"]) is True
    assert genuine(request(wire))
    wire = provider.genuine_json(words.encode())
    url = f"https://hub.example.com{wire.path}"
    assert JUDGE.validate(url, words, wire.headers["x-twilio-signature"]) is True
    assert genuine(request(wire))


def test_the_reports_the_simulator_signs_twilio_validates():
    provider = Simulator(SETTINGS)
    form = {"From": NUMBER, "To": "+447700900222", "Body": "hi", "StatusCallback": f"{HOOK}?token=a.1#rc=5&rp=all"}
    sent = provider.account.create(list(form.items()))
    wire = provider.report(sent.sid, "undelivered", 30003)
    fields = Several(parse_qsl(wire.body.decode(), keep_blank_values=True))
    assert wire.path == "/in/sms-uk?token=a.1"
    assert JUDGE.validate(f"{HOOK}?token=a.1", fields, wire.headers["x-twilio-signature"]) is True
    assert genuine(request(wire))


@pytest.mark.parametrize("signature", ["", " ", "é", "\udcff", "0" * 10_000, "RSOYDt4T1cUTdK1PDd93/VVr8B8="])
def test_another_signature_is_refused(signature):
    with pytest.raises(BadSignature) as error:
        SENDER.verify(came(HOOK, signature, b"Body=hi"))
    assert error.value.missing is False


def test_no_signature_at_all_is_missing():
    with pytest.raises(BadSignature) as error:
        SENDER.verify(replace(came(HOOK, "", b"Body=hi"), headers={}))
    assert error.value.missing is True


def test_a_hash_that_is_told_twice_must_hold_twice():
    body = b'{"MessageSid":"SM1"}'
    good, bad = sha256(body).hexdigest(), sha256(b"").hexdigest()
    for first, second, right in ((good, good, True), (good, bad, False), (bad, good, False)):
        url = f"{HOOK}?bodySHA256={first}&bodySHA256={second}"
        assert genuine(came(url, JUDGE.compute_signature(url, {}), body, "application/json")) is right


def test_a_get_has_nothing_to_hash():
    url = f"{HOOK}?MessageSid=SM1&bodySHA256=5f0c"
    signature = JUDGE.compute_signature(url, {})
    assert genuine(came(url, signature, method="GET"))
    assert not genuine(came(url, signature, b"Body=forged", method="GET"))
    assert not genuine(came(url, signature, b"{}", "application/json", "GET"))
    assert not genuine(came(url, signature, b"", "application/json"))


def test_a_json_body_taken_for_a_form_is_refused_and_the_other_way_round():
    body = b'{"MessageSid":"SM1"}'
    url = f"{HOOK}?bodySHA256={sha256(body).hexdigest()}"
    assert not genuine(came(url, JUDGE.compute_signature(url, {}), body))
    form = urlencode([("MessageSid", "SM1")]).encode()
    signature = JUDGE.compute_signature(HOOK, {"MessageSid": "SM1"})
    assert genuine(came(HOOK, signature, form, "application/json"))  # nothing tells a hash: its fields were signed
    assert not genuine(came(f"{HOOK}?bodySHA256=x", signature, form, "application/json"))


@pytest.mark.parametrize("body", [b"Body=%ff", b"Body=%c3%28", b"Body=\xff", b"&".join([b"a=b"] * 2000)])
def test_a_form_that_cannot_be_read_was_not_signed(body):
    for signature in (JUDGE.compute_signature(HOOK, {}), JUDGE.compute_signature(HOOK, {"Body": "x"})):
        assert not genuine(came(HOOK, signature, body))


def test_another_account_is_refused():
    provider = Simulator({**SETTINGS, "auth_token": "another-token-altogether"})
    with pytest.raises(BadSignature):
        SENDER.verify(request(provider.genuine(provider.message())))
