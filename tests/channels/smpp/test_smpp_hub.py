"""A hub with this connector, bound to a carrier over TCP."""

import asyncio

import pytest
from smsc import IRA, SETTINGS

from connectors.channels.smpp.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running

QUICK = {"poll_seconds": 0.2, "throttle_pause": 0.3}


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


async def brings(provider: Simulator, *octets: bytes) -> list[int]:
    """The statuses with which the hub answers what the carrier delivers."""
    answers = [provider.begin(one) for one in octets]
    return [await asyncio.to_thread(answer.result, 10) for answer in answers]


def test_a_conversation_by_sms(tmp_path, provider):
    provider.dialect = lambda number: f"{number:08X}"

    async def test():
        async with running(tmp_path, "smpp", provider, message_ids="hex_to_decimal", **QUICK) as beside:
            assert await brings(provider, provider.message("Where is my order?")) == [0]
            assert texts(beside.hub) == ["Where is my order?"]  # it was durable before it was answered
            assert isinstance(await beside.say("It left."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (number,) = provider.numbered
            receipt = provider.receipt(number.zfill(10))
            assert await brings(provider, receipt, receipt) == [0, 0]
            await eventually(lambda: beside.statuses() == ["delivered"])
            assert texts(beside.hub) == ["Where is my order?", "It left."]
        assert provider.binds == ["bind_transceiver"]
        assert SETTINGS["password"].encode() not in kept(tmp_path)

    asyncio.run(test())


def test_what_was_not_answered_comes_again_and_is_there_once(tmp_path, provider):
    said = provider.message("Only once")

    async def test():
        async with running(tmp_path, "smpp", provider, **QUICK):
            await asyncio.to_thread(provider.bound, 1)
            answer = provider.begin(said)
            provider.kill()  # before, while or after it is stored: nobody here can tell
            assert await asyncio.to_thread(answer.result, 10) == 0
        async with running(tmp_path, "smpp", provider, **QUICK) as beside:
            await brings(provider, said)  # and once more, to a hub that began anew
            assert texts(beside.hub) == ["Only once"]

    asyncio.run(test())


def test_one_that_cannot_be_read_is_set_aside_and_the_others_are_there(tmp_path, provider):
    async def test():
        async with running(tmp_path, "smpp", provider, **QUICK) as beside:
            broken = provider.short(b"\xf0abc", esm_class=0x40)
            assert await brings(provider, provider.message("one"), broken, provider.message("two")) == [0, 0, 0]
            assert texts(beside.hub) == ["one", "two"]
            assert rows(beside.hub, "SELECT reason FROM quarantine") == [("a header longer than its message",)]

    asyncio.run(test())


def test_segments_become_one_message_whatever_their_order(tmp_path, provider):
    pieces = [provider.short(bytes((5, 0, 3, 9, 3, n)) + f"piece {n} ".encode(), esm_class=0x40) for n in (3, 1, 2)]

    async def test():
        async with running(tmp_path, "smpp", provider, **QUICK) as beside:
            assert await brings(provider, *pieces) == [0, 0, 0]
            await eventually(
                lambda: [text.split() for text in texts(beside.hub)] == [["piece", "1", "piece", "2", "piece", "3"]]
            )

    asyncio.run(test())


def test_who_says_stop_is_left_alone(tmp_path, provider):
    async def test():
        async with running(tmp_path, "smpp", provider, **QUICK) as beside:
            await brings(provider, provider.message("STOP"))
            assert isinstance(await beside.say("one more thing"), Rejected)
            told = [event["data"]["consent"]["state"] for event in events(beside.hub, "consent.changed")]
            assert told == ["opted_out"]

    asyncio.run(test())


def test_throttling_rests_the_lane_and_spends_no_attempt(tmp_path, provider):
    async def test():
        async with running(tmp_path, "smpp", provider, **QUICK) as beside:
            provider.next(Failure.RATE_LIMITED, Failure.RATE_LIMITED)
            await beside.say("Hello", to=IRA)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert rows(beside.hub, "SELECT attempt FROM deliveries") == [(1,)]
            assert (len(provider.requests), len(provider.performed)) == (3, 1)

    asyncio.run(test())


def test_a_lost_answer_is_never_sent_again(tmp_path, provider):
    async def test():
        async with running(tmp_path, "smpp", provider, **QUICK) as beside:
            provider.next(Failure.LOST_ANSWER)
            await beside.say("Hello", to=IRA)
            await eventually(lambda: beside.statuses() == ["uncertain"])
            await beside.say("Another", to=IRA)
            await eventually(lambda: beside.statuses() == ["uncertain", "accepted"])
            assert [request.body for request in provider.performed] == [b"Hello", b"Another"]

    asyncio.run(test())


def test_a_wrong_password_is_told(tmp_path, provider):
    async def test():
        async with running(tmp_path, "smpp", provider, password="wrong", **QUICK) as beside:
            await eventually(lambda: beside.hub.polling.problem("support") is not None)
            assert "Misconfigured: the carrier refuses the session" in beside.hub.polling.problem("support")

    asyncio.run(test())


def test_a_receipt_that_comes_before_the_answer_is_not_lost(tmp_path, provider):
    answering = provider.answer

    async def hasty(request):
        reply = await answering(request)
        provider.begin(provider.receipt(reply.body.decode()))
        await asyncio.sleep(0.2)
        return reply

    provider.answer = hasty

    async def test():
        async with running(tmp_path, "smpp", provider, **QUICK) as beside:
            await beside.say("Hello", to=IRA)
            await eventually(lambda: beside.statuses() == ["delivered"])

    asyncio.run(test())


def test_a_pair_of_sessions_does_the_same(tmp_path, provider):
    async def test():
        async with running(tmp_path, "smpp", provider, bind="pair", **QUICK) as beside:
            assert await brings(provider, provider.message("Where is my order?")) == [0]
            await beside.say("It left.")
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert texts(beside.hub) == ["Where is my order?", "It left."]
        assert sorted(provider.binds) == ["bind_receiver", "bind_transmitter"]

    asyncio.run(test())


def test_a_failed_segment_fails_the_message(tmp_path, provider):
    async def test():
        async with running(tmp_path, "smpp", provider, **QUICK) as beside:
            await beside.say("x" * 400, to=IRA)
            await eventually(lambda: beside.statuses() == ["accepted"])
            first = next(iter(provider.numbered))
            assert await brings(provider, provider.receipt(first, "UNDELIV", "027")) == [0]
            await eventually(lambda: beside.statuses() == ["failed"])

    asyncio.run(test())
