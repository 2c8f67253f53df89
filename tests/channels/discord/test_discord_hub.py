"""A hub with this connector, and Discord beside it: somebody writes, presses, edits, takes back."""

import asyncio
from datetime import UTC, datetime

import pytest
from discord_bot import CHANNEL, NELLY, SETTINGS, TOKEN

from connectors.channels.discord.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted
from gateway.send.verdict import Outcome, Verdict, judge
from normalizer.parts import PostbackAction
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


async def connected(provider):
    await eventually(lambda: bool(provider.identified or provider.resumed))


def test_a_private_conversation(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await connected(provider)
            said = await asyncio.to_thread(provider.writes, "Where is my order?", NELLY)
            await eventually(lambda: texts(beside.hub) == ["Where is my order?"])
            assert isinstance(await beside.say("It left."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert (sent["channel_id"], sent["content"]) == (f"9{NELLY}", "It left.")
            bot = {**provider.user(SETTINGS["application_id"]), "bot": True}
            await asyncio.to_thread(provider.writes, "It left.", NELLY, id=name, author=bot)
            later = {**said, "content": "Where is my parcel?", "edited_timestamp": datetime.now(UTC).isoformat()}
            await asyncio.to_thread(provider.dispatch, "MESSAGE_UPDATE", later)
            await eventually(lambda: texts(beside.hub) == ["Where is my parcel?", "It left."])

    asyncio.run(test())


def test_a_command_is_a_message_and_a_press_a_choice(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            used = provider.genuine(provider.message("Where is it?", NELLY))
            assert [await beside.heard(used) for _ in range(2)] == [200, 200]
            await beside.say("Well?", actions=(PostbackAction(label="Yes, please", value="yes"),))
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            shown = {"id": name, "components": sent["components"]}
            ((button,),) = [row["components"] for row in sent["components"]]
            data = {"component_type": 2, "custom_id": button["custom_id"]}
            pressed = provider.interaction(3, NELLY, data, channel_id=f"9{NELLY}", message=shown)
            assert await beside.heard(provider.genuine(pressed)) == 200
            assert texts(beside.hub) == ["Where is it?", "Well?", "Yes, please"]
            part = events(beside.hub, "message.received")[-1]["data"]["message"]["parts"][0]
            assert (part["type"], part["value"], part["label"]) == ("choice", "yes", "Yes, please")

    asyncio.run(test())


def test_a_channel_of_a_server_is_one_public_conversation(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await connected(provider)
            for n, person in enumerate((NELLY, "80351110224678999")):
                await asyncio.to_thread(provider.writes, f"hello {n}", person, channel_id=CHANNEL, guild_id="88")
            await asyncio.to_thread(provider.writes, "elsewhere", NELLY, channel_id="77777", guild_id="88")
            await eventually(lambda: texts(beside.hub) == ["hello 0", "hello 1"])
            assert rows(beside.hub, "SELECT kind FROM conversations") == [("group",)]
            assert rows(beside.hub, "SELECT visibility FROM routes") == [("public",)]

    asyncio.run(test())


def test_what_is_said_while_the_hub_is_away_comes_when_it_is_back(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await connected(provider)
            await asyncio.to_thread(provider.writes, "one", NELLY)
            await eventually(lambda: texts(beside.hub) == ["one"])
        await asyncio.to_thread(provider.writes, "two", NELLY)
        async with running(tmp_path, "discord", provider) as beside:
            await eventually(lambda: texts(beside.hub) == ["one", "two"])
        assert len(provider.identified) == 1

    asyncio.run(test())


def test_what_cannot_be_read_is_set_aside_and_what_is_taken_back_is_gone(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await connected(provider)
            said = await asyncio.to_thread(provider.writes, "my password is 1234", NELLY)
            await asyncio.to_thread(provider.writes, "broken", NELLY, timestamp="yesterday")
            await asyncio.to_thread(provider.writes, "readable", NELLY)
            await eventually(lambda: texts(beside.hub) == ["my password is 1234", "readable"])
            assert len(rows(beside.hub, "SELECT id FROM quarantine")) == 1
            gone = {"id": said["id"], "channel_id": said["channel_id"]}
            await asyncio.to_thread(provider.dispatch, "MESSAGE_DELETE", gone)
            await eventually(lambda: texts(beside.hub) == ["", "readable"])

    asyncio.run(test())


def test_an_interaction_nobody_signed_hears_401_and_leaves_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider, public_key="0" * 64) as beside:
            assert await beside.heard(provider.genuine(provider.message("let me in", NELLY))) == 401
            assert rows(beside.hub, "SELECT count(*) FROM messages") == [(0,)]

    asyncio.run(test())


def test_a_file_is_fetched(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await connected(provider)
            provider.files["/held/1.png"] = b"octets of a picture"
            told = {"id": "1", "filename": "box.png", "url": f"{provider.url}/held/1.png", "content_type": "image/png"}
            await asyncio.to_thread(provider.writes, "", NELLY, attachments=[told])
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())


def test_a_send_whose_answer_was_lost_may_be_repeated_and_is_shown_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", NELLY)))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            ((delivery,),) = rows(beside.hub, "SELECT id FROM deliveries")
            await beside.hub.writer.write(judge, Verdict(delivery, Outcome.RETRY, "Ada", {}))
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert len(provider.sent) == 1

    asyncio.run(test())


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await connected(provider)
            used = provider.interaction(2, NELLY, {"name": "ask"}, token="interaction-token-of-a-quarter-hour")
            await beside.heard(provider.genuine(used))
            await beside.say("hello")
            await eventually(lambda: beside.statuses() == ["accepted"])
            await eventually(lambda: rows(beside.hub, "SELECT id FROM exchanges"))
        store = kept(tmp_path)
        assert NELLY.encode() in store
        assert TOKEN.encode() not in store
        assert b"interaction-token" not in store

    asyncio.run(test())
