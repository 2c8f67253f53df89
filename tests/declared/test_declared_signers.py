"""Requests of ours are signed as the providers' own libraries sign them, and what cannot be signed does not load."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from declared_files import ACME, NOW, SETTINGS, plugin
from tencentcloud.common.abstract_client import AbstractClient

from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.signatures import Acs3, Tc3
from connectors.kit.declared.signed_simulation import is_signed, steady
from connectors.kit.declared.signers import Asking, signer
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import Misconfigured
from connectors.kit.fixtures import WireRequest
from connectors.kit.http import Http
from normalizer.inbound import Address
from normalizer.payload import Payload

AT = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
VALUES = {"account": "AKID-of-nobody", "word": "key-nobody_shall_see-0000000001"}
BODY = '{"Text":"It left. 👋 A & B = 100% + more"}'.encode()
TC3 = signer(Tc3(id="account", key="word", service="sms"))
ACS3 = signer(Acs3(id="account", key="word"))
TO = Address(scheme="tel", value="+447700900222")


def judged_by_tencent(headers):
    judge = AbstractClient(None, "")
    judge._service = "sms"
    asked = SimpleNamespace(
        uri="/", data=BODY, method="POST", header={"Content-Type": "application/json", "Host": "sms.example.com"}
    )
    asked.header["X-TC-Timestamp"] = headers["x-tc-timestamp"]
    return judge._get_tc3_signature({}, asked, f"{AT:%Y-%m-%d}", "sms", VALUES["word"])


def test_tencents_library_signs_the_same():
    asking = Asking("POST", "https://sms.example.com/", {"content-type": "application/json"}, BODY)
    headers = TC3.signed(asking, AT, "0199.1", VALUES.__getitem__)
    assert headers == {
        "content-type": "application/json",
        "x-tc-timestamp": "1795305599",
        "authorization": "TC3-HMAC-SHA256 Credential=AKID-of-nobody/2026-11-21/sms/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={judged_by_tencent(headers)}",
    }


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"Text": "It left. 👋 A & B = 100% + more~*", "A-b": "", "A.b": "x y"}, b""),
        ({}, BODY),
    ],
)
def test_alibabas_library_signs_the_same(query, body):
    written = "&".join(f"{Utils.get_encode_param(name)}={Utils.get_encode_param(text)}" for name, text in query.items())
    given = {"x-acs-action": "SendSms", "accept": "application/json", **({"content-type": "text/x"} if body else {})}
    headers = ACS3.signed(Asking("POST", f"https://a.example.com/?{written}", given, body), AT, "t", VALUES.__getitem__)
    asked = DaraRequest()
    asked.method, asked.pathname, asked.query = "POST", "/", query
    # It signs whatever it sends; `accept` is sent unsigned.
    asked.headers = {**headers, "host": "a.example.com", "authorization": None, "accept": None}
    payload = Utils.hash(body, "ACS3-HMAC-SHA256").hex()
    wanted = Utils.get_authorization(asked, "ACS3-HMAC-SHA256", payload, VALUES["account"], VALUES["word"])
    assert headers["authorization"] == wanted
    assert (headers["x-acs-content-sha256"], headers["x-acs-date"]) == (payload, "2026-11-21T23:59:59Z")


def test_a_number_used_once_is_of_the_token_and_the_time():
    asking = Asking("POST", "https://a.example.com/", {})
    given = [("a", AT), ("a", AT), ("b", AT), ("a", AT + timedelta(seconds=1))]
    nonces = [ACS3.signed(asking, at, token, VALUES.__getitem__)["x-acs-signature-nonce"] for token, at in given]
    assert (nonces[0], len(set(nonces)), {len(nonce) for nonce in nonces}) == (nonces[1], 3, {32})


@pytest.mark.parametrize("by", [TC3, ACS3])
@pytest.mark.parametrize(
    "change",
    [
        lambda request: WireRequest(request.method, request.path, request.headers, request.body + b" "),
        lambda request: WireRequest(request.method, request.path + "&b=2", request.headers, request.body),
        lambda request: WireRequest("PUT", request.path, request.headers, request.body),
        lambda request: WireRequest(request.method, request.path, {**request.headers, "host": "b"}, request.body),
        lambda request: WireRequest(request.method, request.path, {"host": "a.example.com"}, request.body),
    ],
)
def test_what_was_changed_is_not_signed(by, change):
    given = {"content-type": "application/json"}
    headers = by.signed(Asking("POST", "http://a.example.com/?a=1", given, BODY), AT, "t", VALUES.__getitem__)
    request = WireRequest("POST", "/?a=1", {**headers, "host": "a.example.com"}, BODY)
    assert is_signed(by, request, VALUES.__getitem__)
    assert not is_signed(by, change(request), VALUES.__getitem__)
    assert not is_signed(by, request, lambda name: VALUES[name] + "x")
    assert steady(by, request).headers["authorization"].endswith("Signature=SIGNATURE")


SIGNED = ACME.replace("send:\n", "send:\n  sign: {by: tc3, id: account, key: word, service: sms}\n").replace(
    "  sender: {help", "  account: {help: Whose it is.}\n  sender: {help"
)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("by: tc3", "by: tc4"), "channel.yaml:28:14: send.sign.by: invalid value 'tc4'; did you mean \"tc3\"?"),
        (("service:", "servise:"), 'channel.yaml:28:43: send.sign.servise: unknown key; did you mean "service"?'),
        (("id: account", "id: acount"), "channel.yaml:28:23: send.sign.id: there is no setting 'acount'"),
        (("key: word", "key: account"), "send.sign.key: the setting 'account' is no secret"),
        (("Whose it is.", "Whose., optional: true"), "send.sign.id: the setting 'account' is not required"),
        (("sign: {", "login: {url: a, token: b}\n  sign: {"), "send.sign: a request is signed, or has a token"),
    ],
)
def test_what_cannot_be_signed_is_told_with_its_place(tmp_path, change, told):
    with pytest.raises(DeclarationError) as error:
        plugin(tmp_path, SIGNED.replace(*change, 1))
    assert told in str(error.value)


def sent(kind, provider, **settings):
    """What arrives of one message, at the time of the fixtures."""
    config = configured(kind.Config, {**provider.settings(), **settings})

    async def run():
        http = Http("acme", trusted=kind.trusted_origins(config))
        try:
            return await kind(config, Tools("acme", http, lambda: NOW)).send(Outbound("t", TO, Payload(text="hi")))
        finally:
            await http.close()

    return asyncio.run(run())


def test_a_simulator_takes_what_is_signed_with_its_key_only(tmp_path):
    failing = "failures: {unauthorized: {status: 401}}"
    kind = plugin(tmp_path, SIGNED.replace("failures: {}", failing))
    with simulator_of(kind)({**SETTINGS, "account": "AKID"}) as provider:
        assert sent(kind, provider).external_ids[0].startswith("simulated-")
        with pytest.raises(Misconfigured):
            sent(kind, provider, word="another-word")
        assert provider.requests[0].headers["x-tc-timestamp"] == str(int(NOW.timestamp()))
