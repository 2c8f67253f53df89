"""A hub with this connector, and Messenger beside it: a customer writes, is answered, reads, and takes back."""

import asyncio
from time import time

import msgspec
import pytest
from messenger_page import SECRETS, SETTINGS

from connectors.channels.messenger.simulator import ANA, Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from normalizer.parts import ReplyAction
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def hub(folder, provider, **settings):
    return running(folder, "messenger", provider, **settings)


async def came(beside, provider, body):
    assert await beside.heard(provider.genuine(body)) == 200


def test_a_conversation_on_messenger(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            assert await beside.heard(provider.handshake()) == 200
            said = provider.genuine(provider.message("Where is my order?"))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("Which?", actions=(ReplyAction(label="881"),)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert (sent["recipient"]["id"], sent["message"]["text"]) == (ANA, "Which?")
            await came(beside, provider, provider.item(delivery={"mids": [name], "watermark": 1}))
            await eventually(lambda: beside.statuses() == ["delivered"])
            await came(beside, provider, provider.item(read={"watermark": int(time() * 1000) + 1000}))
            await eventually(lambda: beside.statuses() == ["read"])
            reply = {"mid": "m_qr", "text": "881", "quick_reply": {"payload": "881"}}
            await came(beside, provider, provider.item(message=reply))
            assert texts(beside.hub) == ["Where is my order?", "Which?", "881"]
            part = events(beside.hub, "message.received")[-1]["data"]["message"]["parts"][0]
            assert (part["type"], part["value"]) == ("choice", "881")

    asyncio.run(test())


def test_of_a_batch_the_one_that_cannot_be_read_is_kept_apart(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            told = [msgspec.json.decode(provider.message(words)) for words in ("before", "broken", "after")]
            told[1]["entry"][0]["messaging"][0]["message"]["text"] = 7
            await came(beside, provider, msgspec.json.encode({**told[0], "entry": [one["entry"][0] for one in told]}))
            assert texts(beside.hub) == ["before", "after"]
            assert len(rows(beside.hub, "SELECT id FROM quarantine")) == 1

    asyncio.run(test())


def test_the_echo_of_our_own_words_settles_a_lost_answer(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            ((name, sent),) = provider.sent.items()
            await came(beside, provider, provider.echo(name, text="once", metadata=sent["message"]["metadata"]))
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert (texts(beside.hub), len(provider.sent)) == (["Hello", "once"], 1)

    asyncio.run(test())


def test_what_is_written_in_the_inbox_is_recorded_and_never_sent(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            await came(beside, provider, provider.echo("m_inbox", text="from the inbox"))
            await came(beside, provider, provider.item(delivery={"mids": ["m_inbox"], "watermark": 1}))
            assert texts(beside.hub) == ["Hello", "from the inbox"]
            assert (rows(beside.hub, "SELECT id FROM deliveries"), provider.sent) == ([], {})
            assert rows(beside.hub, "SELECT count(*) FROM waiting_reports") == [(0,)]

    asyncio.run(test())


def test_what_another_app_has_is_recorded_and_not_answered(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            body = provider.item(kind="standby", message={"mid": "m_s", "text": "to the robot"})
            await came(beside, provider, body)
            (message,) = [event["data"]["message"] for event in events(beside.hub, "message.received")]
            assert (message["text"], message["auto"]) == ("to the robot", True)

    asyncio.run(test())


def test_outside_the_window_nothing_leaves_unless_a_person_may_answer_for_longer(tmp_path, provider):
    async def test(folder, outcome, **settings):
        folder.mkdir()
        async with hub(folder, provider, **settings) as beside:
            message = {"mid": provider.name(), "text": "old"}
            await came(beside, provider, provider.item(timestamp=int((time() - 86_401) * 1000), message=message))
            assert isinstance(await beside.say("It left."), outcome)

    asyncio.run(test(tmp_path / "bot", Rejected))
    asyncio.run(test(tmp_path / "people", Accepted, human_agent=True))


def test_what_is_edited_reacted_to_or_taken_back_reads_so(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            for name, words in (("m_1", "see you at 5"), ("m_2", "my password")):
                await came(beside, provider, provider.item(message={"mid": name, "text": words}))
            later = int(time() * 1000) + 1000
            edit = {"mid": "m_1", "text": "see you at 7", "num_edit": 1}
            await came(beside, provider, provider.item(timestamp=later, message_edit=edit))
            await came(beside, provider, provider.item(message={"mid": "m_2", "is_deleted": True}))
            reaction = {"mid": "m_1", "action": "react", "emoji": "👍", "reaction": "like"}
            await came(beside, provider, provider.item(reaction=reaction))
            assert texts(beside.hub) == ["see you at 7", ""]
            assert [event["data"]["reaction"] for event in events(beside.hub, "reaction.added")] == ["👍"]

    asyncio.run(test())


def test_a_file_is_fetched(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.held(b"octets of a picture"))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await beside.heard(provider.handshake())
            await came(beside, provider, provider.held(b"x"))
            await beside.say("hello")
            await eventually(lambda: beside.statuses() == ["accepted"])
            await eventually(lambda: rows(beside.hub, "SELECT id FROM exchanges"))

    asyncio.run(test())
    octets = kept(tmp_path)
    assert ANA.encode() in octets
    assert not any(secret.encode() in octets for secret in SECRETS.values())


def test_what_was_missed_is_asked_for_and_is_one_with_its_webhook(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider, told={"limits": {"backfill_every": "1s"}}) as beside:
            await eventually(lambda: rows(beside.hub, "SELECT 1 FROM cursors"))
            missed = provider.wrote("Is anybody there?")
            await eventually(lambda: texts(beside.hub) == ["Is anybody there?"])
            await came(beside, provider, provider.item(message={"mid": missed["id"], "text": "Is anybody there?"}))
            assert texts(beside.hub) == ["Is anybody there?"]

    asyncio.run(test())
