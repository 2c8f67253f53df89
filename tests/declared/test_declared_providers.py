"""What is particular of one provider, and would be lost among fixtures."""

from datetime import UTC, datetime

import pytest
from declared_channels import DECLARED, FOLDERS

from connectors.channels.africastalking import AfricasTalking
from connectors.channels.africastalking.simulator import Simulator as AfricasTalkingSimulator
from connectors.channels.messagebird import MessageBird
from connectors.channels.messagebird.simulator import Simulator as MessageBirdSimulator
from connectors.kit import registry
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.errors import Refused, Temporary
from connectors.kit.fixtures import as_request, read_fixtures
from connectors.kit.testing.simulator import Reply
from connectors.kit.testing.subject import Subject
from normalizer.inbound import Address
from normalizer.payload import Payload
from normalizer.status import Status

TEXT = Outbound(token="0199.1", address=Address(scheme="tel", value="+447700900222"), payload=Payload(text="hi"))


def sent(name, simulator, reply):
    """What came of a send that the provider answered so."""

    class Answering(simulator):
        async def answer(self, request):  # noqa: ARG002 - whatever is asked
            return reply

    subject = Subject.of(registry.load(name), FOLDERS[name] / "fixtures", Answering)
    with subject.simulated() as provider:
        return subject.sending(provider.settings(), lambda plugin: plugin.send(TEXT))


def answered(*recipients, message="Sent to 0/1"):
    return Reply.json({"SMSMessageData": {"Message": message, "Recipients": list(recipients)}}, 201)


def test_africas_talking_says_in_words_that_nobody_was_sent_to():
    with pytest.raises(Refused) as error:
        sent("africastalking", AfricasTalkingSimulator, answered(message="InvalidSenderId"))
    assert (error.value.provider_code, error.value.detail) == ("InvalidSenderId", "InvalidSenderId")


def test_africas_talkings_own_faults_are_tried_again():
    with pytest.raises(Temporary):
        sent("africastalking", AfricasTalkingSimulator, answered({"statusCode": 502, "status": "RejectedByGateway"}))


@pytest.mark.parametrize("code", [100, 101, 102])
def test_africas_talking_takes_a_message_by_any_of_three_words(code):
    reply = answered({"statusCode": code, "status": "Success", "messageId": "ATXid_7"})
    assert sent("africastalking", AfricasTalkingSimulator, reply).external_ids == ("ATXid_7",)


def test_an_opt_out_at_africas_talking_is_consent():
    case = next(
        case for case in read_fixtures(FOLDERS["africastalking"] / "fixtures").inbound if case.name == "opt_out"
    )
    assert AfricasTalking.reading.parse(case.request) == list(case.expected)


def test_messagebird_reports_by_a_signed_get():
    fixtures = read_fixtures(FOLDERS["messagebird"] / "fixtures")
    wire = MessageBirdSimulator(fixtures.config, fixtures.url).report("0199.1", "delivery_failed", "103")
    request = as_request(wire, fixtures.url, datetime.now(UTC))
    plugin = MessageBird(configured(MessageBird.Config, fixtures.config), Tools("mb", None))
    plugin.verify(request)
    (item,) = plugin.parse(request)
    assert (item.token, item.status, item.error_code) == ("0199.1", Status.FAILED, "opted_out")


@pytest.mark.parametrize("name", DECLARED)
def test_a_declared_channel_is_called_as_its_folder(name):
    plugin = registry.load(name)
    assert plugin.declaration.name == name
    assert plugin.__module__ == f"connectors.channels.{name}"
