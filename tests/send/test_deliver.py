"""Lanes: once out, in order, and every outcome known."""

import asyncio
import time

import pytest

from connectors.kit.base import Sent
from connectors.kit.errors import Misconfigured, Moved, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from gateway.send.asks import Rejected
from normalizer.commands import EditMessage, SendMessage, SetReaction
from normalizer.inbound import ReactionChanged, StatusChanged
from normalizer.status import Status
from tests.record.conftest import AT, peer, said
from tests.send.conftest import Desk, run


def test_what_was_accepted_is_known_by_the_providers_id(desk: Desk) -> None:
    accepted = desk.say("hi")
    run(desk, accepted=1)
    assert [outbound.payload.text for outbound in desk.plugin.sent] == ["hi"]
    update = desk.updates()[-1]
    assert (update["status"], update["attempt"], update["payloads"]) == (
        "accepted",
        1,
        [{"n": 1, "status": "accepted", "provider_id": "out:1"}],
    )
    assert desk.rows("SELECT external_id FROM external_ids WHERE message_id = ?", accepted.message.id) == [("out:1",)]


def test_messages_of_a_route_leave_in_order(desk: Desk) -> None:
    texts = [f"{n}" for n in range(30)]
    for text in texts:
        desk.say(text)
    run(desk, accepted=30)
    assert [outbound.payload.text for outbound in desk.plugin.sent] == texts


def test_a_retry_continues_at_the_first_payload_not_accepted(desk: Desk) -> None:
    desk.say("one two three four five six seven eight")
    desk.plugin.script = [Sent(("a",)), Temporary("no connection")]
    run(desk, accepted=1)
    texts = [outbound.payload.text for outbound in desk.plugin.sent]
    assert texts[1] == texts[2]
    assert len(texts) == len(set(texts)) + 1
    assert desk.deliveries() == [("accepted", 2)]


def test_a_temporary_failure_is_tried_again_and_blocks_its_successors(desk: Desk) -> None:
    desk.say("first")
    desk.say("second")
    desk.plugin.script = [Temporary("no connection")]
    run(desk, accepted=2)
    assert [outbound.payload.text for outbound in desk.plugin.sent] == ["first", "first", "second"]


def test_attempts_end(desk: Desk) -> None:
    desk.say("hi")
    desk.plugin.script = [Temporary("down") for _ in range(3)]
    run(desk, failed=1)
    assert desk.deliveries() == [("failed", 3)]
    assert desk.updates()[-1]["error"]["code"] == "provider_down"


def test_being_told_to_wait_pauses_the_lane_and_costs_no_attempt(desk: Desk) -> None:
    desk.say("hi")
    desk.plugin.script = [Temporary("slow down", retry_after=0.3) for _ in range(4)]
    begun = time.monotonic()
    run(desk, accepted=1)
    assert time.monotonic() - begun >= 4 * 0.3
    assert desk.deliveries() == [("accepted", 1)]
    assert [update["status"] for update in desk.updates()] == ["accepted"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OutcomeUnknown("reset"), "uncertain", "timed_out"),
        (Refused("no"), "failed", "policy_rejected"),
        (Unreachable("nobody"), "failed", "unreachable"),
        (OptedOut("blocked"), "failed", "opted_out"),
        (ZeroDivisionError(), "uncertain", "timed_out"),
    ],
    ids=lambda value: getattr(value, "detail", "") or str(value),
)
def test_each_error_leads_to_its_act_and_harms_no_successor(
    desk: Desk, error: Exception, status: str, code: str
) -> None:
    desk.say("first")
    desk.say("second")
    desk.plugin.script = [error]
    run(desk, **{status: 1, "accepted": 1})
    assert [update["status"] for update in desk.updates()] == [status, "accepted"]
    assert desk.updates()[0]["error"]["code"] == code
    assert [outbound.payload.text for outbound in desk.plugin.sent] == ["first", "second"]


def test_who_blocks_us_is_blocked_on_the_route(desk: Desk) -> None:
    desk.say("hi")
    desk.plugin.script = [OptedOut("blocked by the user")]
    run(desk, failed=1)
    assert desk.rows("SELECT blocked FROM routes") == [(1,)]
    assert "consent.changed" in desk.types()


