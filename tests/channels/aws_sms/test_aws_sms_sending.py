"""What leaves is what Amazon's own library would send; each refusal leads to its next act; a hub hears both ways."""

import asyncio

import msgspec
import pytest
from botocore.session import get_session

from connectors.channels.aws_sms import AwsSms
from connectors.channels.aws_sms.simulator import Simulator, failure
from connectors.kit.base import Account, Outbound
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.background.heronry import events, eventually, texts
from tests.channels.beside import HOOK, answering, during, running

SETTINGS = {
    "region": "eu-west-1",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI-nobody_shall_see",
    "sender": "+447700900111",
    "configuration_set": "hub",
    "time_to_live": 300,
}
HELLO = Outbound(token="1.1", address=Address(scheme="tel", value="+447700900222"), payload=Payload(text="Grüße"))


def test_amazons_own_library_sends_the_same():
    with Simulator(SETTINGS) as provider:
        ours = during(AwsSms, provider, lambda plugin: plugin.send(HELLO))
        judge = get_session().create_client(
            "pinpoint-sms-voice-v2",
            region_name="eu-west-1",
            endpoint_url=provider.url,
            aws_access_key_id=SETTINGS["access_key_id"],
            aws_secret_access_key=SETTINGS["secret_access_key"],
        )
        said = msgspec.json.decode(provider.requests[-1].body)
        theirs = judge.send_text_message(**said)
        assert ours.external_ids == (theirs["MessageId"],)
        mine, its = provider.requests
        assert msgspec.json.decode(its.body) == said
        assert [mine.headers[n] == its.headers[n] for n in ("content-type", "x-amz-target")] == [True, True]
        account = during(AwsSms, provider, lambda plugin: plugin.check())
        assert account == Account(name="+447700900111", details={"region": "eu-west-1", "tier": "PRODUCTION"})


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failure("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"), OptedOut),
        (failure("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"), Unreachable),
        (failure("ConflictException", "NO_ORIGINATION_IDENTITIES_FOUND"), Misconfigured),
        (failure("ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"), Misconfigured),
        (failure("AccessDeniedException", "ACCOUNT_DISABLED"), Misconfigured),
        (failure("ValidationException", "DESTINATION_COUNTRY_BLOCKED"), Refused),
        (failure("ThrottlingException"), Temporary),
        (failure("InternalServerException", status=500), OutcomeUnknown),
    ],
)
def test_each_refusal_leads_to_its_next_act(reply, error):
    with answering(Simulator, SETTINGS, reply) as provider, pytest.raises(error) as raised:
        during(AwsSms, provider, lambda plugin: plugin.send(HELLO))
    assert type(raised.value) is error


def test_a_lost_answer_is_settled_by_its_event_and_who_says_stop_is_left_alone(tmp_path):
    async def test() -> None:
        with Simulator(SETTINGS, HOOK) as provider:
            async with running(tmp_path, "aws_sms", provider) as beside:
                assert await beside.heard(provider.genuine(provider.message("Hello"))) == 200
                provider.next(Failure.LOST_ANSWER)
                assert isinstance(await beside.say("It left."), Accepted)
                await eventually(lambda: beside.statuses() == ["uncertain"])
                for kind in ("TEXT_DELIVERED", "TEXT_SENT", "TEXT_DELIVERED"):
                    assert await beside.heard(provider.tells(kind)) == 200
                await eventually(lambda: beside.statuses() == ["delivered"])
                assert await beside.heard(provider.genuine(provider.message("STOP"))) == 200
                assert beside.consents()[-1:] == ["opted_out"]
                assert isinstance(await beside.say("One more thing"), Rejected)
                assert texts(beside.hub) == ["Hello", "It left.", "STOP"]

    asyncio.run(test())


def test_a_failure_that_is_told_later_has_its_reason(tmp_path):
    async def test() -> None:
        with Simulator(SETTINGS, HOOK) as provider:
            async with running(tmp_path, "aws_sms", provider) as beside:
                await beside.heard(provider.genuine(provider.message("Hello")))
                await beside.say("It left.")
                await eventually(lambda: beside.statuses() == ["accepted"])
                await beside.heard(provider.tells("TEXT_CARRIER_UNREACHABLE"))
                await eventually(lambda: beside.statuses() == ["failed"])
                error = events(beside.hub, "delivery.updated")[-1]["data"]["delivery"]["error"]
                assert (error["code"], error["provider_code"]) == ("unreachable", "TEXT_CARRIER_UNREACHABLE")

    asyncio.run(test())


def test_a_subscription_is_asked_for_and_confirmed(tmp_path):
    async def test() -> None:
        with Simulator(SETTINGS, HOOK) as provider:
            async with running(tmp_path, "aws_sms", provider) as beside:
                assert await beside.heard(provider.subscription()) == 200
                await eventually(lambda: len(provider.confirmed) == 1)

    asyncio.run(test())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"secret_access_key": ""}, "secret_access_key"),
        ({"topic_arns": ["arn:aws:sqs:eu-west-1:123456789012:x"]}, "no topic at SNS"),
        ({"api_base": "ftp://x"}, "no http address"),
        ({"region": "nowhere"}, "region"),
        ({"message_type": "MARKETING"}, "message_type"),
    ],
)
def test_settings_that_cannot_work_are_refused(change, word):
    with pytest.raises(ValueError, match=word):
        configured(AwsSms.Config, {**SETTINGS, **change})
