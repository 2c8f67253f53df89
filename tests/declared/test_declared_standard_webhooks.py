"""Standard Webhooks as a scheme, judged by the specification's own library."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from declared_files import ACME, NOW, URL, came, made, plugin
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connectors.kit.declared.simulator import forgeries
from connectors.kit.errors import BadSignature

KEY = "whsec_" + base64.b64encode(b"octets-nobody_shall_see-00000001").decode()
BODY = b'{"text": "hi"}'
STANDARD = ACME.replace(
    "  - {by: secret, setting: word, query: secret}", "  - {by: standard_webhooks, key: word, tolerance: 60}"
)


def signed(body=BODY, at=NOW, key=KEY):
    told = Webhook(key).sign("msg_1", at, body.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": told}
    return replace(came(body, URL), headers=headers)


def with_headers(request, **headers):
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(request, headers={k: v for k, v in {**request.headers, **changed}.items() if v is not None})


def test_a_delivery_as_the_specifications_library_signs_it(tmp_path):
    acme = made(plugin(tmp_path, STANDARD), word=KEY)
    genuine = signed()
    acme.verify(genuine)
    made(plugin(tmp_path, STANDARD), word=KEY.removeprefix("whsec_")).verify(genuine)
    acme.verify(with_headers(genuine, webhook_signature=f"v1a,xyz v1,AAAA {genuine.headers['webhook-signature']}"))


@pytest.mark.parametrize(
    "wrong",
    [
        signed(key="whsec_b3RoZXI="),
        signed(at=NOW - timedelta(seconds=61)),
        signed(at=NOW + timedelta(seconds=61)),
        replace(signed(), body=b'{"text": "ho"}'),
        with_headers(signed(), webhook_id="msg_2"),
        with_headers(signed(), webhook_id=None),
        with_headers(signed(), webhook_timestamp="1"),
        with_headers(signed(), webhook_timestamp="soon"),
        with_headers(signed(), webhook_signature=signed().headers["webhook-signature"].removeprefix("v1,")),
        with_headers(signed(), webhook_signature=" ".join(["v1,A"] * 20 + [signed().headers["webhook-signature"]])),
        with_headers(signed(), webhook_signature="v1,é"),
        with_headers(signed(), webhook_signature=None),
    ],
)
def test_what_is_signed_otherwise_is_refused(tmp_path, wrong):
    with pytest.raises(BadSignature):
        made(plugin(tmp_path, STANDARD), word=KEY).verify(wrong)


@pytest.mark.parametrize("word", ["no key", "whsec_", "whsec_=", "whsec_b3RoZXI"])
def test_a_setting_that_is_no_key_is_said_before_anybody_comes(tmp_path, word):
    """Of a key of no octets everybody can sign."""
    with pytest.raises(ValueError, match="word: no key in base64"):
        made(plugin(tmp_path, STANDARD), word=word)


def test_the_library_verifies_what_a_simulator_signs(tmp_path):
    kind = plugin(tmp_path, STANDARD)
    acme = made(kind, word=KEY)
    (scheme,) = kind.schemes
    now = replace(came(BODY, URL), received_at=datetime.now(UTC))
    presented = scheme.presented(now, lambda _: KEY)
    acme.verify(presented)
    Webhook(KEY).verify(presented.body.decode(), dict(presented.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(presented.body.decode() + " ", dict(presented.headers))


def refused(acme, request):
    try:
        acme.verify(request)
    except BadSignature:
        return True
    return False


def test_every_forgery_is_refused(tmp_path):
    kind = plugin(tmp_path, STANDARD)
    acme = made(kind, word=KEY)
    forged = {name: change(signed()) for name, change in forgeries(kind.declaration.verify).items()}
    assert [name for name, request in forged.items() if not refused(acme, request)] == []