def test_who_moved_is_followed(desk: Desk) -> None:
    desk.say("hi")
    desk.plugin.script = [Moved("the group was upgraded", value="77")]
    run(desk, accepted=1)
    assert [outbound.address.value for outbound in desk.plugin.sent] == ["7", "77"]
    assert desk.rows("SELECT value FROM identities") == [("77",)]


def test_a_wrong_set_up_pauses_the_lane_and_says_so_once(desk: Desk) -> None:
    for n in range(3):
        desk.say(f"{n}")
    desk.plugin.script = [Misconfigured("the token is wrong")]

    async def work() -> None:
        lane = desk.lane()
        lane.start()
        await desk.until_event("connector.down")
        await lane.stop()

    asyncio.run(work())
    assert desk.types().count("connector.down") == 1
    assert len(desk.plugin.sent) == 1
    assert {status for status, _ in desk.deliveries()} == {"queued"}


def test_what_is_mended_says_so_and_leaves(desk: Desk) -> None:
    from gateway.send.pausing import unpause

    test_a_wrong_set_up_pauses_the_lane_and_says_so_once(desk)
    desk.writer.submit(unpause, "support").result(10)
    run(desk, accepted=3)
    assert desk.types().count("connector.up") == 1


def test_what_comes_too_late_expires(desk: Desk) -> None:
    from datetime import timedelta

    from gateway.store.times import now

    desk.say("hi", expires_at=now() + timedelta(seconds=0.2))
    time.sleep(0.3)
    run(desk, expired=1)
    assert desk.plugin.sent == []
    assert desk.updates()[-1]["error"]["code"] == "expired"


def test_a_lane_belongs_to_one_owner(desk: Desk) -> None:
    desk.say("hi")
    hold = asyncio.Event()

    async def work() -> None:
        desk.plugin.script = [hold]
        one, two = desk.lane(owner="one"), desk.lane(owner="two")
        one.start()
        await desk.until(sending=1)
        two.start()
        desk.say("ho")
        await asyncio.sleep(0.2)
        assert len(desk.plugin.sent) == 1
        hold.set()
        await desk.until(accepted=2)
        await asyncio.gather(one.stop(), two.stop())

    asyncio.run(work())


def test_what_a_dead_owner_was_sending_is_uncertain_and_never_sent_again(desk: Desk) -> None:
    desk.say("hi")

    async def work() -> None:
        hold = asyncio.Event()
        desk.plugin.script = [hold]
        dead = desk.lane(owner="dead", lease=0.3)
        dead.start()
        await desk.until_sent()
        assert dead._task
        dead._task.cancel()  # as kill -9 would: no release, no renewal
        heir = desk.lane(owner="heir")
        heir.start()
        await desk.until(uncertain=1)
        desk.say("next")
        heir.wake()
        await desk.until(uncertain=1, accepted=1)
        await heir.stop()
        for task in dead._under_way:
            task.cancel()

    asyncio.run(work())
    assert [outbound.payload.text for outbound in desk.plugin.sent] == ["hi", "next"]


def test_a_late_answer_settles_what_was_uncertain(desk: Desk) -> None:
    desk.say("hi")

    async def work() -> None:
        hold = asyncio.Event()
        desk.plugin.script = [hold]
        slow = desk.lane(owner="slow", lease=0.3)
        slow.start()
        await desk.until_sent()
        assert slow._task
        slow._task.cancel()
        heir = desk.lane(owner="heir")
        heir.start()
        await desk.until(uncertain=1)
        hold.set()
        await desk.until(accepted=1)
        await heir.stop()

    asyncio.run(work())
    assert [update["status"] for update in desk.updates()] == ["uncertain", "accepted"]


def test_stopping_lets_what_is_under_way_finish(desk: Desk) -> None:
    desk.say("hi")

    async def work() -> None:
        hold = asyncio.Event()
        desk.plugin.script = [hold]
        lane = desk.lane()
        lane.start()
        await desk.until_sent()
        stopping = asyncio.create_task(lane.stop())
        await asyncio.sleep(0.05)
        hold.set()
        await stopping

    asyncio.run(work())
    assert desk.deliveries() == [("accepted", 1)]
    assert desk.rows("SELECT owner FROM lanes") == [("",)]


def test_a_report_lifts_the_status_and_a_late_one_does_not_lower_it(desk: Desk) -> None:
    desk.say("hi")
    run(desk, accepted=1)
    desk.record(StatusChanged(key="s1", external_id="out:1", status=Status.READ))
    desk.record(StatusChanged(key="s2", external_id="out:1", status=Status.DELIVERED))
    assert [update["status"] for update in desk.updates()] == ["accepted", "read"]


