"""What people wrote while the hub was down, from the list of conversations."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from messenger_page import SETTINGS

from connectors.channels.messenger import Messenger
from connectors.channels.messenger.simulator import ANA, Simulator
from connectors.families.meta.missed import FORMAT, MOST_PAGES, PAGE
from connectors.kit.base import Polled
from connectors.kit.errors import Misconfigured, Temporary
from normalizer.inbound import MessageReceived, Unreadable
from tests.channels import beside

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR_AGO = (NOW - timedelta(hours=1)).strftime(FORMAT)


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


def asked(provider, cursor=HOUR_AGO, **settings):
    return beside.during(
        Messenger, provider, lambda plugin: plugin.backfill(cursor), clock=lambda: NOW, settings=settings
    )


def parsed(provider, body):
    async def act(plugin):
        return plugin.parse(beside.as_request(provider.genuine(body), beside.HOOK, NOW))

    return beside.during(Messenger, provider, act)


def test_the_first_one_takes_none_of_the_past_and_asks_nobody(provider):
    provider.wrote("long ago")
    assert asked(provider, None) == Polled([], NOW.strftime(FORMAT), b"[]")
    assert provider.requests == []


def test_what_was_written_since_is_told_as_its_webhook_would_the_oldest_first(provider):
    later = provider.wrote("And in red?", ago=60, reply_to={"mid": "m_0"})
    earlier = provider.wrote("What does it cost?", ago=120)
    found = asked(provider)
    assert found.cursor == NOW.strftime(FORMAT)
    assert [(item.key, item.text, item.reply_to) for item in found.inbound] == [
        (f"message:{earlier['id']}", "What does it cost?", None),
        (f"message:{later['id']}", "And in red?", "m_0"),
    ]
    heard = provider.item(message={"mid": later["id"], "text": "And in red?", "reply_to": {"mid": "m_0"}})
    [webhook] = parsed(provider, heard)
    assert msgspec.structs.replace(webhook, occurred_at=found.inbound[1].occurred_at) == found.inbound[1]
    assert list(found.inbound) == parsed(provider, found.raw)
    [request] = provider.requests
    assert (request.method, request.path.partition("?")[0]) == ("GET", "/v25.0/me/conversations")


def test_what_came_before_and_what_the_page_said_are_left_out(provider):
    provider.wrote("long ago", ago=5000)
    provider.wrote("from here", ago=60, sender=provider.owner)
    provider.wrote("just before the last look", ago=3900)
    assert [item.text for item in asked(provider).inbound] == ["just before the last look"]


def test_files_come_along(provider):
    held = [
        {"mime_type": "image/jpeg", "image_data": {"url": "https://cdn.example.net/p.jpg"}},
        {"mime_type": "video/mp4", "video_data": {"url": "https://cdn.example.net/v.mp4"}},
        {"mime_type": "audio/mp4", "file_url": "https://cdn.example.net/a.mp4"},
        {"mime_type": "application/pdf", "file_url": "https://cdn.example.net/f.pdf"},
        {},
    ]
    provider.wrote("", attachments={"data": held})
    provider.wrote("", ago=60)
    nothing, files = asked(provider).inbound
    assert [(media.kind, media.source.rpartition("/")[2]) for media in files.media] == [
        ("image", "p.jpg"),
        ("video", "v.mp4"),
        ("audio", "a.mp4"),
        ("file", "f.pdf"),
    ]
    assert (files.parts[0].kind, nothing.text, files.peer.person.address.value) == ("attachment", "[unsupported]", ANA)


def test_every_page_with_news_is_asked_for_and_no_more(provider):
    for n in range(PAGE * 3):
        provider.wrote(str(n), ago=0 if n >= PAGE else 9000)
    assert len(asked(provider).inbound) == PAGE * 2
    assert len(provider.requests) == 3


def test_more_than_can_be_asked_for_is_no_success(provider):
    for n in range(PAGE * MOST_PAGES + 1):
        provider.wrote(str(n))
    with pytest.raises(Temporary, match=f"more than {PAGE * MOST_PAGES} conversations since"):
        asked(provider)


def test_one_that_cannot_be_read_harms_no_other(provider):
    provider.wrote("before", ago=60)
    broken = provider.wrote("x" * 10, ago=30)
    broken["id"] = "m" * 600
    provider.wrote("after")
    assert [type(item) for item in asked(provider).inbound] == [MessageReceived, Unreadable, MessageReceived]


@pytest.mark.parametrize("time", ["yesterday", "0001-01-01T00:00:00+2359", "9999-12-31T23:59:59-2359", "0", 1e9])
def test_one_of_no_time_is_set_aside_and_the_others_come(provider, time):
    provider.wrote("before", ago=60)
    provider.wrote("of no time", ago=30)["created_time"] = time
    provider.wrote("after")
    broken, *others = asked(provider).inbound
    assert isinstance(broken, Unreadable)
    assert [item.text for item in others] == ["before", "after"]
    assert asked(provider).inbound[0].key == broken.key


@pytest.mark.parametrize("change", [{"message": None}, {"from": "Ana"}, {"attachments": {"data": [None]}}, {"id": 7}])
def test_one_of_another_shape_is_set_aside_and_the_others_come(provider, change):
    provider.wrote("before", ago=60)
    provider.wrote("of another shape", ago=30).update(change)
    provider.wrote("after")
    broken, *others = asked(provider).inbound
    assert isinstance(broken, Unreadable)
    assert [item.text for item in others] == ["before", "after"]


def test_a_conversation_of_no_time_is_set_aside_and_the_others_come(provider):
    provider.wrote("of no time")
    provider.conversations[0]["updated_time"] = "9999-12-31T23:59:59-2359"
    provider.wrote("hi")
    broken, other = asked(provider).inbound
    assert (type(broken), other.text) == (Unreadable, "hi")


@pytest.mark.parametrize("time", ["yesterday", "1" * 20])
def test_without_times_nothing_is_taken_for_done(provider, time):
    provider.wrote("hi")
    provider.conversations[0]["updated_time"] = time
    with pytest.raises(Temporary, match="a time that cannot be read"):
        asked(provider)


def test_a_cursor_of_another_and_a_refused_token_are_said(provider):
    with pytest.raises(Temporary, match="a cursor that is none of ours"):
        asked(provider, "12")
    with pytest.raises(Misconfigured):
        asked(provider, access_token="another-token")


def test_times_in_seconds_are_read_too(provider):
    message = provider.wrote("hi", ago=60)
    message["created_time"] = provider.conversations[0]["updated_time"] = int((NOW - timedelta(minutes=1)).timestamp())
    assert [item.occurred_at for item in asked(provider).inbound] == [NOW - timedelta(minutes=1)]
