"""What X answers, and what the hub is told; and what is asked of it besides sending. tweepy judges the requests."""

from pathlib import Path

import pytest
import tweepy
from requests import Response
from x_account import ADDRESS, ANA, HELLO, SETTINGS, US, answering, during

from connectors.channels.x import history
from connectors.channels.x.simulator import Simulator, problem
from connectors.kit.base import Account, File, Outbound, Registration
from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Ignored, MessageReceived, Unreadable
from normalizer.parts import LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload
from tests.channels.beside import HOOK, NOW


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("status", "number", "error", "code"),
    [
        (401, 32, Misconfigured, ErrorCode.AUTH_FAILED),
        (404, 50, Unreachable, ErrorCode.INVALID_ADDRESS),
        (403, 63, Unreachable, ErrorCode.UNREACHABLE),
        (403, 64, Misconfigured, ErrorCode.MISCONFIGURED),
        (429, 88, Temporary, ErrorCode.RATE_LIMITED),
        (401, 89, Misconfigured, ErrorCode.AUTH_FAILED),
        (403, 93, Misconfigured, ErrorCode.AUTH_FAILED),
        (403, 150, Refused, ErrorCode.NOT_OPTED_IN),
        (403, 226, Refused, ErrorCode.POLICY_REJECTED),
        (403, 326, Misconfigured, ErrorCode.MISCONFIGURED),
        (403, 349, OptedOut, ErrorCode.OPTED_OUT),
        (403, 999, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_number_leads_to_its_next_act(status, number, error, code):
    with answering(problem(status, "words", number)) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (code, str(number), "words")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(500), OutcomeUnknown),
        (Reply(302), OutcomeUnknown),
        (Reply(201, b"<html>"), OutcomeUnknown),
        (Reply.json({"data": {}}, 201), OutcomeUnknown),  # it left, and nobody knows its name
        (Reply(401), Misconfigured),
        (Reply(402), Misconfigured),
        (Reply(403), Refused),
        (Reply.json({"type": "https://api.twitter.com/2/problems/oauth1-permissions"}, 403), Misconfigured),
        (Reply.json({"type": "https://api.twitter.com/2/problems/client-forbidden"}, 403), Misconfigured),
        (Reply.json({"type": "https://api.twitter.com/2/problems/invalid-request"}, 400), Refused),
        (Reply(404), Unreachable),
    ],
)
def test_an_answer_without_a_number_is_judged_by_its_status(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x_rate_limit_reset": str(int(NOW.timestamp()) + 300)}, 300),
        ({"x_rate_limit_reset": str(int(NOW.timestamp()) - 5)}, 1),
        ({"x_rate_limit_reset": "999999999999"}, 86_400),
        ({"x_rate_limit_reset": "soon"}, 45),
        ({}, 45),
    ],
)
def test_too_many_requests_are_waited_for_until_x_says(headers, wait):
    with answering(problem(429, "Too Many Requests", **headers)) as provider, pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO), rate_pause=45)
    assert (raised.value.retry_after, raised.value.code) == (wait, ErrorCode.RATE_LIMITED)


def file(tmp_path=None, size=10, kind="image/jpeg"):
    path = (tmp_path or Path("/nowhere")) / "box.jpg"
    if tmp_path is not None:
        path.write_bytes(b"octets")
    return File("a1", path, kind, "box.jpg", size)


def sending(payload, address=ADDRESS, **files):
    return Outbound(token="1.1", address=address, payload=payload, files=files)


PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")


@pytest.mark.parametrize(
    ("outbound", "error", "code"),
    [
        (sending(Payload()), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload(location=LocationPart(latitude=1, longitude=2))), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload(media=(PICTURE,))), Refused, ErrorCode.MEDIA_UNREACHABLE),
        (sending(Payload(media=(PICTURE,)), a1=file()), Refused, ErrorCode.MEDIA_UNREACHABLE),
        (sending(Payload(media=(PICTURE,)), a1=file(size=5_000_001)), Refused, ErrorCode.MEDIA_TOO_LARGE),
        (sending(Payload(media=(PICTURE,)), a1=file(kind="image/tiff")), Refused, ErrorCode.MEDIA_UNSUPPORTED),
        (sending(Payload(media=(PICTURE, PICTURE)), a1=file()), Refused, ErrorCode.MEDIA_UNSUPPORTED),
        (sending(Payload(text="w"), Address(scheme="x", value="@ana")), Unreachable, ErrorCode.INVALID_ADDRESS),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, outbound, error, code):
    with pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (code, [])


def test_a_picture_that_was_not_taken_leaves_no_doubt(provider, tmp_path):
    with answering(Reply(500)) as failing, pytest.raises(Temporary):
        during(failing, lambda plugin: plugin.send(sending(Payload(media=(PICTURE,)), a1=file(tmp_path))))
    assert [request.path for request in failing.requests] == ["/2/media/upload"]


class Told(tweepy.Client):
    """tweepy, telling what it would send."""

    def request(self, method, route, params=None, json=None, user_auth=False):  # noqa: ARG002 - tweepy's own
        self.told = (method, route, json, user_auth)
        answer = Response()
        answer._content, answer.status_code = b'{"data": {}}', 201
        return answer


@pytest.mark.parametrize("payload", [Payload(text="Hello"), Payload(text="the box", media=(PICTURE,))])
def test_tweepy_sends_the_same(provider, tmp_path, payload):
    during(provider, lambda plugin: plugin.send(sending(payload, a1=file(tmp_path))))
    judge = Told()
    media = next(iter(provider.uploads), None)
    judge.create_direct_message(participant_id=ANA, text=payload.text, media_id=media)
    ((_, sent),) = provider.sent.items()
    ours = provider.requests[-1]
    assert (ours.method, ours.path, {name: sent[name] for name in sent if name != "to"}, True) == judge.told


