"""What Discord answers, and what the hub is told; and what is asked of it besides sending."""

from pathlib import Path

import msgspec
import pytest
from discord_bot import CHANNEL, HELLO, NELLY, SETTINGS, answering, during, plugin

from connectors.channels.discord.simulator import Simulator, failure
from connectors.kit.base import Account, File, Outbound, OutboundEdit, OutboundReaction, Outcome, Registration, Sent
from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import CallAction, LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload
from tests.channels.beside import HOOK, NOW


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("reply", "error", "code", "number"),
    [
        (failure(403, 50007, "words"), OptedOut, ErrorCode.OPTED_OUT, "50007"),
        (failure(404, 10003, "words"), Unreachable, ErrorCode.INVALID_ADDRESS, "10003"),
        (failure(400, 10013, "words"), Unreachable, ErrorCode.INVALID_ADDRESS, "10013"),
        (failure(403, 50001, "words"), Refused, ErrorCode.POLICY_REJECTED, "50001"),
        (failure(403, 50013, "words"), Refused, ErrorCode.POLICY_REJECTED, "50013"),
        (failure(404, 10008, "words"), Refused, ErrorCode.CONTENT_UNSUPPORTED, "10008"),
        (failure(400, 10014, "words"), Refused, ErrorCode.CONTENT_UNSUPPORTED, "10014"),
        (failure(403, 50005, "words"), Refused, ErrorCode.CONTENT_UNSUPPORTED, "50005"),
        (failure(400, 50083, "words"), Refused, ErrorCode.POLICY_REJECTED, "50083"),
        (failure(400, 50006, "words"), Refused, ErrorCode.CONTENT_UNSUPPORTED, "50006"),
        (failure(400, 50035, "words"), Refused, ErrorCode.CONTENT_UNSUPPORTED, "50035"),
        (failure(413, 40005, "words"), Refused, ErrorCode.MEDIA_TOO_LARGE, "40005"),
        (failure(401, 0, "words"), Misconfigured, ErrorCode.AUTH_FAILED, "401"),
        (failure(400, 99999, "words"), Refused, ErrorCode.UNKNOWN, "99999"),
        (failure(500, 0, "words"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "500"),
    ],
)
def test_each_refusal_leads_to_its_next_act(reply, error, code, number):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (code, number, "words")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(502), OutcomeUnknown),
        (Reply(302), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply.json({}), OutcomeUnknown),
        (Reply(404), Refused),
    ],
)
def test_what_is_no_answer_of_discords_is_judged_by_what_it_may_have_done(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


@pytest.mark.parametrize(("told", "seconds"), [({"retry_after": 1.25}, 1.25), ({}, 5.0), ({"retry_after": -1}, 5.0)])
def test_a_limit_is_waited_for_as_long_as_discord_says(told, seconds):
    with answering(Reply.json(told, 429)) as provider, pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert raised.value.retry_after == seconds


def test_a_message_sent_again_is_the_same_one_and_the_way_to_somebody_is_asked_once(provider):
    hello = Outbound(token="1.2", address=Address(scheme="discord", value=NELLY), payload=Payload(text="Hello"))
    provider.next(Failure.LOST_ANSWER)

    async def twice(plugin):
        with pytest.raises(OutcomeUnknown):
            await plugin.send(hello)
        return await plugin.send(hello)

    sent = during(provider, twice)
    ((name, told),) = provider.sent.items()
    assert sent == Sent((name,))
    assert (told["channel_id"], len(told["nonce"])) == (f"9{NELLY}", 24)
    assert [request.path for request in provider.requests].count("/api/v10/users/@me/channels") == 1


def saying(address: str = f"channel:{CHANNEL}", files: dict[str, File] | None = None, **payload: object) -> Outbound:
    to = Address(scheme="discord", value=address)
    return Outbound(token="1.1", address=to, payload=Payload(**payload), files=files or {})


PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
LARGE = File("a1", Path("/nowhere"), "image/png", "box.png", 10_000_001)


@pytest.mark.parametrize(
    ("outbound", "code"),
    [
        (saying(), ErrorCode.CONTENT_UNSUPPORTED),
        (saying(text="x", location=LocationPart(latitude=1, longitude=2)), ErrorCode.CONTENT_UNSUPPORTED),
        (saying(text="x", actions=(CallAction(label="Call", number="+1"),)), ErrorCode.CONTENT_UNSUPPORTED),
        (saying(media=(PICTURE,)), ErrorCode.MEDIA_UNREACHABLE),
        (saying(files={"a1": LARGE}, media=(PICTURE,)), ErrorCode.MEDIA_TOO_LARGE),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, outbound, code):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (code, [])


@pytest.mark.parametrize("address", ["nelly", "channel:", "channel:1/../2"])
def test_who_has_no_id_is_nobody(provider, address):
    with pytest.raises(Unreachable):
        during(provider, lambda plugin: plugin.send(saying(address, text="x")))
    assert provider.requests == []


def test_the_bot_is_checked(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="onethread", details={"id": "1080000000000000001"}
    )
    with answering(Reply.json({"id": "77", "username": "other"})) as other, pytest.raises(Misconfigured, match="of 77"):
        during(other, lambda plugin: plugin.check())


SAID = "1518900000000000009"
THERE = Address(scheme="discord", value=f"channel:{CHANNEL}")


def test_a_message_of_ours_is_changed_and_keeps_no_button_that_is_not_said_again(provider):
    (name,) = during(provider, lambda plugin: plugin.send(HELLO)).external_ids
    later = OutboundEdit(token="1.2", address=THERE, payload=Payload(text="Goodbye"), external_id=name)
    assert during(provider, lambda plugin: plugin.edit(later)) == Sent((name,))
    assert (provider.sent[name]["content"], provider.sent[name]["components"]) == ("Goodbye", [])


def test_a_reaction_is_given_and_what_is_ours_is_taken_back(provider):
    async def act(plugin):
        for emoji in ("👍", "parcel:41771983429993937"):
            await plugin.react(OutboundReaction(THERE, SAID, emoji))
        given = list(provider.reactions[SAID])
        await plugin.react(OutboundReaction(THERE, SAID, None))
        return given

    assert during(provider, act) == ["👍", "parcel:41771983429993937"]
    assert provider.reactions == {SAID: []}


@pytest.mark.parametrize(
    "act",
    [
        lambda plugin: plugin.react(OutboundReaction(THERE, "interaction:1", "👍")),
        lambda plugin: plugin.edit(
            OutboundEdit(token="1", address=THERE, payload=Payload(text="x"), external_id="../1")
        ),
        lambda plugin: plugin.edit(OutboundEdit(token="1", address=THERE, payload=Payload(), external_id=SAID)),
    ],
)
def test_what_is_no_message_is_not_changed(provider, act):
    with pytest.raises(Refused) as raised:
        during(provider, act)
    assert (raised.value.code, provider.requests) == (ErrorCode.CONTENT_UNSUPPORTED, [])


def test_the_endpoint_is_set_shown_and_removed(provider):
    assert during(provider, lambda plugin: plugin.registration()) == Registration(url=None)
    assert during(provider, lambda plugin: plugin.register(HOOK)) == Registration(url=HOOK)
    assert provider.endpoint == HOOK
    assert during(provider, lambda plugin: plugin.registration()) == Registration(url=HOOK)
    assert during(provider, lambda plugin: plugin.unregister()) == Registration(url=None)
    assert provider.endpoint is None


def test_an_endpoint_that_discord_does_not_like_is_told():
    wrong = failure(400, 50035, "Invalid Form Body")
    with answering(wrong) as provider, pytest.raises(Refused, match="Invalid Form Body"):
        during(provider, lambda plugin: plugin.register(HOOK))


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (1, {"type": 1}),
        (2, {"type": 4, "data": {"content": "Thank you. We will answer you here.", "flags": 64}}),
        (3, {"type": 6}),
        (5, {"type": 4, "data": {"content": "Thank you. We will answer you here.", "flags": 64}}),
    ],
)
def test_each_interaction_has_its_answer(provider, kind, answer):
    request = as_request(provider.genuine(provider.interaction(kind, NELLY, {"custom_id": "0:yes"})), HOOK, NOW)
    told = plugin().respond(request, Outcome.RECORDED)
    assert (told.status, msgspec.json.decode(told.body), told.headers) == (
        200,
        answer,
        {"content-type": "application/json"},
    )
    assert plugin().respond(request, Outcome.OVERLOADED).status == 503


async def octets(plugin, source: str) -> bytes:
    return b"".join([chunk async for chunk in (await plugin.fetch(source)).chunks])


def test_a_file_is_fetched_without_the_token(provider):
    provider.files["/held/1.png"] = b"octets"
    assert during(provider, lambda plugin: octets(plugin, f"{provider.url}/held/1.png")) == b"octets"
    assert "authorization" not in provider.requests[0].headers
    with answering(Reply(404)) as gone, pytest.raises(Refused):
        during(gone, lambda plugin: octets(plugin, f"{gone.url}/held/1.png"))
