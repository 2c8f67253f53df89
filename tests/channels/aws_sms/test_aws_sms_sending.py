"""What leaves is what Amazon's own library would send; each refusal leads to its next act; a hub hears both ways."""

import asyncio

import msgspec
import pytest
from botocore.session import get_session

from connectors.channels.aws_sms import AwsSms
from connectors.channels.aws_sms.simulator import Simulator, failure
from connectors.kit.base import Account, Outbound
from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.background.heronry import texts
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


def test_a_hub_hears_a_message_and_who_opts_out(tmp_path):
    async def test() -> None:
        with Simulator(SETTINGS, HOOK) as provider:
            async with running(tmp_path, "aws_sms", provider) as beside:
                assert await beside.heard(provider.genuine(provider.message("Hello"))) == 200
                assert await beside.heard(provider.genuine(provider.message("STOP"))) == 200
                assert texts(beside.hub) == ["Hello", "STOP"]

    asyncio.run(test())
