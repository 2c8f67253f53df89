"""A hub with this connector, and Instagram beside it: a customer writes, is answered, reads, and unsends."""

import asyncio
from time import time

import msgspec
import pytest
from instagram_account import SECRETS, SETTINGS

from connectors.channels.instagram.simulator import ANA, Simulator
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
    return running(folder, "instagram", provider, **settings)


async def came(beside, provider, body):
    assert await beside.heard(provider.genuine(body)) == 200


def test_a_conversation_on_instagram(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            assert await beside.heard(provider.handshake()) == 200
            said = provider.genuine(provider.message("Where is my order?"))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("Which?", actions=(ReplyAction(label="881"),)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert (sent["recipient"]["id"], sent["message"]["text"]) == (ANA, "Which?")
            await came(beside, provider, provider.echo(name, text="Which?"))  # it comes back, and is known
            await came(beside, provider, provider.item(read={"mid": name}))
            await eventually(lambda: beside.statuses() == ["read"])
            reply = {"mid": "aWd_qr", "text": "881", "quick_reply": {"payload": "881"}}
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
            batch = {**told[0], "entry": [one["entry"][0] for one in told]}
            await came(beside, provider, msgspec.json.encode(batch))
            assert texts(beside.hub) == ["before", "after"]
            assert len(rows(beside.hub, "SELECT id FROM quarantine")) == 1

    asyncio.run(test())


def test_what_is_written_on_the_telephone_is_recorded_and_never_sent(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            await came(beside, provider, provider.echo("aWd_app", text="by telephone"))
            assert texts(beside.hub) == ["Hello", "by telephone"]
            assert (rows(beside.hub, "SELECT id FROM deliveries"), provider.sent) == ([], {})
            await came(beside, provider, provider.echo("aWd_app", is_deleted=True))
            assert texts(beside.hub) == ["Hello", ""]

    asyncio.run(test())


def test_a_lost_answer_leaves_the_outcome_to_an_operator_and_nothing_is_sent_twice(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            assert len(provider.sent) == 1

    asyncio.run(test())


def test_what_is_unsent_is_gone_and_a_heart_is_told(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            for name, words in (("aWd_1", "see you at 5"), ("aWd_2", "my password")):
                await came(beside, provider, provider.item(message={"mid": name, "text": words}))
            await came(beside, provider, provider.item(message={"mid": "aWd_2", "is_deleted": True}))
            reaction = {"mid": "aWd_1", "action": "react", "emoji": "❤", "reaction": "love"}
            await came(beside, provider, provider.item(reaction=reaction))
            assert texts(beside.hub) == ["see you at 5", ""]
            assert [event["data"]["reaction"] for event in events(beside.hub, "reaction.added")] == ["❤"]

    asyncio.run(test())


@pytest.mark.parametrize(("human_agent", "outcome"), [(False, Rejected), (True, Accepted)])
def test_outside_the_window_nothing_leaves_unless_a_person_may_answer_for_longer(
    tmp_path, provider, human_agent, outcome
):
    async def test():
        async with hub(tmp_path, provider, human_agent=human_agent) as beside:
            message = {"mid": provider.name(), "text": "old"}
            await came(beside, provider, provider.item(timestamp=int((time() - 86_401) * 1000), message=message))
            assert isinstance(await beside.say("It left."), outcome)

    asyncio.run(test())


def test_the_story_somebody_mentions_us_in_is_fetched_at_once(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.held(b"octets of a story", "video/mp4", "story_mention"))
            stored = [("stored", 17)]
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == stored)
            assert texts(beside.hub) == ["[mentioned you in a story]"]

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
