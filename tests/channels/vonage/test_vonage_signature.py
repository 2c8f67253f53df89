"""Who signed a webhook, and of what; PyJWT and Vonage's own SDK are the judges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import jwt
import pytest
from vonage_account import SETTINGS
from vonage_jwt import verify_signature

from connectors.channels.vonage.config import Config
from connectors.channels.vonage.signature import token, verify
from connectors.channels.vonage.simulator import Simulator
from connectors.kit.config import configured
from connectors.kit.errors import BadSignature
from connectors.kit.fixtures import as_request
from connectors.kit.request import Request

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
BODY = b'{"message_uuid":"1"}'
CONFIG = configured(Config, SETTINGS)
SECRET = SETTINGS["signature_secret"]
CLAIMS = {
    "iat": int(NOW.timestamp()),
    "jti": "1",
    "iss": "Vonage",
    "payload_hash": sha256(BODY).hexdigest(),
    "api_key": SETTINGS["account"],
    "application_id": SETTINGS["application_id"],
}


def signed(claims, secret=SECRET, algorithm="HS256", at=NOW):
    presented = jwt.encode(claims, secret, algorithm)
    return Request("POST", "https://hub.example.com/in/support", {"authorization": f"Bearer {presented}"}, BODY, at)


def without(name):
    return {key: value for key, value in CLAIMS.items() if key != name}


@pytest.mark.parametrize(
    "claims", [CLAIMS, without("application_id"), {**CLAIMS, "payload_hash": CLAIMS["payload_hash"].upper()}]
)
def test_what_pyjwt_signs_as_vonage_does_verifies(claims):
    verify(signed(claims), CONFIG)


@pytest.mark.parametrize(
    ("claims", "secret", "algorithm"),
    [
        (CLAIMS, "another-secret-of-some-length-and-more", "HS256"),
        (CLAIMS, SECRET * 2, "HS512"),
        (CLAIMS, None, "none"),
        (without("payload_hash"), SECRET, "HS256"),
        (without("iat"), SECRET, "HS256"),
        (without("api_key"), SECRET, "HS256"),
        ({**CLAIMS, "payload_hash": sha256(b"").hexdigest()}, SECRET, "HS256"),
        ({**CLAIMS, "api_key": "ffff0000"}, SECRET, "HS256"),
        ({**CLAIMS, "application_id": "another"}, SECRET, "HS256"),
    ],
)
def test_what_says_or_signs_something_else_is_refused(claims, secret, algorithm):
    with pytest.raises(BadSignature) as error:
        verify(signed(claims, secret, algorithm), CONFIG)
    assert (error.value.missing, error.value.again) == (False, False)


@pytest.mark.parametrize(("later", "holds"), [(-301, False), (-299, True), (86_400, True), (90_001, False)])
def test_a_token_holds_for_the_day_in_which_vonage_repeats(later, holds):
    request = signed(CLAIMS, at=NOW + timedelta(seconds=later))
    if holds:
        return verify(request, CONFIG)
    with pytest.raises(BadSignature, match="too old"):
        verify(request, CONFIG)
    return None


def test_what_is_not_signed_at_all_is_asked_for_again():
    with pytest.raises(BadSignature) as error:
        verify(replace(signed(CLAIMS), headers={}), CONFIG)
    assert (error.value.missing, error.value.again) == (True, True)


@pytest.mark.parametrize("presented", ["Basic YTpi", "Bearer", "Bearer a", "Bearer a.b", "Bearer é.è.ê", "Bearer ..."])
def test_what_is_no_token_is_refused(presented):
    with pytest.raises(BadSignature):
        verify(replace(signed(CLAIMS), headers={"authorization": presented}), CONFIG)


def test_vonages_own_sdk_accepts_what_the_simulator_signs():
    simulator = Simulator(SETTINGS)
    wire = simulator.genuine(simulator.message("Hello"))
    presented = wire.headers["authorization"].removeprefix("Bearer ")
    assert verify_signature(presented, SECRET)
    assert not verify_signature(presented, "another-secret-of-some-length-and-more")
    verify(as_request(wire, "https://hub.example.com/in/support", datetime.now(UTC)), CONFIG)


def test_the_token_is_made_as_pyjwt_makes_it():
    assert (
        jwt.decode(token(CLAIMS, CONFIG.signature_secret), SECRET, ["HS256"], options={"verify_iat": False}) == CLAIMS
    )
