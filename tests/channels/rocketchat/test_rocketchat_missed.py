"""What was said while nobody heard the webhook: with its keys, the oldest first, and none twice; the webhook itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from rocketchat_API.rocketchat import RocketChat as Library
from rocketchat_workspace import SETTINGS, answering, during

from connectors.channels.rocketchat import history
from connectors.channels.rocketchat.history import Place
from connectors.channels.rocketchat.simulator import KEY, ROOM, Simulator, failure
from connectors.kit.base import Polled, Registration
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import MessageEdited, MessageReceived, Unreadable
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, NOW, kept, running

LIMITS = {"limits": {"backfill_every": "1s"}}
AGENT = "aXjjcPwq4Pcp7xftH"


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def place(since=NOW - timedelta(hours=1), began=NOW, skip=0):
    return msgspec.json.encode(Place(since, began, skip)).decode()


def ago(minutes):
    return (NOW - timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def asked(provider, cursor=None, **settings):
    return during(provider, lambda plugin: plugin.backfill(cursor or place()), **settings)


def said(provider, words, minutes, **more):
    return provider.genuine(provider.said({"msg": words, "ts": ago(minutes), **more}))


def test_the_first_time_takes_none_of_the_past(provider):
    said(provider, "Hello", 5)
    beginning = Polled([], place(NOW), b"[]")
    assert during(provider, lambda plugin: plugin.backfill(None)) == beginning
    assert [asked(provider, "{"), asked(provider, history=False)] == [beginning] * 2
    assert provider.requests == []


def test_messages_are_those_of_the_webhook(provider):
    content = b"octets of a picture"
    wires = [said(provider, "Where is my order?", 9), said(provider, "I look into it.", 8, agentId=AGENT)]
    wires.append(provider.genuine(provider.picture(content)))
    provider.history[-1]["ts"] = ago(7)

    async def parse(plugin):
        return [item for wire in wires for item in plugin.parse(as_request(wire, HOOK, NOW))]

    heard = during(provider, parse)
    found = asked(provider)
    assert [msgspec.structs.replace(item, occurred_at=NOW) for item in found.inbound] == [
        msgspec.structs.replace(item, occurred_at=NOW) for item in heard
    ]
    assert (found.cursor, found.more) == (place(NOW - history.BACK), False)
    assert KEY.encode() not in found.raw


def test_what_is_old_what_we_said_and_what_rocket_chat_says_is_left_out(provider):
    said(provider, "long ago", 90)
    said(provider, "ours", 9, agentId=SETTINGS["user_id"])
    said(provider, "bye", 8, t="livechat-close")
    assert asked(provider).inbound == []


def test_a_corrected_message_comes_as_it_reads_now_and_as_corrected(provider):
    said(provider, "order 881", 9, editedAt=ago(8))
    received, edited = asked(provider).inbound
    assert isinstance(received, MessageReceived)
    assert isinstance(edited, MessageEdited)
    assert (received.text, edited.text, edited.external_id) == ("order 881", "order 881", received.external_id)


def test_rocket_chats_library_asks_for_the_same(provider):
    said(provider, "Hello", 5)
    library = Library(server_url=provider.url, user_id=SETTINGS["user_id"], auth_token=SETTINGS["auth_token"])
    assert len(list(library.livechat_rooms(sort='{"lm":-1}'))) == 1
    assert [one["msg"] for one in library.livechat_messages_history(ROOM, KEY, limit=50)] == ["Hello"]
    library.settings_update("Livechat_webhookUrl", HOOK)
    theirs = [(one.method, urlsplit(one.path).path) for one in provider.requests]
    del provider.requests[:]
    asked(provider)
    rooms, messages = provider.requests
    during(provider, lambda plugin: plugin.register(HOOK))
    ours = [(one.method, urlsplit(one.path).path) for one in provider.requests]
    assert set(theirs) <= set(ours)
    assert dict(parse_qsl(urlsplit(rooms.path).query)) == {"sort": '{"lm":-1}', "count": "5", "offset": "0"}
    assert dict(parse_qsl(urlsplit(messages.path).query)) == {"token": KEY, "limit": "50"}


def test_pages_follow_each_other_and_the_newest_of_too_much_are_taken(provider, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 2)
    for minutes in range(9, 0, -1):
        said(provider, f"m{minutes}", minutes // 2)  # two at each moment
    assert [item.text for item in asked(provider).inbound] == [f"m{n}" for n in range(9, 0, -1)]
    monkeypatch.setattr(history, "MOST_PAGES", 3)
    cut, *newest = sorted(asked(provider).inbound, key=lambda item: isinstance(item, MessageReceived))
    assert isinstance(cut, Unreadable)
    assert cut.reason == "what was said in a room cannot be asked for: more than 6 messages"
    assert newest[-1].text == "m1"


def test_rooms_are_asked_some_at_a_time(provider):
    class Full(Simulator):
        """Has many rooms, with news in seven."""

        def _said(self, name, asked):
            if name != "rooms":
                return super()._said(f"messages.history/{ROOM}", asked)
            guest = {"_id": "v", "username": "guest-3", "token": KEY}
            every = [{"_id": f"room{n}", "v": guest, "lm": ago(n if n < 7 else 90)} for n in range(20)]
            first = int(asked["offset"])
            return Reply.json({"rooms": every[first : first + int(asked["count"])], "success": True})

    with Full(SETTINGS, HOOK) as full:
        said(full, "Hello", 5)
        first = asked(full)
        assert (first.cursor, first.more) == (place(skip=5), True)
        second = asked(full, first.cursor)
        assert (second.cursor, second.more) == (place(NOW - history.BACK), False)
        assert [item.peer.thread for item in [*first.inbound, *second.inbound]] == [f"room{n}" for n in range(7)]


def test_a_room_that_is_refused_holds_up_no_other(provider):
    class Closed(Simulator):
        def _said(self, name, asked):
            return super()._said(name, asked) if name == "rooms" else failure(400, "invalid-token", "invalid-token")

    with Closed(SETTINGS, HOOK) as closed:
        said(closed, "Hello", 5)
        (item,) = asked(closed).inbound
        assert isinstance(item, Unreadable)
        assert item.reason == "what was said in a room cannot be asked for: invalid-token [invalid-token]"


def test_a_message_that_cannot_be_read_is_set_aside(provider):
    said(provider, "Hello", 5, u={"_id": ""})
    (item,) = asked(provider).inbound
    assert isinstance(item, Unreadable)
    assert KEY.encode() not in item.slice


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply.json({"status": "error", "message": "log in"}, 401), Misconfigured),
        (failure(400, "no", "error-not-allowed"), Misconfigured),
        (failure(429, "slow down", "error-too-many-requests"), Temporary),
        (Reply(502), Temporary),
        (Reply.json({"rooms": [{}], "success": True}), Temporary),
    ],
)
def test_a_list_that_cannot_be_had_is_said(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        asked(provider)


def test_a_hub_that_was_down_finds_what_was_said_once_also_when_it_is_told_late(tmp_path, provider):
    async def test():
        async with running(tmp_path, "rocketchat", provider, told=LIMITS) as beside:
            await eventually(lambda: bool(rows(beside.hub, "SELECT cursor FROM cursors")))
            assert await beside.heard(provider.genuine(provider.said({"_id": "m1", "msg": "order 880"}))) == 200
        late = [provider.genuine(provider.said({"_id": "m2", "msg": "Are you there?"}))]
        edited = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        first = provider.history[0]["ts"]
        late.append(provider.genuine(provider.said({"_id": "m1", "msg": "order 881", "ts": first, "editedAt": edited})))
        async with running(tmp_path, "rocketchat", provider, told=LIMITS) as beside:
            await eventually(lambda: texts(beside.hub) == ["order 881", "Are you there?"])
            for wire in late:
                assert await beside.heard(wire) == 200
            await asyncio.sleep(1.5)
            assert texts(beside.hub) == ["order 881", "Are you there?"]
            assert len(events(beside.hub, "message.edited")) == 1
            assert len(beside.conversations()) == 1
        assert KEY.encode() not in kept(tmp_path)

    asyncio.run(test())


def test_the_webhook_is_set_shown_and_removed(provider):
    done = Registration(url=HOOK, details={"visitor_messages": True, "agent_messages": True})
    none = Registration(url=None, details={"visitor_messages": False, "agent_messages": False})
    assert during(provider, lambda plugin: plugin.registration()) == none
    assert [during(provider, lambda plugin: plugin.register(HOOK)) for _ in range(2)] == [done] * 2
    assert provider.workspace["Livechat_secret_token"] == SETTINGS["webhook_secret"]
    gone = Registration(url=None, details=done.details)
    assert during(provider, lambda plugin: plugin.unregister()) == gone
    provider.workspace["Livechat_webhookUrl"] = "https://other.example"
    assert during(provider, lambda plugin: plugin.unregister()).url == "https://other.example"


@pytest.mark.parametrize(
    ("reply", "error"),
    [(Reply(403), Misconfigured), (failure(400, "no", "totp-required"), Misconfigured), (Reply(502), Temporary)],
)
def test_a_setting_that_cannot_be_had_is_said(reply, error):
    for act in ("registration", "unregister"):
        with answering(reply) as provider, pytest.raises(error):
            during(provider, lambda plugin, act=act: getattr(plugin, act)())
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.register(HOOK))
