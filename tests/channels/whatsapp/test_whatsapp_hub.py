"""A hub with this connector, and WhatsApp beside it: a customer writes, is answered, reads, moves, and says stop."""

import asyncio
import json
from time import time

import msgspec
import pytest
from whatsapp_number import SECRETS, SETTINGS

from connectors.channels.whatsapp.simulator import Simulator
from connectors.families.meta.whatsapp.number import ANA
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from normalizer.commands import SetTyping
from normalizer.parts import FormAction, ReplyAction, TemplatePart
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running

HELLO = TemplatePart(name="hello", language="en_US")


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def hub(folder, provider):
    return running(folder, "whatsapp", provider)


async def came(beside, provider, body):
    assert await beside.heard(provider.genuine(body)) == 200


def test_a_conversation_on_whatsapp(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            said = provider.genuine(provider.message("Where is my order?"))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("Which?", actions=(ReplyAction(label="881"),)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert (sent["to"], sent["interactive"]["body"]["text"]) == (ANA, "Which?")
            for status in ("read", "delivered", "sent"):
                await came(beside, provider, provider.report(name, status))
            await eventually(lambda: beside.statuses() == ["read"])
            picked = {"type": "button_reply", "button_reply": {"id": "881", "title": "881"}}
            await came(beside, provider, provider.said(type="interactive", interactive=picked, context={"id": name}))
            assert texts(beside.hub) == ["Where is my order?", "Which?", "881"]
            part = events(beside.hub, "message.received")[-1]["data"]["message"]["parts"][0]
            assert (part["type"], part["value"]) == ("choice", "881")

    asyncio.run(test())


def test_the_address_is_proven_to_meta_and_the_token_is_not_kept(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            assert await beside.heard(provider.handshake()) == 200
            forged = Simulator({**SETTINGS, "verify_token": "guessed-words"}, HOOK)
            assert await beside.heard(forged.handshake()) == 403
            assert [url for (url,) in rows(beside.hub, "SELECT url FROM raws")] == [
                f"{HOOK}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=***"
            ]

    asyncio.run(test())


def test_of_a_batch_the_one_that_cannot_be_read_is_kept_apart(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            told = [msgspec.json.decode(provider.message(words)) for words in ("before", "broken", "after")]
            told[1]["entry"][0]["changes"][0]["value"]["messages"][0]["text"] = 7
            batch = {**told[0], "entry": [one["entry"][0] for one in told]}
            await came(beside, provider, msgspec.json.encode(batch))
            assert texts(beside.hub) == ["before", "after"]
            assert len(rows(beside.hub, "SELECT id FROM quarantine")) == 1

    asyncio.run(test())


def test_a_report_that_comes_before_the_answer_settles_a_lost_one(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            ((name, _),) = provider.sent.items()
            await came(beside, provider, provider.report(name, "delivered"))
            await eventually(lambda: beside.statuses() == ["delivered"])
            assert len(provider.sent) == 1

    asyncio.run(test())


def test_outside_the_window_only_a_template_leaves(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(
                beside, provider, provider.said(type="text", text={"body": "old"}, timestamp=str(int(time()) - 86_401))
            )
            refused = await beside.say("It left.")
            assert isinstance(refused, Rejected)
            assert refused.code == "window_closed"
            assert isinstance(await beside.say("Hello!", parts=(HELLO,)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (sent,) = provider.sent.values()
            assert sent["template"] == {"name": "hello", "language": {"code": "en_US"}}

    asyncio.run(test())


def test_somebody_is_written_to_first_by_a_template_and_answers_under_another_name(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            assert isinstance(await beside.say("Hello!", to=f"+{ANA}", parts=(HELLO,)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            for words in ("Who are you?", "Hello?"):
                await came(beside, provider, provider.said(user_id="GB.8123", type="text", text={"body": words}))
            assert texts(beside.hub) == ["Hello!", "Who are you?", "Hello?"]
            assert len(beside.conversations()) == 1
            assert rows(beside.hub, "SELECT address FROM routes") == [("GB.8123",)]
            known = {(scheme, value) for scheme, value in rows(beside.hub, "SELECT scheme, value FROM identities")}
            assert known == {("whatsapp", "GB.8123"), ("tel", f"+{ANA}")}
            assert isinstance(await beside.say("We are Acme."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted", "accepted"])
            assert list(provider.sent.values())[-1]["recipient"] == "GB.8123"

    asyncio.run(test())


def test_who_takes_another_number_keeps_their_history(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            moved = {"type": "user_changed_number", "body": "Ana changed", "wa_id": "447700900444"}
            await came(beside, provider, provider.said(type="system", system=moved))
            await came(beside, provider, provider.message("my new number", "447700900444"))
            assert texts(beside.hub) == ["Hello", "my new number"]
            assert (len(beside.conversations()), rows(beside.hub, "SELECT address FROM routes")) == (
                1,
                [("+447700900444",)],
            )

    asyncio.run(test())


def test_what_is_written_in_the_app_is_recorded_and_never_sent(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            echo = {"from": "15550001111", "to": ANA, "id": "wamid.APP", "timestamp": str(int(time())), "type": "text"}
            body = provider.change("smb_message_echoes", message_echoes=[{**echo, "text": {"body": "by telephone"}}])
            await came(beside, provider, body)
            assert texts(beside.hub) == ["Hello", "by telephone"]
            assert (rows(beside.hub, "SELECT id FROM deliveries"), provider.sent) == ([], {})

    asyncio.run(test())


def test_a_stop_of_marketing_keeps_marketing_away_and_nothing_else(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            told = {"wa_id": ANA, "category": "marketing_messages", "detail": "x", "timestamp": int(time())}
            preferences = [("resume", Accepted), ("stop", Rejected)]
            for n, (value, outcome) in enumerate(preferences):
                preference = {**told, "value": value, "timestamp": told["timestamp"] + n}
                await came(beside, provider, provider.change("user_preferences", user_preferences=[preference]))
                assert isinstance(await beside.say("New shoes!", purpose="marketing", parts=(HELLO,)), outcome)
            assert isinstance(await beside.say("Your parcel left."), Accepted)

    asyncio.run(test())


def test_what_is_edited_or_taken_back_reads_so(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.said(id="wamid.1", type="text", text={"body": "see you at 5"}))
            await came(beside, provider, provider.said(id="wamid.2", type="text", text={"body": "my password"}))
            edit = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "see you at 7"}}}
            await came(beside, provider, provider.said(type="edit", edit=edit, timestamp=str(int(time()) + 1)))
            await came(beside, provider, provider.said(type="revoke", revoke={"original_message_id": "wamid.2"}))
            await came(
                beside, provider, provider.said(type="reaction", reaction={"message_id": "wamid.1", "emoji": "👍"})
            )
            assert texts(beside.hub) == ["see you at 7", ""]
            assert [event["data"]["reaction"] for event in events(beside.hub, "reaction.added")] == ["👍"]

    asyncio.run(test())


def test_a_file_is_fetched_and_the_sign_shows_under_the_last_message(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.held(b"octets of a picture"))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])
            await came(beside, provider, provider.said(id="wamid.last", type="text", text={"body": "that one"}))
            (conversation,) = beside.conversations()
            await beside.hub.show_typing(SetTyping(conversation_id=conversation))
            assert [shown["message_id"] for shown in provider.shown] == ["wamid.last"]

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


def test_a_form_is_sent_and_what_was_filled_in_comes_back_as_a_reply_to_it(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("A box, please"))
            form = FormAction(label="Choose", form="1234567890", screen="SIZES", data={"order": "881"})
            assert isinstance(await beside.say("Which box do you want?", actions=(form,)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            asked = sent["interactive"]["action"]["parameters"]
            filled = {"flow_token": asked["flow_token"], "size": "42"}
            told = {"name": "flow", "body": "Sent", "response_json": json.dumps(filled)}
            said = {"type": "nfm_reply", "nfm_reply": told}
            await came(beside, provider, provider.said(type="interactive", interactive=said, context={"id": name}))
            message = events(beside.hub, "message.received")[-1]["data"]["message"]
            ((ours,),) = rows(beside.hub, "SELECT message_id FROM deliveries")
            assert (message["parts"][0]["data"]["response"], message["reply_to"]) == (filled, ours)

    asyncio.run(test())


async def read_all(beside):
    (conversation,) = beside.conversations()
    await beside.read(conversation)


def test_what_an_agent_read_is_shown_once_and_by_the_last_message(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            for name in ("wamid.first", "wamid.last"):
                await came(beside, provider, provider.said(id=name, type="text", text={"body": name}))
            for _ in range(2):
                await read_all(beside)
            await eventually(lambda: provider.shown)
        assert provider.shown == [{"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.last"}]

    asyncio.run(test())


def test_where_an_operator_wants_none_nobody_is_shown_that_they_were_read(tmp_path, provider):
    async def test():
        async with running(tmp_path, "whatsapp", provider, read_receipts=False) as beside:
            await came(beside, provider, provider.message("Hello"))
            await read_all(beside)
            assert len(events(beside.hub, "conversation.read")) == 1
        assert provider.shown == []

    asyncio.run(test())


def test_a_refused_receipt_is_not_tried_again(tmp_path, provider):
    async def test():
        async with hub(tmp_path, provider) as beside:
            await came(beside, provider, provider.message("Hello"))
            provider.next(Failure.SERVER_ERROR)
            await read_all(beside)
            await eventually(lambda: len(provider.requests) == 1)
            assert len(events(beside.hub, "conversation.read")) == 1
        assert (len(provider.requests), provider.shown) == (1, [])

    asyncio.run(test())
