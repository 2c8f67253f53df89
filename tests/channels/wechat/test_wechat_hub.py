"""A hub with this connector, and WeChat beside it: somebody writes, is answered, leaves; what goes wrong on the way."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from wechat_account import KEY, MEI, SECRET, SETTINGS, TOKEN

from connectors.channels.wechat.simulator import Simulator
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Failure
from gateway.receive import receive
from gateway.record.replay import replay
from gateway.send.asks import Accepted, Rejected
from gateway.send.verdict import Outcome, Verdict, judge
from gateway.store.times import now
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import CONNECTOR, HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_on_wechat(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            body = provider.message("订单到哪了", MEI)
            assert [await beside.heard(provider.genuine(body)) for _ in range(3)] == [
                200
            ] * 3  # a new envelope each time
            assert isinstance(await beside.say("已经寄出 📦"), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert provider.sent == [{"touser": MEI, "msgtype": "text", "text": {"content": "已经寄出 📦"}}]
            assert texts(beside.hub) == ["订单到哪了", "已经寄出 📦"]

    asyncio.run(test())


def test_what_comes_again_while_the_first_is_in_hand_is_one_message_and_one_touch(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            said, touched = provider.message("once", MEI), provider.event("CLICK", MEI, EventKey="V1001_ORDERS")
            copies = [provider.genuine(body) for body in (said, touched) for _ in range(16)]
            assert set(await asyncio.gather(*map(beside.heard, copies))) == {200}
            assert sorted(texts(beside.hub)) == ["[menu: V1001_ORDERS]", "once"]

    asyncio.run(test())


def test_the_address_can_be_set(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            request = as_request(provider.greeting("815"), HOOK, now())
            answer = await receive(beside.hub, beside.hub.connectors[CONNECTOR], request)
            assert (answer.status, answer.body) == (200, b"815")
            assert rows(beside.hub, "SELECT id FROM messages") == []

    asyncio.run(test())


def test_who_subscribes_is_welcomed_and_who_leaves_is_left_alone(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider, welcome="Welcome!") as beside:
            request = as_request(provider.genuine(provider.event("subscribe", MEI, EventKey="")), HOOK, now())
            answer = await receive(beside.hub, beside.hub.connectors[CONNECTOR], request)
            assert answer.body.startswith(b"<xml><Encrypt>")
            await beside.heard(provider.genuine(provider.message("Hello", MEI)))
            await beside.heard(provider.genuine(provider.event("unsubscribe", MEI)))
            assert isinstance(await beside.say("one more thing"), Rejected)
            told = [event["data"]["consent"]["state"] for event in events(beside.hub, "consent.changed")]
            assert told == ["opted_in", "opted_out"]

    asyncio.run(test())


def test_a_call_nobody_signed_leaves_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            forger = Simulator({**SETTINGS, "token": "guessedToken"}, HOOK)
            genuine = provider.genuine(provider.message("let me in", MEI))
            other = provider.genuine(provider.message("another", MEI))
            assert await beside.heard(forger.genuine(forger.message("let me in", MEI))) == 403
            assert await beside.heard(replace(genuine, body=other.body)) == 403
            assert await beside.heard(replace(genuine, path="/in/support")) == 401
            assert rows(beside.hub, "SELECT count(*) FROM messages") == [(0,)]
            assert rows(beside.hub, "SELECT count(*) FROM raws") == [(0,)]

    asyncio.run(test())


def test_what_cannot_be_read_is_set_aside_and_what_a_mended_key_opens_is_recorded(tmp_path, provider):
    async def test():
        other = Simulator({**SETTINGS, "aes_key": "A" * 43}, HOOK)
        async with running(tmp_path, "wechat", provider) as beside:
            assert await beside.heard(provider.genuine(provider.said("image", MEI))) == 200
            assert await beside.heard(other.genuine(other.message("under another key", MEI))) == 200
            assert await beside.heard(provider.genuine(provider.message("readable", MEI))) == 200
            assert texts(beside.hub) == ["readable"]
            assert len(rows(beside.hub, "SELECT id FROM quarantine")) == 2
        async with running(tmp_path, "wechat", provider, aes_key="A" * 43) as beside:
            items = rows(beside.hub, "SELECT id FROM quarantine ORDER BY reason")
            loop = asyncio.get_running_loop()
            states = [(await loop.run_in_executor(None, replay, beside.hub, item)).state for (item,) in items]
            assert sorted(states) == ["open", "replayed"]
            assert texts(beside.hub) == ["readable", "under another key"]

    asyncio.run(test())


def test_a_voice_is_fetched_and_reads_as_what_was_heard(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            provider.files["v1"] = ("audio/amr", b"octets of a voice")
            said = provider.said("voice", MEI, MediaId="v1", Format="amr", Recognition="在哪里")
            await beside.heard(provider.genuine(said))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 17)])
            assert texts(beside.hub) == ["在哪里"]

    asyncio.run(test())


def test_after_two_days_the_way_is_closed_and_says_so(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", MEI)))
            provider.next(Failure.REFUSED)
            await beside.say("late")
            await eventually(lambda: beside.statuses() == ["failed"])
            ((body,),) = rows(beside.hub, "SELECT body FROM deliveries")
            assert msgspec.json.decode(body)["error"]["code"] == "window_closed"

    asyncio.run(test())


def test_a_send_whose_answer_was_lost_is_settled_by_an_operator(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", MEI)))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            assert len(provider.sent) == 1
            ((delivery,),) = rows(beside.hub, "SELECT id FROM deliveries")
            await beside.hub.writer.write(judge, Verdict(delivery, Outcome.ACCEPTED, "Ada", {}))
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert len(provider.sent) == 1

    asyncio.run(test())


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            await beside.heard(provider.genuine(provider.held("image", "image/jpeg", b"x", MEI)))
            await beside.say("hello")
            await eventually(lambda: beside.statuses() == ["accepted"])
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            await eventually(lambda: rows(beside.hub, "SELECT id FROM exchanges"))
        store = kept(tmp_path)
        assert MEI.encode() in store
        for secret in (SECRET, TOKEN, KEY, "ACCESS/1", "ACCESS%2F1"):
            assert secret.encode() not in store

    asyncio.run(test())
