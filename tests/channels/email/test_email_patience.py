"""How long a mail is tried: against a relay that refuses for now, by a clock that is moved and never slept."""

import asyncio
from datetime import timedelta

import pytest
from email_sender import ANN, SETTINGS
from post_office import DAY, HOUR, PostOffice

from connectors.channels.email.simulator import Simulator
from connectors.kit.testing.simulator import Reply
from tests.service.conftest import SATURDAY

GREYLISTED = Reply(451, b"4.7.1 Greylisted, please try again later")
FULL = Reply(452, b"4.2.2 Mailbox full")


@pytest.fixture
def relay():
    with Simulator(SETTINGS) as simulator:
        yield simulator


def test_greylisting_of_fifteen_minutes_delays_a_mail_and_does_not_fail_it(tmp_path, relay):
    async def test():
        post = PostOffice(tmp_path, relay)
        relay.answers[ANN] = GREYLISTED
        await post.send()
        await post.work(until=15 * 60)
        assert post.deliveries() == [("queued", 4)]
        relay.answers.clear()
        await post.work()
        assert post.deliveries() == [("accepted", 4)]
        assert len(relay.performed) == 1
        assert all(at >= least for at, least in zip(post.tried, (0, 60, 360, 1260), strict=True))

    asyncio.run(test())


def test_a_mailbox_that_is_full_for_two_days_gets_its_mail(tmp_path, relay):
    async def test():
        post = PostOffice(tmp_path, relay)
        relay.answers[ANN] = FULL
        await post.send()
        await post.work(until=2 * DAY)
        assert post.deliveries()[0][0] == "queued"
        relay.answers.clear()
        await post.work()
        assert post.deliveries()[0][0] == "accepted"
        assert 2 * DAY <= post.tried[-1] <= 2 * DAY + 3.3 * HOUR

    asyncio.run(test())


def test_after_five_days_it_is_given_up_with_the_last_reason(tmp_path, relay):
    async def test():
        post = PostOffice(tmp_path, relay)
        relay.answers[ANN] = FULL
        await post.send()
        await post.work()
        ((status, attempt),) = post.deliveries()
        assert (status, attempt, len(post.tried)) == ("failed", 45, 45)
        assert 4 * DAY < post.tried[-1] < 5.5 * DAY
        told = post.events()[-1]["data"]["delivery"]
        assert (told["status"], told["error"]) == (
            "failed",
            {"code": "unreachable", "detail": "452 4.2.2 Mailbox full", "provider_code": "4.2.2"},
        )
        after = [later - before for before, later in zip(post.tried[6:], post.tried[7:], strict=False)]
        assert all(3 * HOUR <= wait <= 3.3 * HOUR + 1 for wait in after)

    asyncio.run(test())


def test_an_operator_may_have_less_patience(tmp_path, relay):
    async def test():
        post = PostOffice(tmp_path, relay, give_up_after=HOUR)
        relay.answers[ANN] = GREYLISTED
        await post.send()
        await post.work()
        assert post.deliveries() == [("failed", 5)]
        assert post.tried[-1] <= 1.1 * HOUR

    asyncio.run(test())


def test_a_message_that_expires_is_tried_no_longer_than_that(tmp_path, relay):
    async def test():
        post = PostOffice(tmp_path, relay)
        relay.answers[ANN] = GREYLISTED
        expires_at = SATURDAY + timedelta(minutes=130)  # the sixth attempt comes after 111 to 122, whatever its luck
        await post.send(expires_at=expires_at)
        await post.work()
        assert post.deliveries() == [("expired", 7)]
        assert len(post.tried) == 6
        assert post.now == expires_at

    asyncio.run(test())


def test_ten_recipients_who_are_greylisted_do_not_make_the_connector_ill(tmp_path, relay):
    async def test():
        post = PostOffice(tmp_path, relay)
        for n in range(10):
            relay.answers[f"ann{n}@example.net"] = GREYLISTED
            await post.send(to=f"ann{n}@example.net")
        await post.work(until=1)
        assert post.lane_state() == [("up", 0)]
        await post.send(to="bob@example.net")
        await post.work(until=1)
        assert [request.headers["rcpt-to"] for request in relay.performed] == ["bob@example.net"]

    asyncio.run(test())


def test_a_relay_that_is_ill_itself_makes_it_so(tmp_path, relay):
    async def test():
        post = PostOffice(tmp_path, relay)
        relay.reply = Reply(451, b"4.3.0 Local error in processing")
        for n in range(5):
            await post.send(to=f"ann{n}@example.net")
        await post.work(until=1)
        assert post.lane_state() == [("degraded", 5)]

    asyncio.run(test())