def test_the_account_is_shown_and_another_ones_token_is_found_out(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="Acme", details={"id": US, "username": "acme"}
    )
    with pytest.raises(Misconfigured, match="of the account 111"):
        during(provider, lambda plugin: plugin.check(), user_id="333")


def test_the_webhook_is_set_subscribed_asked_for_again_and_removed(provider):
    asked = Registration(url=HOOK, details={"id": "1146654567674912769"})
    assert during(provider, lambda plugin: plugin.registration()) == Registration(url=None)
    assert during(provider, lambda plugin: plugin.register(HOOK)) == asked
    assert provider.subscribed
    provider.webhook["valid"] = False
    assert during(provider, lambda plugin: plugin.registration()).last_error is not None
    assert during(provider, lambda plugin: plugin.register(HOOK)) == asked
    assert during(provider, lambda plugin: plugin.unregister()) == Registration(url=None)


def test_the_webhook_wants_the_apps_own_token():
    bare = {name: value for name, value in SETTINGS.items() if name != "bearer_token"}
    with Simulator(bare) as provider, pytest.raises(Misconfigured, match="bearer_token"):
        during(provider, lambda plugin: plugin.register(HOOK))


@pytest.mark.parametrize(
    ("reply", "error"),
    [(Reply(401), Misconfigured), (Reply(404), Misconfigured), (Reply(503), Temporary), (Reply(200, b"?"), Temporary)],
)
def test_what_keeps_the_credentials_from_being_tried_is_told(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.check())


def test_what_was_missed_comes_the_oldest_first_and_once(provider):
    provider.page = 2
    before = provider.list("before")
    began = during(provider, lambda plugin: plugin.backfill(None))
    assert (list(began.inbound), began.cursor) == ([], before)
    names = [provider.list(text, sender) for text, sender in (("one", ANA), ("two", US), ("three", ANA))]
    found = during(provider, lambda plugin: plugin.backfill(began.cursor))
    items = [item for item in found.inbound if isinstance(item, MessageReceived)]
    assert [(item.key, item.text, item.from_us) for item in items] == [
        (f"message:{names[0]}", "one", False),
        (f"message:{names[1]}", "two", True),
        (f"message:{names[2]}", "three", False),
    ]
    assert found.cursor == names[-1]
    again = during(provider, lambda plugin: plugin.backfill(found.cursor))
    assert (list(again.inbound), again.cursor) == ([], names[-1])


def test_however_much_was_missed_all_of_it_comes_portion_by_portion(provider, monkeypatch):
    monkeypatch.setattr(history, "PAGES_AT_A_TIME", 2)
    provider.page = 2
    known = provider.list("known")
    names = [provider.list(str(number)) for number in range(9)]
    heard, cursors, after = [], [], known
    for more in (True, True, False):
        found = during(provider, lambda plugin, after=after: plugin.backfill(after))
        assert found.more is more
        heard.append([item.text for item in found.inbound])
        cursors.append(after := found.cursor)
    assert heard == [["5", "6", "7", "8"], ["1", "2", "3", "4"], ["0"]]
    assert cursors == [f"{known}:{names[-1]}:4", f"{known}:{names[-1]}:8", names[-1]]


def test_a_place_in_the_list_that_x_forgot_begins_at_the_top(provider):
    known = provider.list("known")
    newest = provider.list("missed")
    found = during(provider, lambda plugin: plugin.backfill(f"{known}:{newest}:forgotten"))
    assert ([item.text for item in found.inbound], found.cursor, found.more) == (["missed"], newest, False)


def test_what_is_listed_strangely_keeps_nothing_back(provider):
    began = during(provider, lambda plugin: plugin.backfill(None))
    provider.list("one")
    group = {**provider.listed[0], "id": str(int(provider.listed[0]["id"]) + 1), "dm_conversation_id": "1578398451"}
    provider.listed[:0] = [{"id": "no number"}, group]
    found = during(provider, lambda plugin: plugin.backfill(began.cursor))
    assert sorted(type(item).__name__ for item in found.inbound) == sorted(
        kind.__name__ for kind in (Unreadable, MessageReceived, Ignored)
    )


async def _read(plugin, source):
    fetched = await plugin.fetch(source)
    return b"".join([chunk async for chunk in fetched.chunks])


def test_a_picture_is_fetched_with_a_signature(provider):
    provider.picture(b"octets of a picture")
    (name,) = provider._files
    source = f"{provider.url}/1.1/ton/data/dm/{name}"
    assert during(provider, lambda plugin: _read(plugin, source)) == b"octets of a picture"
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: _read(plugin, f"{provider.url}/1.1/ton/data/dm/none"))
    assert raised.value.code == ErrorCode.MEDIA_UNREACHABLE


@pytest.mark.parametrize(
    ("source", "ours"),
    [
        ("https://ton.twitter.com/1.1/ton/data/dm/1/1/a.jpg", True),
        ("https://ton.x.com/1", True),
        ("http://ton.twitter.com/1", False),
        ("https://video.twimg.com/1.mp4", False),
        ("https://twitter.com.example.org/1", False),
        ("https://[", False),
    ],
)
def test_signatures_go_to_x_alone(provider, source, ours):
    async def asked(plugin):
        return plugin.api._is_ours(source)

    assert during(provider, asked) is ours