def test_a_report_that_overtakes_the_answer_is_matched_when_the_answer_comes(desk: Desk) -> None:
    desk.record(StatusChanged(key="s1", external_id="out:1", status=Status.DELIVERED))
    desk.say("hi")
    run(desk, delivered=1)
    assert [update["status"] for update in desk.updates()] == ["accepted", "delivered"]


def test_what_we_sent_is_not_recorded_again_when_the_provider_echoes_it(desk: Desk) -> None:
    desk.say("hi")
    run(desk, accepted=1)
    before = desk.events()
    desk.record(said("hi", 9, external_id="out:1", from_us=True))
    assert desk.events() == before


def test_a_reaction_to_our_message_finds_it(desk: Desk) -> None:
    accepted = desk.say("hi")
    run(desk, accepted=1)
    reaction = ReactionChanged(key="r", external_id="out:1", author=peer().person, added=("❤",), occurred_at=AT)
    desk.record(reaction)
    assert desk.events()[-1]["data"]["message_id"] == accepted.message.id


def test_an_edit_changes_the_message_here_and_there(desk: Desk) -> None:
    accepted = desk.say("hi")
    run(desk, accepted=1)
    desk.order(EditMessage(message_id=accepted.message.id, text="hi!"))
    run(desk, accepted=2)
    [edited] = desk.plugin.edited
    assert (edited.external_id, edited.payload.text) == ("out:1", "hi!")
    assert "message.edited" in desk.types()


def test_an_edit_that_no_channel_could_carry_names_the_field(desk: Desk) -> None:
    accepted = desk.say("hi")
    run(desk, accepted=1)
    refused = desk.order(EditMessage(message_id=accepted.message.id, text="hi\0"))
    assert refused == Rejected(422, "content_unsupported", "text: a NUL character cannot be sent")
    assert "message.edited" not in desk.types()


def test_a_reaction_of_ours_is_sent_and_told(desk: Desk) -> None:
    [(message_id,)] = desk.rows("SELECT id FROM messages")
    desk.order(SetReaction(message_id=message_id, reaction="👍"))
    run(desk, accepted=1)
    [reacted] = desk.plugin.reacted
    assert (reacted.external_id, reacted.reaction) == ("7:1", "👍")
    desk.order(SetReaction(message_id=message_id, reaction=None))
    told = [type_ for type_ in desk.types() if type_.startswith("reaction")]
    assert told == ["reaction.added", "reaction.removed"]


def test_a_reaction_the_channel_does_not_know_is_refused(desk: Desk) -> None:
    [(message_id,)] = desk.rows("SELECT id FROM messages")
    answer = desk.order(SetReaction(message_id=message_id, reaction="🦖"))
    assert (answer.status, answer.code) == (422, "content_unsupported")


def test_an_outcome_waits_for_a_store_in_trouble(desk: Desk) -> None:
    """What the provider said is offered to the store until it takes it."""
    desk.say("hi")

    async def work() -> None:
        hold = asyncio.Event()
        desk.plugin.script = [hold]
        lane = desk.lane()
        lane.start()
        await desk.until(sending=1)
        capacity, desk.writer._capacity = desk.writer._capacity, 0
        hold.set()
        await asyncio.sleep(0.3)
        assert desk.deliveries() == [("sending", 1)]
        desk.writer._capacity = capacity
        await desk.until(accepted=1)
        await lane.stop()

    asyncio.run(work())


def test_an_address_the_provider_forgot_is_not_used_again_and_one_out_of_reach_is(desk: Desk) -> None:
    blocked = []
    for n, for_good in enumerate((False, True), 1):
        desk.say("hi")
        desk.plugin.script = [Unreachable("nobody", for_good=for_good)]
        run(desk, failed=n)
        blocked += [bool(found) for (found,) in desk.rows("SELECT blocked FROM routes")]
    assert blocked == [False, True]
    again = desk.ask(SendMessage(conversation_id=desk.conversation_id, text="hi"))
    assert isinstance(again, Rejected)


def test_a_request_says_which_conversation_it_is_of(desk: Desk) -> None:
    accepted = desk.say("hi")
    run(desk, accepted=1)
    assert [one.conversation_id for one in desk.plugin.sent] == [accepted.message.conversation_id]
