"""A hub with this sender, and Twilio beside it: what comes in, what leaves, what is reported, what was missed."""

import asyncio
import json
from urllib.parse import parse_qs

import pytest
from twilio_whatsapp_chats import MINA, NUMBER, simulator

from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from normalizer.parts import LocationPart, MediaKind, MediaPart, TemplatePart
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, running

LIMITS = {"limits": {"backfill_every": "1s"}}


@pytest.fixture
def provider():
    with simulator() as twilio:
        yield twilio


def during(tmp_path, provider, act, told=None, **settings):
    async def test():
        async with running(tmp_path, "twilio_whatsapp", provider, told=told, **{"backfill": False, **settings}) as hub:
            await act(hub)

    asyncio.run(test())


def sent(provider):
    return [parse_qs(one.body.decode()) for one in provider.performed if provider.is_send(one)]


def test_a_conversation_by_whatsapp(tmp_path, provider):
    async def act(hub):
        assert await hub.heard(provider.genuine(provider.message("my order #881"))) == 200
        assert isinstance(await hub.say("It left."), Accepted)
        await eventually(lambda: hub.statuses() == ["accepted"])
        ((sid, message),) = provider.sent.items()
        assert (message["To"], message["From"], message["Body"]) == (
            f"whatsapp:{MINA}",
            f"whatsapp:{NUMBER}",
            "It left.",
        )
        for status in ("delivered", "sent", "read", "delivered", "queued"):
            assert await hub.heard(provider.report(sid, status)) == 200
        await eventually(lambda: hub.statuses() == ["read"])
        assert texts(hub.hub) == ["my order #881", "It left."]
        ((name,),) = rows(hub.hub, "SELECT CAST(body AS TEXT) ->> '$.name' FROM contacts")
        assert name == "Mina"

    during(tmp_path, provider, act)


def test_a_redelivery_is_recorded_once(tmp_path, provider):
    async def act(hub):
        wire = provider.genuine(provider.message("once"))
        await asyncio.gather(*(hub.heard(wire) for _ in range(3)))
        assert texts(hub.hub) == ["once"]

    during(tmp_path, provider, act)


def test_what_cannot_be_read_is_quarantined_and_the_rest_recorded(tmp_path, provider):
    async def act(hub):
        broken = provider.message("a text message", From=MINA)
        assert await hub.heard(provider.genuine(broken)) == 200
        assert await hub.heard(provider.genuine(provider.message("fine"))) == 200
        assert texts(hub.hub) == ["fine"]
        assert rows(hub.hub, "SELECT reason FROM quarantine") == [("no sender of WhatsApp",)]

    during(tmp_path, provider, act)


def test_the_window_that_closed_is_told_as_that(tmp_path, provider):
    async def act(hub):
        await hub.heard(provider.genuine(provider.message("a day ago, by their clock")))
        await hub.say("too late")
        await eventually(lambda: hub.statuses() == ["accepted"])
        (sid,) = provider.sent
        await hub.heard(provider.report(sid, "undelivered", 63016))
        await eventually(lambda: hub.statuses() == ["failed"])
        error = events(hub.hub, "delivery.updated")[-1]["data"]["delivery"]["error"]
        assert (error["code"], error["provider_code"]) == ("window_closed", "63016")

    during(tmp_path, provider, act)


def test_who_never_wrote_is_written_to_by_a_template_only(tmp_path, provider):
    async def act(hub):
        refused = await hub.say("hello", to=MINA)
        assert isinstance(refused, Rejected)
        assert refused.code == "window_closed"
        parcel = TemplatePart(name="parcel", language="en", header=("881",), body=("today", "Mina"), buttons=("t/881",))
        assert isinstance(await hub.say("Your parcel left.", to=MINA, parts=(parcel,)), Accepted)
        await eventually(lambda: hub.statuses() == ["accepted"])
        ((sid, message),) = provider.sent.items()
        assert json.loads(message["ContentVariables"]) == {"1": "today", "2": "Mina", "3": "881", "4": "t/881"}
        assert (message["ContentSid"], "Body" in message) == (provider.contents[1]["sid"], False)
        await hub.heard(provider.report(sid, "read"))
        await eventually(lambda: hub.statuses() == ["read"])

    during(tmp_path, provider, act)


def test_a_template_whatsapp_rejected_fails_with_what_to_do_and_never_leaves(tmp_path, provider):
    async def act(hub):
        winter = TemplatePart(name="winter", language="de")
        assert isinstance(await hub.say("Alles muss raus", to=MINA, parts=(winter,)), Accepted)
        await eventually(lambda: hub.statuses() == ["failed"])
        error = events(hub.hub, "delivery.updated")[-1]["data"]["delivery"]["error"]
        said = "the template 'winter' is rejected (INVALID_FORMAT): change it, and submit it again"
        assert (error["code"], error["detail"]) == ("template_invalid", said)
        assert sent(provider) == []

    during(tmp_path, provider, act)


