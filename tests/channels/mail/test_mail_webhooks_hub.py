"""A hub whose mail comes by a provider's webhook: a customer writes, is answered, and what becomes of it is told."""

import asyncio

import pytest

from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Failure
from gateway.receive import receive
from gateway.send.asks import Accepted, Rejected
from gateway.store.times import now
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import CONNECTOR, HOOK, kept, running
from tests.channels.mail.mail_desks import ANN, DESKS, SECRETS, desk, with_file, written

pytestmark = pytest.mark.parametrize("name", sorted(DESKS))


def test_a_conversation_by_mail(tmp_path, name):
    async def test():
        with desk(name) as provider:
            async with running(tmp_path, name, provider) as beside:
                mail = provider.mail(written("Where is my order?", "m1"))
                assert [await beside.heard(mail) for _ in range(2)] == [200, 200]
                assert isinstance(await beside.say("It left."), Accepted)
                await eventually(lambda: beside.statuses() == ["accepted"])
                said = [request for request in provider.performed if provider.is_send(request)]
                assert len(said) == 1
                assert await beside.heard(provider.tells("delivered")) == 200
                await eventually(lambda: beside.statuses() == ["delivered"])
                known = {id_ for (id_,) in rows(beside.hub, "SELECT external_id FROM external_ids")}
                ours = min(id_ for id_ in known - {"m1@example.net"} if "@" in id_)
                again = written("Thank you!", "m2", f"In-Reply-To: <{ours}>")
                assert await beside.heard(provider.mail(again)) == 200
                assert texts(beside.hub) == ["Where is my order?", "It left.", "Thank you!"]
                assert len(beside.conversations()) == 1
        store = kept(tmp_path)
        assert [secret for secret in SECRETS if secret.encode() in store] == []

    asyncio.run(test())


def test_what_is_not_the_providers_is_refused_and_not_stored(tmp_path, name):
    async def test():
        with desk(name) as provider:
            async with running(tmp_path, name, provider) as beside:
                mail = provider.mail(written("Where is my order?", "m1"))
                request = as_request(mail, HOOK, now())
                forged = [forge(request) for forge in provider.mutators.values()]
                connector = beside.hub.connectors[CONNECTOR]
                heard = [(await receive(beside.hub, connector, one)).status for one in forged if one != request]
                assert heard
                assert set(heard) <= {401, 403}
                assert rows(beside.hub, "SELECT count(*) FROM raws") == [(0,)]

    asyncio.run(test())


def test_a_webhook_that_cannot_be_read_is_kept_aside(tmp_path, name):
    async def test():
        with desk(name) as provider:
            async with running(tmp_path, name, provider) as beside:
                assert await beside.heard(provider.mail(b"")) == 200
                assert rows(beside.hub, "SELECT count(*) FROM quarantine") == [(1,)]
                assert beside.conversations() == []

    asyncio.run(test())


def test_who_complains_is_left_alone(tmp_path, name):
    async def test():
        with desk(name) as provider:
            async with running(tmp_path, name, provider) as beside:
                await beside.heard(provider.mail(written("Hello", "m1")))
                await beside.say("Hello!")
                await eventually(lambda: beside.statuses() == ["accepted"])
                assert await beside.heard(provider.tells("complained")) == 200
                assert isinstance(await beside.say("one more thing"), Rejected)
                told = [event["data"]["consent"]["state"] for event in events(beside.hub, "consent.changed")]
                assert told == ["opted_out"]

    asyncio.run(test())


def test_a_bounce_is_a_failure(tmp_path, name):
    async def test():
        with desk(name) as provider:
            async with running(tmp_path, name, provider) as beside:
                assert isinstance(await beside.say("Hello?", ANN), Accepted)
                await eventually(lambda: beside.statuses() == ["accepted"])
                assert await beside.heard(provider.tells("bounced")) == 200
                await eventually(lambda: beside.statuses() == ["failed"])

    asyncio.run(test())


def test_a_file_of_a_mail_is_fetched_from_what_the_hub_keeps(tmp_path, name):
    async def test():
        with desk(name) as provider:
            async with running(tmp_path, name, provider) as beside:
                content = b"octets of a picture" * 10
                await beside.heard(provider.mail(with_file(content, "m1")))
                await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 190)])

    asyncio.run(test())


def test_an_answer_that_was_lost_is_settled_by_a_report(tmp_path, name):
    async def test():
        with desk(name) as provider:
            async with running(tmp_path, name, provider) as beside:
                provider.next(Failure.LOST_ANSWER)
                await beside.say("Hello?", ANN)
                await eventually(lambda: beside.statuses() == ["uncertain"])
                assert await beside.heard(provider.tells("delivered")) == 200
                await eventually(lambda: beside.statuses() == ["delivered"])
                assert len([request for request in provider.requests if provider.is_send(request)]) == 1

    asyncio.run(test())


def test_too_many_requests_cost_no_attempt(tmp_path, name):
    async def test():
        with desk(name) as provider:
            async with running(tmp_path, name, provider, rate_pause=0.2) as beside:
                provider.next(Failure.RATE_LIMITED)
                await beside.say("Hello?", ANN)
                await eventually(lambda: beside.statuses() == ["accepted"])
                assert rows(beside.hub, "SELECT attempt FROM deliveries") == [(1,)]

    asyncio.run(test())
