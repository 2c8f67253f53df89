"""A hub that topics notify: certificates are fetched once, subscriptions confirmed where they are genuine."""

import asyncio
import threading

import msgspec
import pytest
from ses_identity import SETTINGS

from connectors.channels.ses.simulator import Simulator
from connectors.families.aws.simulated_sns import PATH
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Reply
from gateway.receive import receive_blocking
from gateway.store.times import now
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import CONNECTOR, HOOK, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def fetched(provider):
    return [request.path for request in provider.requests if request.path == PATH]


def test_a_certificate_is_fetched_once_for_all_it_signed(tmp_path, provider):
    async def test():
        async with running(tmp_path, "ses", provider) as beside:
            mails = [provider.genuine(provider.message(f"Question {n}")) for n in range(4)]
            assert await asyncio.gather(*map(beside.heard, mails)) == [200] * 4
            assert sorted(texts(beside.hub)) == [f"Question {n}" for n in range(4)]
            assert fetched(provider) == [PATH]

    asyncio.run(test())


def test_it_is_learnt_behind_the_other_door_too(tmp_path, provider):
    async def test():
        async with running(tmp_path, "ses", provider) as beside:
            request = as_request(provider.genuine(provider.message("Hello")), HOOK, now())
            connector = beside.hub.connectors[CONNECTOR]
            answer = await asyncio.to_thread(receive_blocking, beside.hub, connector, request)
            assert (answer.status, texts(beside.hub)) == (200, ["Hello"])
            assert threading.current_thread() is threading.main_thread()

    asyncio.run(test())


@pytest.mark.parametrize(("reply", "status"), [(Reply(500), 503), (Reply(404), 403), (Reply(200, b"no PEM"), 403)])
def test_without_a_certificate_nothing_is_taken(tmp_path, reply, status):
    class Broken(Simulator):
        async def answer(self, request):
            return reply if request.path == PATH else await super().answer(request)

    async def test():
        with Broken(SETTINGS, HOOK) as provider:
            async with running(tmp_path, "ses", provider) as beside:
                assert await beside.heard(provider.genuine(provider.message())) == status
                assert rows(beside.hub, "SELECT count(*) FROM raws") == [(0,)]

    asyncio.run(test())


def test_a_subscription_is_confirmed_once_where_it_is_genuine(tmp_path, provider):
    async def test():
        async with running(tmp_path, "ses", provider) as beside:
            asked = provider.subscription()
            forged = msgspec.json.decode(asked.body) | {"Token": "another"}
            wire = type(asked)(asked.method, asked.path, asked.headers, msgspec.json.encode(forged))
            assert await beside.heard(wire) == 403
            assert [await beside.heard(asked) for _ in range(2)] == [200, 200]
            token = msgspec.json.decode(asked.body)["Token"]
            await eventually(lambda: provider.confirmed == [token])

    asyncio.run(test())


def test_a_topic_that_is_not_configured_is_not_heard_nor_asked_about(tmp_path, provider):
    async def test():
        other = "arn:aws:sns:eu-west-1:123456789012:another"
        async with running(tmp_path, "ses", provider, topic_arns=[other]) as beside:
            assert await beside.heard(provider.subscription()) == 403
            assert await beside.heard(provider.genuine(provider.message())) == 403
            assert provider.requests == []

    asyncio.run(test())


def test_both_versions_of_the_signature_are_known(tmp_path, provider):
    async def test():
        async with running(tmp_path, "ses", provider) as beside:
            for version in ("1", "2"):
                provider.version = version
                assert await beside.heard(provider.genuine(provider.message(f"By version {version}"))) == 200
            assert sorted(texts(beside.hub)) == ["By version 1", "By version 2"]

    asyncio.run(test())


def test_a_mail_that_lies_elsewhere_is_shown_in_quarantine(tmp_path, provider):
    async def test():
        async with running(tmp_path, "ses", provider) as beside:
            action = {"type": "S3", "bucketName": "mails", "objectKey": "d6ii"}
            told = msgspec.json.encode({"notificationType": "Received", "receipt": {"action": action}})
            assert await beside.heard(provider.genuine(told)) == 200
            ((reason,),) = rows(beside.hub, "SELECT reason FROM quarantine")
            assert "mails/d6ii" in reason

    asyncio.run(test())