def test_stop_by_advanced_opt_out_blocks_the_way_and_start_opens_it(tmp_path, provider):
    async def act(hub):
        await hub.heard(provider.genuine(provider.message("STOP", OptOutType="STOP")))
        assert isinstance(await hub.say("one more thing"), Rejected)
        await hub.heard(provider.genuine(provider.message("START", OptOutType="START")))
        assert isinstance(await hub.say("welcome back"), Accepted)

    during(tmp_path, provider, act)


def test_a_file_arrives_by_redirection_and_leaves_as_a_link_that_opens_it(tmp_path, provider):
    async def act(hub):
        await hub.heard(provider.genuine(provider.file(b"octets of a picture", text="this?")))
        await eventually(lambda: rows(hub.hub, "SELECT state FROM attachments") == [("stored",)])
        ((attachment, sha256),) = rows(hub.hub, "SELECT id, sha256 FROM attachments")
        assert hub.hub.files.path(sha256).read_bytes() == b"octets of a picture"
        redirected = [one for one in provider.requests if one.path.startswith("/held/")]
        assert redirected
        assert not [one for one in redirected if "authorization" in one.headers]
        part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
        await hub.say("", parts=(part,))
        await eventually(lambda: hub.statuses() == ["accepted"])
        (link,) = sent(provider)[0]["MediaUrl"]
        assert link.startswith(f"https://hub.example.com/v1/attachments/{attachment}?expires=")

    during(tmp_path, provider, act)


def test_a_place_goes_as_a_place(tmp_path, provider):
    async def act(hub):
        await hub.heard(provider.genuine(provider.message("where?")))
        await hub.say("", parts=(LocationPart(latitude=51.5, longitude=-0.07, name="Office"),))
        await eventually(lambda: hub.statuses() == ["accepted"])
        (message,) = sent(provider)
        assert (message["PersistentAction"], message["Body"]) == (["geo:51.500000,-0.070000|Office"], ["Office"])

    during(tmp_path, provider, act)


def test_what_came_while_the_hub_was_down_comes_with_its_start(tmp_path, provider):
    async def first(hub):
        await eventually(lambda: rows(hub.hub, "SELECT cursor FROM cursors"))
        assert await hub.heard(provider.genuine(provider.message("before"))) == 200

    during(tmp_path, provider, first, LIMITS, backfill=True)
    missed = [provider.message("while"), provider.file(b"a picture")]

    async def second(hub):
        await eventually(lambda: texts(hub.hub) == ["before", "while", "[image]"])
        for body in missed:  # Twilio's own repetition comes after all
            assert await hub.heard(provider.genuine(body)) == 200
        assert texts(hub.hub) == ["before", "while", "[image]"]

    during(tmp_path, provider, second, LIMITS, backfill=True)


def test_a_send_whose_answer_was_lost_is_never_repeated_and_settled_by_its_report(tmp_path, provider):
    async def act(hub):
        await hub.heard(provider.genuine(provider.message("hello")))
        provider.next(Failure.LOST_ANSWER)
        await hub.say("once")
        await eventually(lambda: hub.statuses() == ["uncertain"])
        (sid,) = provider.sent
        await hub.heard(provider.report(sid, "delivered"))
        await eventually(lambda: hub.statuses() == ["delivered"])
        assert len([one for one in provider.requests if provider.is_send(one)]) == 1

    during(tmp_path, provider, act)


def test_who_writes_by_whatsapp_is_who_writes_by_the_same_number_elsewhere(tmp_path, provider):
    async def act(hub):
        await hub.heard(provider.genuine(provider.message("hello")))
        assert rows(hub.hub, "SELECT scheme, value, scope FROM identities") == [("tel", MINA, "*")]
        hidden = provider.message("hello", sender="GB.13491208655302741918")
        await hub.heard(provider.genuine(hidden))
        found = rows(hub.hub, "SELECT scheme, scope FROM identities ORDER BY id")
        assert found == [("tel", "*"), ("whatsapp", "support")]
        await hub.say("and you?", conversation_id=hub.conversations()[-1])
        await eventually(lambda: hub.statuses() == ["accepted"])
        assert sent(provider)[0]["To"] == ["whatsapp:GB.13491208655302741918"]

    during(tmp_path, provider, act)


def test_the_hook_is_where_reports_go(tmp_path, provider):
    async def act(hub):
        await hub.heard(provider.genuine(provider.message("hello")))
        await hub.say("hello")
        await eventually(lambda: hub.statuses() == ["accepted"])
        (message,) = provider.sent.values()
        assert message["StatusCallback"].startswith(f"{HOOK}?token=")
        assert message["StatusCallback"].endswith("#rc=5&rp=all")

    during(tmp_path, provider, act)
