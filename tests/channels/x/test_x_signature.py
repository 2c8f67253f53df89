"""What X signs, what it asks, and what we sign; openssl and oauthlib are the judges."""

from datetime import UTC, datetime

import pytest
from oauthlib.oauth1 import Client
from x_account import SETTINGS

from connectors.channels.x import X
from connectors.channels.x.config import Config
from connectors.channels.x.oauth import OAuth1, authorization
from connectors.channels.x.signature import question, sign, verify
from connectors.kit.base import Outcome, Tools
from connectors.kit.config import configured
from connectors.kit.errors import BadSignature
from connectors.kit.http import Http
from connectors.kit.request import Request
from connectors.kit.secret import Secret

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
HOOK = "https://hub.example.com/in/support"
CONFIG = configured(Config, SETTINGS)
KEYS = OAuth1(
    SETTINGS["consumer_key"],
    Secret(SETTINGS["consumer_secret"]),
    Secret(SETTINGS["access_token"]),
    Secret(SETTINGS["access_token_secret"]),
    lambda: NOW,
)


def asked(query, body=b""):
    return Request("GET", f"{HOOK}?{query}", {}, body, NOW)


def test_the_signature_is_the_one_openssl_makes():
    # printf '{"for_user_id":"111"}' | openssl dgst -sha256 -hmac consumer-secret -binary | base64
    assert sign(Secret("consumer-secret"), b'{"for_user_id":"111"}') == OPENSSL


OPENSSL = "sha256=NwMGCMGdMM5+Wr1Nsvplyw6w3/CJlbcI3KjUHKX3SaU="


def test_the_question_is_answered_with_its_signature():
    request = asked("crc_token=MDg4YzkxNzItZjk5Mi00&nonce=abc")
    verify(request, CONFIG.consumer_secret)
    answer = X(CONFIG, Tools("support", Http("support"))).respond(request, Outcome.RECORDED)
    wanted = sign(CONFIG.consumer_secret, b"MDg4YzkxNzItZjk5Mi00")
    assert (answer.status, answer.body) == (200, b'{"response_token":"%s"}' % wanted.encode())


@pytest.mark.parametrize(
    "request_",
    [
        asked("crc_token=%7B%22for_user_id%22%3A%22111%22%7D"),  # a webhook that somebody wants signed
        asked("crc_token="),
        asked("crc_token=two%20words"),
        asked("crc_token=" + "a" * 513),
        asked("other=1"),
        asked("crc_token=abc", b"{}"),
    ],
)
def test_nobody_has_a_webhook_signed_by_asking(request_):
    with pytest.raises(BadSignature):
        verify(request_, CONFIG.consumer_secret)


def test_no_question_that_is_answered_can_be_a_webhook():
    assert question(asked("crc_token=abc%2B%2F%3D_-")) == "abc+/=_-"
    assert question(asked("crc_token=%5B%5D")) is None


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "https://api.x.com/2/dm_conversations/with/222/messages"),
        ("GET", "https://api.x.com/2/dm_events?event_types=MessageCreate&dm_event.fields=id%2Ctext&max_results=100"),
        ("GET", "https://API.x.com:443/2/users/me"),
        ("GET", "http://127.0.0.1:8080/1.1/ton/data/dm/a%20b.jpg?x=&y=%C3%A4"),
    ],
)
def test_oauthlib_signs_the_same(method, url):
    nonce, at = "7d8f3e4a", str(int(NOW.timestamp()))
    judge = Client(
        SETTINGS["consumer_key"],
        SETTINGS["consumer_secret"],
        SETTINGS["access_token"],
        SETTINGS["access_token_secret"],
        nonce=nonce,
        timestamp=at,
    )
    _, headers, _ = judge.sign(url, method, headers={"Content-Type": "application/json"})
    theirs, ours = headers["Authorization"], authorization(KEYS, method, url, NOW, nonce)
    assert ours.startswith("OAuth ")
    assert sorted(ours[6:].split(", ")) == sorted(theirs[6:].split(", "))
