"""A hub with this connector, and Zalo beside it: a customer writes, is answered, reads, and leaves."""

import asyncio

import pytest
from zalo_account import SETTINGS

from connectors.channels.zalo.simulator import USER, Simulator
from gateway.send.asks import Accepted, Rejected
from normalizer.parts import MediaKind, MediaPart
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_on_zalo(tmp_path, provider):
    async def test():
        async with running(tmp_path, "zalo", provider) as beside:
            said = provider.genuine(provider.message("Where is my order?"))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("It left."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert sent == {"recipient": {"user_id": USER}, "message": {"text": "It left."}}
            for event in ("user_seen_message", "user_received_message", "user_seen_message"):
                assert await beside.heard(provider.genuine(provider.report(name, event))) == 200
            await eventually(lambda: beside.statuses() == ["read"])
            echo = provider.said("oa_send_text", {"msg_id": name, "text": "It left."})
            assert await beside.heard(provider.genuine(echo)) == 200
            assert texts(beside.hub) == ["Where is my order?", "It left."]  # the echo is no message more
        secrets = (SETTINGS["oa_secret_key"], SETTINGS["access_token"])
        assert [secret for secret in secrets if secret.encode() in kept(tmp_path)] == []

    asyncio.run(test())


def test_what_was_written_in_zalos_own_app_is_history(tmp_path, provider):
    async def test():
        async with running(tmp_path, "zalo", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello")))
            assert await beside.heard(provider.genuine(provider.said("oa_send_text", {"text": "We look."}))) == 200
            assert (texts(beside.hub), beside.statuses(), provider.sent) == (["Hello", "We look."], [], {})

    asyncio.run(test())


def test_who_unfollows_is_left_alone_and_a_forger_is_not_heard(tmp_path, provider):
    async def test():
        async with running(tmp_path, "zalo", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello")))
            genuine = provider.genuine(provider.unfollowed(USER))
            forged = type(genuine)(genuine.method, genuine.path, genuine.headers, genuine.body + b" ")
            assert await beside.heard(forged) == 403
            assert await beside.heard(genuine) == 200
            assert isinstance(await beside.say("one more thing"), Rejected)
            assert beside.consents() == ["opted_out"]

    asyncio.run(test())


def test_a_picture_is_fetched(tmp_path, provider):
    async def test():
        async with running(tmp_path, "zalo", provider) as beside:
            await beside.heard(provider.genuine(provider.picture(b"octets of a picture")))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())


def test_a_picture_that_came_goes_back_and_a_reaction_is_heard_and_given(tmp_path, provider):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(100)

    async def test():
        async with running(tmp_path, "zalo", provider) as beside:
            assert await beside.heard(provider.genuine(provider.picture(picture))) == 200
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment,),) = rows(beside.hub, "SELECT id FROM attachments")
            part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/png")
            assert isinstance(await beside.say("", parts=(part,)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            ((brought, octets),) = provider.brought.items()
            assert octets == picture
            assert brought in str(sent)
            assert await beside.heard(provider.genuine(provider.reacted(name, "/-heart"))) == 200
            assert [event["data"]["reaction"] for event in events(beside.hub, "reaction.added")] == ["❤️"]

    asyncio.run(test())
