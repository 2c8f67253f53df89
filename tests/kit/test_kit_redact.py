"""No secret in what is kept for people to read."""

import base64
import json
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.errors import BadPayload
from connectors.kit.redact import MOST, Redactor, redact, secrets_of, without_field
from connectors.kit.secret import Secret

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), min_size=8, max_size=40).filter(
    lambda text: len(set(text)) > 4
)


@given(SECRETS, st.text(), st.text())
def test_a_secret_is_gone_in_every_spelling(secret: str, before: str, after: str) -> None:
    spellings = [
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="").replace("%3A", "%3a"),
        quote_plus(secret),
        msgspec.json.encode(secret).decode()[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
    ]
    for spelling in spellings:
        assert secret not in redact(f"{before}{spelling}{after}", [Secret(secret)])


@given(SECRETS, st.integers(0, 3 * MOST), st.sampled_from(["x", "é", "你", "🕊"]))
def test_a_cut_leaves_no_half_of_a_secret(secret: str, place: int, filler: str) -> None:
    shown = Redactor([Secret(secret)]).body((filler * place + secret + "." * 5000).encode())
    assert secret[:6] not in shown
    assert len(shown) <= MOST + 40


@given(st.binary(max_size=9000))
def test_any_body_can_be_shown(body: bytes) -> None:
    assert len(Redactor([Secret("s3cret-s3cret")]).body(body)) <= MOST + 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("authorization: basic dXNlcjpwYXNz==", "authorization: basic ***"),
        ("https://a.example/?token=abc&b=2", "https://a.example/?token=***&b=2"),
        ("https://a.example/?access_token=abc#x", "https://a.example/?access_token=***#x"),
        ("grant_type=urn%3Ajwt-bearer&assertion=a.b.c", "grant_type=urn%3Ajwt-bearer&assertion=***"),
        ("X-Amz-Signature=abc&b=2", "X-Amz-Signature=***&b=2"),
        ("api_key=abc", "api_key=***"),
        ("grant_type=jwt&assertion=abc.def", "grant_type=jwt&assertion=***"),
        ("password=a%20b;c", "password=***;c"),
        ('{"secret_token": "a\\"b", "b": 2}', '{"secret_token": "***", "b": 2}'),
        ('{"client_secret":"ab"}', '{"client_secret":"***"}'),
        ("the key is under the mat", "the key is under the mat"),
        ("monkey=banana&hockey=ice", "monkey=banana&hockey=ice"),
    ],
)
def test_what_looks_like_a_credential_is_hidden(text: str, expected: str) -> None:
    assert redact(text, []) == expected


def test_no_secret_and_an_empty_one_change_nothing() -> None:
    assert redact("plain words", []) == redact("plain words", [Secret("")]) == "plain words"


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert redact("a-long-secret", [Secret("a-long"), Secret("a-long-secret")]) == "***"


def test_bodies_are_cut_and_binary_ones_counted() -> None:
    redactor = Redactor([])
    assert redactor.body(b"") == ""
    assert redactor.body("Grüße".encode()) == "Grüße"
    assert redactor.body(b"x" * 5000) == f"{'x' * MOST}… (5000 octets)"
    assert redactor.body(b"\x89PNG\r\n\x1a\n") == "(8 octets)"
    assert redactor.body(b"a\0b") == "(3 octets)"


def test_redaction_is_linear() -> None:
    """A body made to stall a careless pattern; the time-out of the suite is the judge."""
    for text in ('"' + "token" * 200_000, "a_" * 500_000, '"secret":' * 100_000, "bearer " * 100_000):
        redact(text, [Secret("s3cret-s3cret")])


class Inner(msgspec.Struct):
    word: Secret


class Outer(msgspec.Struct):
    name: str
    token: Secret | None
    more: dict[str, Inner]
    others: tuple[Secret, ...] = ()


def test_secrets_are_found_however_deep() -> None:
    config = Outer("a", Secret("1"), {"x": Inner(Secret("2"))}, (Secret("3"),))
    assert secrets_of(config) == [Secret("1"), Secret("2"), Secret("3")]
    assert secrets_of(Outer("a", None, {})) == []
    assert json.dumps(repr(config)).count("***") == 3


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (b'{"a":1,"secret":"s3","b":{"secret":"inner"}}', b'{"a":1,"secret":"***","b":{"secret":"inner"}}'),
        (b'{"s\\u0065cret":"s3" , "secret":"s4","c": 1.50}', b'{"secret":"***","c":1.50}'),
        (b'{"secret":{"deep":["s3"]}}', b'{"secret":"***"}'),
        (b'{"a": 1}', b'{"a": 1}'),
    ],
)
def test_a_field_is_taken_out_however_it_is_written(body: bytes, left: bytes) -> None:
    assert without_field(body, "secret") == left


@pytest.mark.parametrize("body", [b"[]", b"null", b"{", b'{"secret":"s3"} {"secret":"s3"}'])
def test_of_what_is_no_object_nothing_can_be_taken_out(body: bytes) -> None:
    with pytest.raises(BadPayload):
        without_field(body, "secret")


@pytest.mark.parametrize(
    "text", ['{"secret_key": "unknown-to-us"}', "a=1&secret_key=unknown-to-us", '"secretKey":"unknown-to-us"']
)
def test_a_secret_key_is_a_secret_though_it_is_none_of_ours(text: str) -> None:
    assert "unknown-to-us" not in redact(text, [])
