"""Who may call: each scheme takes what its provider presents, and nothing else."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from declared_files import ACME, NOW, SECRET, URL, came, made, plugin

from connectors.kit.declared import DeclarationError
from connectors.kit.declared.simulator import forgeries
from connectors.kit.errors import BadSignature

BY_SECRET = "  - {by: secret, setting: word, query: secret}"
HMAC = """\
  - by: hmac
    key: word
    header: X-Signature
    encoding: hex
    prefix: sha256=
    signed: ["header:X-Time", "text:.", url, newline, body]
    timestamp: X-Time
    tolerance: 60"""
JWT = """\
  - by: jwt
    key: word
    header: X-Token
    issuer: Acme
    claims: {url: url_sha256_hex, body: body_sha256_hex}"""
ED25519 = """\
  - by: ed25519
    key: sender
    header: X-Signature
    signed: ["header:X-Time", "text:|", body]
    timestamp: X-Time"""
BASIC = "  - {by: basic, user: sender, password: word}"
REQUIRED = ACME.replace(", optional: true", "")


def signed(body=b'{"text": "hi"}', at=NOW, key=SECRET, url=URL):
    time = str(int(at.timestamp()))
    mac = hmac.new(key.encode(), f"{time}.{url}\n".encode() + body, hashlib.sha256).hexdigest()
    return came(body, url, x_time=time, x_signature=f"sha256={mac}")


def token(request, key=SECRET, algorithm="HS256", **claims):
    hashes = {"url": request.url.encode(), "body": request.body}
    told = {claim: hashlib.sha256(of).hexdigest() for claim, of in hashes.items() if of}
    at = int(NOW.timestamp())
    written = jwt.encode({"iss": "Acme", "nbf": at, "exp": at + 60, **told, **claims}, key, algorithm)
    return replace(request, headers={"x-token": written})


def test_a_keyed_hash_over_time_address_and_body(tmp_path):
    acme = made(plugin(tmp_path, ACME.replace(BY_SECRET, HMAC)))
    acme.verify(signed())
    for wrong in (
        signed(key="another"),
        signed(at=NOW - timedelta(seconds=61)),
        signed(at=NOW + timedelta(seconds=61)),
        replace(signed(), body=b'{"text": "ho"}'),
        replace(signed(), url=f"{URL}x"),
        replace(signed(), headers={**signed().headers, "x-time": "1"}),
        came(),
    ):
        with pytest.raises(BadSignature):
            acme.verify(wrong)


def test_a_token_with_hashes_of_address_and_body(tmp_path):
    acme = made(plugin(tmp_path, ACME.replace(BY_SECRET, JWT)))
    genuine, empty = came(b"{}", URL), came(b"", f"{URL}?a=b", "GET")
    for each in (token(genuine), token(empty)):
        acme.verify(each)
    at = int(NOW.timestamp())
    for wrong in (
        genuine,
        token(genuine, key="another-key-of-more-than-32-octets"),
        token(genuine, iss="Emca"),
        token(genuine, exp=at - 2),
        token(genuine, nbf=at + 2),
        token(genuine, nbf="now"),
        token(genuine, body=None),
        token(empty, body="0" * 64),
        token(genuine, url=7),
        replace(token(genuine), body=b"[]"),
        replace(token(genuine), url=f"{URL}?a"),
        replace(genuine, headers={"x-token": "é.é.é"}),
    ):
        with pytest.raises(BadSignature):
            acme.verify(wrong)


def test_a_token_signed_by_nobody_is_refused(tmp_path):
    acme = made(plugin(tmp_path, ACME.replace(BY_SECRET, JWT)))
    with pytest.raises(BadSignature):
        acme.verify(token(came(b"{}", URL), key=None, algorithm="none"))


def test_user_and_password(tmp_path):
    acme = made(plugin(tmp_path, REQUIRED.replace(BY_SECRET, BASIC)), sender="5")
    told = base64.b64encode(f"5:{SECRET}".encode()).decode()
    acme.verify(came(authorization=f"Basic {told}"))
    for wrong in (came(), came(authorization=f"Basic {told}x"), came(authorization=told)):
        with pytest.raises(BadSignature):
            acme.verify(wrong)


def test_the_secret_stands_in_the_address_once(tmp_path):
    acme = made(plugin(tmp_path))
    acme.verify(came())
    acme.verify(came(url=f"{URL}?text=caf%E9&secret={SECRET}"))
    for url in (
        URL,
        f"{URL}?secret=",
        f"{URL}?secret={SECRET}x",
        f"{URL}?secret={SECRET}&secret={SECRET}",
        f"{URL}?secret=caf%E9",
    ):
        with pytest.raises(BadSignature):
            acme.verify(came(url=url))


def test_several_schemes_must_all_hold(tmp_path):
    both = made(plugin(tmp_path, REQUIRED.replace(BY_SECRET, f"{BY_SECRET}\n{BASIC}")), sender="5")
    told = base64.b64encode(f"5:{SECRET}".encode()).decode()
    both.verify(came(authorization=f"Basic {told}"))
    for wrong in (came(), came(url=URL, authorization=f"Basic {told}")):
        with pytest.raises(BadSignature):
            both.verify(wrong)


def test_every_signed_piece_has_a_forger(tmp_path):
    kind = plugin(tmp_path, ACME.replace(BY_SECRET, HMAC))
    assert set(forgeries(kind.declaration.verify)) == {
        *(f"X-Signature {how}" for how in ("dropped", "emptied", "changed", "cut")),
        *("another connector", "query field added", "octet changed", "octet added", "X-Time changed"),
    }


def test_one_hash_of_a_list_is_enough_and_another_header_may_hold_it(tmp_path):
    listed = HMAC.replace("    encoding", "    or_header: X-Other\n    several: true\n    encoding")
    acme = made(plugin(tmp_path, ACME.replace(BY_SECRET, listed)))
    told = signed().headers
    for name in ("x-signature", "x-other"):
        headers = {"x-time": told["x-time"], name: f"sha256=00, {told['x-signature']}"}
        acme.verify(replace(signed(), headers=headers))
    with pytest.raises(BadSignature):
        acme.verify(replace(signed(), headers={**told, "x-signature": "sha256=00,sha256=11"}))


def test_a_number_used_once_must_be_there(tmp_path):
    once = HMAC.replace('X-Time"', 'X-Once"').replace("timestamp: X-Time\n    tolerance: 60", "nonce: X-Once")
    acme = made(plugin(tmp_path, ACME.replace(BY_SECRET, once)))
    for number, taken in (("7", True), ("", False)):
        mac = hmac.new(SECRET.encode(), f"{number}.{URL}\n".encode(), hashlib.sha256).hexdigest()
        request = came(url=URL, x_once=number, x_signature=f"sha256={mac}")
        if taken:
            acme.verify(request)
        else:
            with pytest.raises(BadSignature):
                acme.verify(request)


def test_a_time_that_is_not_signed_is_refused_when_the_file_is_loaded(tmp_path):
    with pytest.raises(DeclarationError, match="header:X-Time is not among what is signed"):
        plugin(tmp_path, ACME.replace(BY_SECRET, HMAC.replace('"header:X-Time", ', "")))


KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()


def sealed(body=b"{}", at=NOW, key=KEY):
    time = str(int(at.timestamp()))
    return came(body, x_time=time, x_signature=base64.b64encode(key.sign(f"{time}|".encode() + body)).decode())


def test_a_signature_by_a_key_that_is_no_secret(tmp_path):
    text = REQUIRED.replace(BY_SECRET, ED25519).replace('form: "[0-9]+"', 'form: "[A-Za-z0-9+/]{43}="')
    acme = made(plugin(tmp_path, text), sender=PUBLIC)
    acme.verify(sealed())
    for wrong in (
        sealed(key=Ed25519PrivateKey.from_private_bytes(b"x" * 32)),
        sealed(at=NOW - timedelta(seconds=301)),
        replace(sealed(), body=b"[]"),
        replace(sealed(), headers={**sealed().headers, "x-time": "1"}),
        replace(sealed(), headers={**sealed().headers, "x-signature": "é"}),
        came(b"{}", x_time="1"),
    ):
        with pytest.raises(BadSignature):
            acme.verify(wrong)


FIELDS = """\
  - by: signed_fields
    key: word
    field: sig
    timestamp: timestamp"""


def filled_in(key=SECRET, at=NOW, text="a & b=c", method="POST", **fields):
    told = {"text": text, "timestamp": str(int(at.timestamp())), "msisdn": "447700900222", **fields}
    signed = "".join(f"&{name}={told[name].replace('&', '_').replace('=', '_')}" for name in sorted(told))
    form = urlencode({**told, "sig": hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest().upper()})
    return came(form.encode(), URL) if method == "POST" else came(b"", f"{URL}?{form}", "GET")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_hash_over_all_fields_stands_in_one_of_them(tmp_path, method):
    acme = made(plugin(tmp_path, ACME.replace(BY_SECRET, FIELDS)))
    genuine = filled_in(method=method)
    acme.verify(genuine)
    for wrong in (
        filled_in("another", method=method),
        filled_in(at=NOW - timedelta(seconds=301), method=method),
        replace(genuine, body=genuine.body + b"&x=1", url=genuine.url.replace("?", "?x=1&")),
        replace(genuine, body=genuine.body + b"&sig=0", url=genuine.url.replace("?", "?sig=0&")),
        came(b"%ff", f"{URL}?%ff", method),
        came(b"", URL, method),
    ):
        with pytest.raises(BadSignature):
            acme.verify(wrong)


def test_a_signature_over_a_query_that_cannot_be_read_is_none(tmp_path):
    acme = made(plugin(tmp_path, ACME.replace(BY_SECRET, HMAC.replace("url, newline", "sorted_query, newline"))))
    with pytest.raises(BadSignature, match="a query that cannot be read"):
        acme.verify(replace(signed(), url=f"{URL}?%ff=1"))


@pytest.mark.parametrize("key", ["a key", "", "AAAA", base64.b64encode(b"x" * 33).decode()])
def test_a_setting_that_is_no_public_key_is_said_before_anybody_comes(tmp_path, key):
    with pytest.raises(ValueError, match="sender: no public key, which is 32 octets in base64"):
        made(plugin(tmp_path, REQUIRED.replace(BY_SECRET, ED25519).replace("[0-9]+", ".*")), sender=key)
