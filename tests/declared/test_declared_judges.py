"""The providers' own libraries judge what our declarations take for genuine."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import msgspec
import pytest
from bandwidth.models.inbound_callback import InboundCallback
from bandwidth.models.message_request import MessageRequest
from bandwidth.models.status_callback import StatusCallback
from bandwidth.models.status_callback_type_enum import StatusCallbackTypeEnum
from declared_channels import FOLDERS
from infobip_api_client.models.message_general_status import MessageGeneralStatus
from infobip_api_client.models.sms_delivery_result import SmsDeliveryResult
from infobip_api_client.models.sms_inbound_message_result import SmsInboundMessageResult
from infobip_api_client.models.sms_request import SmsRequest
from messagebird.error import ValidationError
from messagebird.request_validator import RequestValidator
from plivo.utils.signature_v3 import validate_v3_signature

from connectors.channels.bandwidth import Bandwidth
from connectors.channels.infobip import Infobip
from connectors.channels.messagebird.simulator import Simulator as MessageBird
from connectors.channels.plivo.simulator import Simulator as Plivo
from connectors.kit.fixtures import as_request, read_fixtures

URL = "https://hub.example.com/in/sms"
KEY = "key-of-no-real-account-of-32-octets"


@pytest.mark.parametrize(
    "make",
    [
        lambda provider: provider.genuine(provider.message("hi & ☎")),
        lambda provider: provider.report("0199.1", "delivered"),
    ],
    ids=["message", "report"],
)
def test_messagebirds_validator_takes_what_is_signed_as_declared(make):
    provider = MessageBird({"access_key": KEY, "signing_key": KEY, "originator": "447700900111"}, URL)
    request = as_request(make(provider), URL, datetime.now(UTC))
    validator, told = RequestValidator(KEY), request.headers["messagebird-signature-jwt"]
    assert validator.validate_signature(told, request.url, request.body)["iss"] == "MessageBird"
    with pytest.raises(ValidationError):
        validator.validate_signature(told, request.url, request.body + b"x")


def accepted(request, key=KEY):
    headers = request.headers
    told = headers.get("x-plivo-signature-v3") or headers["x-plivo-signature-ma-v3"]
    fields = parse_qs(request.body.decode(), keep_blank_values=True)
    return validate_v3_signature("POST", request.url, headers["x-plivo-signature-v3-nonce"], key, told, fields)


@pytest.mark.parametrize("case", read_fixtures(FOLDERS["plivo"] / "fixtures").inbound, ids=str)
def test_plivos_validator_takes_every_fixture(case):
    assert accepted(case.request, "fixture-auth_token-of-the-tests-01")


def test_plivos_validator_takes_what_is_signed_as_declared():
    provider = Plivo({"auth_id": "MA1", "auth_token": KEY, "sender": "447700900111"}, f"{URL}?b=2&a=1")
    for wire in (provider.genuine(provider.message("hi & ☎")), provider.report("0199.1", "delivered")):
        assert accepted(as_request(wire, URL, datetime.now(UTC)))


INFOBIP = read_fixtures(FOLDERS["infobip"] / "fixtures")
INVENTED = "status_unknown"
"""A fixture of a status that Infobip does not have."""


def test_infobips_model_knows_all_that_we_send():
    (request,) = (wire for case in INFOBIP.outbound for wire in case.wire)
    assert SmsRequest.from_json(request.body.decode()).to_dict() == msgspec.json.decode(request.body)


@pytest.mark.parametrize("case", [case for case in INFOBIP.inbound if case.name != INVENTED], ids=str)
def test_infobips_models_read_every_fixture(case):
    kind = SmsDeliveryResult if case.name.startswith("status") else SmsInboundMessageResult
    assert kind.from_json(case.request.body.decode()).results


def test_every_group_that_infobips_model_knows_has_a_status():
    known = {str(word) for words in Infobip.declaration.statuses.values() for word in words}
    assert {str(group.value) for group in MessageGeneralStatus} == known


BANDWIDTH = read_fixtures(FOLDERS["bandwidth"] / "fixtures")
EVENTS = [event for case in BANDWIDTH.inbound for event in msgspec.json.decode(case.request.body)]
PONDERED = "message-pondered"
"""A status that Bandwidth does not have."""


@pytest.mark.parametrize("case", BANDWIDTH.outbound, ids=str)
def test_bandwidths_model_knows_all_that_we_send(case):
    (request,) = case.wire
    assert MessageRequest.from_json(request.body.decode()).to_dict() == msgspec.json.decode(request.body)


@pytest.mark.parametrize("event", [event for event in EVENTS if event["type"] != PONDERED])
def test_bandwidths_models_read_every_event(event):
    kind = InboundCallback if event["type"] == "message-received" else StatusCallback
    assert kind.from_dict(event).message.id == event["message"]["id"]


def test_every_status_that_bandwidths_model_knows_is_one_of_ours():
    known = {str(word) for words in Bandwidth.declaration.statuses.values() for word in words}
    assert {str(status.value) for status in StatusCallbackTypeEnum} == known
