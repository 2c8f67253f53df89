"""A long message is sent whole, whatever the provider reports of its first piece meanwhile."""

import asyncio

from connectors.kit.base import Sent
from connectors.kit.errors import OutcomeUnknown, Temporary
from normalizer.inbound import StatusChanged
from normalizer.status import Status
from tests.record.conftest import said
from tests.send.conftest import Desk, run

LONG = "one two three four five six seven eight nine ten eleven"


def delivered(n: int, key: str | None = None, status: Status = Status.DELIVERED) -> StatusChanged:
    return StatusChanged(key=key or f"s{n}", external_id=f"out:{n}", status=status)


def test_a_report_about_the_first_piece_does_not_keep_the_others_back(desk: Desk) -> None:
    desk.record(delivered(1))
    desk.say(LONG)
    desk.say("next")
    run(desk, accepted=1, delivered=1)
    texts = [outbound.payload.text for outbound in desk.plugin.sent]
    assert " ".join(texts) == f"{LONG} next"
    assert desk.updates()[-2]["payloads"][0]["status"] == "delivered"


def test_a_report_between_two_pieces_lets_no_successor_overtake(desk: Desk) -> None:
    desk.say(LONG)
    desk.say("next")
    hold = asyncio.Event()

    async def work() -> None:
        desk.plugin.script = [Sent(("out:1",)), hold]
        lane = desk.lane()
        lane.start()
        async with asyncio.timeout(10):
            while len(desk.plugin.sent) < 2:  # noqa: ASYNC110 - the plugin tells nobody
                await asyncio.sleep(0.01)
        await asyncio.to_thread(desk.record, delivered(1))
        lane.wake()
        await asyncio.sleep(0.1)
        assert len(desk.plugin.sent) == 2
        assert desk.deliveries()[0] == ("sending", 1)
        hold.set()
        await desk.until(accepted=1, delivered=1)
        await lane.stop()

    asyncio.run(work())
    assert desk.plugin.sent[-1].payload.text == "next"


def test_a_piece_that_failed_for_now_is_tried_again_although_the_first_was_delivered(desk: Desk) -> None:
    desk.record(delivered(1))
    desk.say(LONG)
    desk.plugin.script = [Sent(("out:1",)), Temporary("no connection")]
    run(desk, delivered=1)
    texts = [outbound.payload.text for outbound in desk.plugin.sent]
    assert " ".join(dict.fromkeys(texts)) == LONG


def test_what_is_uncertain_of_a_message_stays_so_although_its_first_piece_was_read(desk: Desk) -> None:
    desk.say(LONG)
    desk.plugin.script = [Sent(("out:1",)), OutcomeUnknown("reset")]
    run(desk, uncertain=1)
    desk.record(delivered(1, status=Status.READ))
    assert desk.deliveries() == [("uncertain", 1)]


def test_an_echo_that_overtakes_the_answer_does_not_take_its_reports(desk: Desk) -> None:
    desk.say("hi")
    echo = said("hi", 9, key="message:out:1", external_id="out:1", from_us=True)
    desk.record(echo)
    run(desk, accepted=1)
    desk.record(delivered(1))
    assert desk.deliveries() == [("delivered", 1)]


def test_an_echo_under_a_key_of_its_own_does_not_either(desk: Desk) -> None:
    desk.say("hi")
    desk.record(said("hi", 9, key="echo:9", external_id="out:1", from_us=True))
    run(desk, accepted=1)
    desk.record(delivered(1))
    assert desk.deliveries() == [("delivered", 1)]
