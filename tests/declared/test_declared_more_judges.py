"""More libraries of providers, over the fixtures of their declared channels and what the simulators sign."""

from datetime import UTC, datetime

import msgspec
import pytest
from clicksend.models.inbound_sms import InboundSms
from clicksend.models.send_sms_request import SendSmsRequest
from clicksend.models.sms_receipt import SmsReceipt
from declared_channels import FOLDERS
from sinch.domains.sms.models.v1.shared.text_request import TextRequest
from sinch.domains.sms.models.v1.types.delivery_status_type import DeliveryStatusType
from sinch.domains.sms.sinch_events.v1.sms_sinch_event import SmsSinchEvent
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature
from telnyx.types.outbound_message_payload import To
from vonage_http_client.auth import Auth

from connectors.channels.sinch import Sinch
from connectors.channels.telnyx import Telnyx
from connectors.channels.telnyx.simulator import Simulator as TelnyxSimulator
from connectors.channels.vonage_sms.simulator import Simulator as VonageSimulator
from connectors.kit.declared.schemes import SIMULATED_PUBLIC_KEY
from connectors.kit.fixtures import as_request, read_fixtures


def fixtures(name):
    return read_fixtures(FOLDERS[name] / "fixtures")


def inbound(name, *without):
    return [case for case in fixtures(name).inbound if case.name not in without]


def words(plugin):
    return {str(word) for words in plugin.declaration.statuses.values() for word in words}


def literals(kind):
    """Every text that a type admits."""
    found = getattr(kind, "__args__", ())
    return {each for each in found if isinstance(each, str)} | {word for each in found for word in literals(each)}


@pytest.mark.parametrize("case", inbound("sinch", "status_unknown", "status_of_a_batch"), ids=str)
def test_sinchs_events_read_every_fixture(case):
    told = msgspec.json.decode(case.request.body)
    event = SmsSinchEvent().parse_event(case.request.body.decode())
    assert getattr(event, "batch_id", None) or event.id == told.get("id")


def test_every_status_that_sinch_knows_is_one_of_ours():
    assert literals(DeliveryStatusType) == words(Sinch)


def test_sinchs_model_knows_all_that_we_send():
    (request,) = (wire for case in fixtures("sinch").outbound for wire in case.wire)
    told = msgspec.json.decode(request.body)
    assert TextRequest(**told).model_dump(by_alias=True, exclude_none=True) == told


def test_every_status_that_telnyx_knows_is_one_of_ours():
    assert literals(To.model_fields["status"].annotation) | {"webhook_delivered"} == words(Telnyx)


def test_telnyx_verifies_what_its_simulator_signs():
    settings = fixtures("telnyx").config
    provider = TelnyxSimulator(settings)
    request = as_request(provider.genuine(provider.message("hi ☎")), provider.hub_url, datetime.now(UTC))
    verify_webhook_signature(request.body, request.headers, SIMULATED_PUBLIC_KEY)
    with pytest.raises(WebhookVerificationError):
        verify_webhook_signature(request.body + b" ", request.headers, SIMULATED_PUBLIC_KEY)


def test_clicksends_models_know_what_comes_and_what_we_send():
    (request,) = (wire for case in fixtures("clicksend").outbound for wire in case.wire)
    told = msgspec.json.decode(request.body)
    assert SendSmsRequest.from_dict(told).to_dict() == told
    for case in inbound("clicksend", "text_by_get"):
        known = SmsReceipt if case.name.startswith("status") else InboundSms
        names = {field.alias or name for name, field in known.model_fields.items()}
        assert {name for name, _ in case.request.form} <= names


def test_vonage_verifies_what_its_simulator_signs():
    settings = fixtures("vonage_sms").config
    auth = Auth(api_key="k", api_secret="s", signature_secret=settings["signature_secret"], signature_method="sha256")
    provider = VonageSimulator(settings)
    for wire in (provider.genuine(provider.message("a & b=c ☎")), provider.report("7", "delivered")):
        fields = dict(as_request(wire, provider.hub_url, datetime.now(UTC)).form)
        assert auth.check_signature(dict(fields))
        assert not auth.check_signature({**fields, "to": "1"})
