"""A hub with this connector, and VK beside it: somebody writes, is answered, presses, reads, and forbids."""

import asyncio

import msgspec
import pytest
from vk_community import OLGA, SECRET, SETTINGS, TOKEN

from connectors.channels.vk.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.record.replay import replay
from gateway.send.asks import Accepted, Rejected
from gateway.send.verdict import Outcome, Verdict, judge
from normalizer.parts import PostbackAction
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_on_vk(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            said = provider.genuine(provider.message("Где мой заказ?", OLGA))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("В пути."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert (sent["peer_ids"], sent["message"]) == (OLGA, "В пути.")
            assert await beside.heard(provider.genuine(provider.echo(name))) == 200
            number = int(name.partition(":")[2])
            read = {"from_id": 12345, "peer_id": 12345, "read_message_id": 1, "conversation_message_id": number}
            assert await beside.heard(provider.genuine(provider.event("message_read", read))) == 200
            await eventually(lambda: beside.statuses() == ["read"])
            assert texts(beside.hub) == ["Где мой заказ?", "В пути."]  # the echo is no message more

    asyncio.run(test())


def test_what_the_communitys_own_desk_says_is_history(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", OLGA)))
            desk = {"from_id": -777, "peer_id": 12345, "date": 1790000000, "text": "We look.", "out": 1}
            told = provider.event("message_reply", {**desk, "conversation_message_id": 99, "admin_author_id": 5})
            assert await beside.heard(provider.genuine(told)) == 200
            assert texts(beside.hub) == ["Hello", "We look."]
            assert rows(beside.hub, "SELECT count(*) FROM deliveries WHERE status = 'queued'") == [(0,)]
            assert provider.sent == {}

    asyncio.run(test())


def test_a_pressed_button_is_a_choice_and_stops_turning(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", OLGA)))
            await beside.say("Well?", actions=(PostbackAction(label="Yes, please", value="yes"),))
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            ((button,),) = msgspec.json.decode(sent["keyboard"])["buttons"]
            payload = msgspec.json.decode(button["action"]["payload"])
            number = int(name.partition(":")[2])
            who = {"user_id": 12345, "peer_id": 12345, "event_id": "9c0a:1b", "conversation_message_id": number}
            body = provider.event("message_event", {**who, "payload": payload})
            assert await beside.heard(provider.genuine(body)) == 200
            await eventually(lambda: len(provider.answered) == 1)
            (told,) = provider.answered
            assert (told["event_id"], told["user_id"], told["peer_id"]) == ("9c0a:1b", OLGA, OLGA)
            part = events(beside.hub, "message.received")[-1]["data"]["message"]["parts"][0]
            assert (part["type"], part["value"], part["label"]) == ("choice", "yes", "Yes, please")
            assert texts(beside.hub) == ["Hello", "Well?", "Yes, please"]

    asyncio.run(test())


def test_who_forbids_messages_is_left_alone_until_they_allow_them(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", OLGA)))
            await beside.heard(provider.genuine(provider.event("message_deny", {"user_id": 12345})))
            assert isinstance(await beside.say("one more thing"), Rejected)
            await beside.heard(provider.genuine(provider.event("message_allow", {"user_id": 12345, "key": ""})))
            assert isinstance(await beside.say("welcome back"), Accepted)
            told = [event["data"]["consent"]["state"] for event in events(beside.hub, "consent.changed")]
            assert told == ["opted_out", "opted_in"]

    asyncio.run(test())


def test_a_call_that_does_not_know_the_secret_leaves_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            forger = Simulator({**SETTINGS, "secret": "guessed"}, HOOK)
            other = Simulator({**SETTINGS, "group_id": 778}, HOOK)
            assert await beside.heard(forger.genuine(forger.message("let me in", OLGA))) == 403
            assert await beside.heard(other.genuine(other.message("let me in", OLGA))) == 403
            assert await beside.heard(provider.genuine(b"{")) == 403
            asks = b'{"type":"confirmation","group_id":777}'
            assert await beside.heard(provider.genuine(asks)) == 200
            assert rows(beside.hub, "SELECT count(*) FROM raws") == [(0,)]

    asyncio.run(test())


def test_what_is_edited_reads_so_and_a_group_is_one_conversation(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            said = msgspec.json.decode(provider.said(OLGA, peer="2000000001", text="see you at 5"))["object"]["message"]
            await beside.heard(provider.genuine(provider.event("message_new", {"message": said})))
            later = {**said, "text": "see you at 7", "update_time": said["date"] + 60}
            await beside.heard(provider.genuine(provider.event("message_edit", later)))
            await beside.heard(provider.genuine(provider.said("54321", peer="2000000001", text="me too")))
            assert texts(beside.hub) == ["see you at 7", "me too"]
            assert rows(beside.hub, "SELECT kind FROM conversations") == [("group",)]
            await beside.say("hello all")
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert (name, sent["peer_ids"]) == ("2000000001:1", "2000000001")

    asyncio.run(test())


def test_a_picture_is_fetched(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            await beside.heard(provider.genuine(provider.picture(b"octets of a picture", OLGA)))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())


def test_a_send_whose_answer_was_lost_may_be_repeated_and_is_shown_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", OLGA)))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            ((delivery,),) = rows(beside.hub, "SELECT id FROM deliveries")
            await beside.hub.writer.write(judge, Verdict(delivery, Outcome.RETRY, "Ada", {}))
            await eventually(lambda: beside.statuses() == ["accepted"])
            asked = [request for request in provider.requests if provider.is_send(request)]
            assert (len(asked), len(provider.sent)) == (2, 1)

    asyncio.run(test())


def test_a_flood_pauses_the_lane_and_costs_no_attempt(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider, rate_pause=0.2) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", OLGA)))
            provider.next(Failure.RATE_LIMITED)
            await beside.say("patience")
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert rows(beside.hub, "SELECT attempt FROM deliveries") == [(1,)]

    asyncio.run(test())


def test_no_secret_is_kept_in_the_store_nor_in_what_is_set_aside_and_read_again(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vk", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", OLGA)))
            unknown = provider.event("message_pinned", {"peer_id": 12345})
            broken = provider.event("message_new", {"message": {"peer_id": "nobody"}})
            assert [await beside.heard(provider.genuine(body)) for body in (unknown, broken)] == [200, 200]
            await beside.say("hello")
            await eventually(lambda: beside.statuses() == ["accepted"])
            await eventually(lambda: rows(beside.hub, "SELECT id FROM exchanges"))
            for (item,) in rows(beside.hub, "SELECT id FROM quarantine"):
                again = await asyncio.to_thread(replay, beside.hub, item)
                assert again is not None
                assert again.state == "open"  # what it said is still not known, and that is all that is wrong with it
            reasons = rows(beside.hub, "SELECT reason FROM quarantine ORDER BY reason")
            assert reasons[1] == ("an event we do not know: message_pinned",)
        store = kept(tmp_path)
        assert b"12345" in store
        assert SECRET.encode() not in store
        assert TOKEN.encode() not in store

    asyncio.run(test())
