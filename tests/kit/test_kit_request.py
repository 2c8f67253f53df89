"""JSON of strangers becomes typed values, or BadPayload."""

import msgspec
import pytest

from connectors.kit.errors import BadPayload
from connectors.kit.redact import without_field
from connectors.kit.request import decode

TEXTS = msgspec.json.Decoder(list[str])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'["cut \ud83d"]', "cut �"),
        (rb'["\udcde cut"]', "� cut"),
        (rb'["\uD83D\uD83D\uDCDE"]', "�📞"),
        (rb'["\ud83d\u0041"]', "�A"),
        (rb'["\\ud83d is \ud83d"]', r"\ud83d is �"),
        (rb'["whole \ud83d\udcde"]', "whole 📞"),
    ],
)
def test_half_a_surrogate_pair_spoils_nothing_else(written, read):
    assert decode(written, TEXTS) == [read]


@pytest.mark.parametrize("written", [rb'["\ud83d"', rb'{"\ud83d": 1}', b'["\xff"]', b"[" * 100_000, rb'["\u12"]'])
def test_what_is_none_stays_none(written):
    with pytest.raises(BadPayload):
        decode(written, TEXTS)


def test_a_secret_is_taken_out_beside_half_a_surrogate_pair():
    kept = without_field(rb'{"text": "\ud83d", "secret": "s"}', "secret")
    assert kept == rb'{"text":"\ufffd","secret":"***"}'
