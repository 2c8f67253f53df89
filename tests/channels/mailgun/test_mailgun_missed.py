"""Mails and events nobody heard of, from Mailgun's list: with the keys of their webhooks, and none twice."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from connectors.channels.mailgun import Mailgun, missed
from connectors.channels.mailgun.missed import Place
from connectors.channels.mailgun.simulator import Simulator, failure
from connectors.kit.base import Polled
from connectors.kit.collects import Collected
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Reply
from gateway.store.times import now
from normalizer.inbound import Unreadable
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, NOW, answering, during, running
from tests.channels.mail.mail_desks import with_file, written

SETTINGS = {"address": "help@example.com", "api_key": "api-key-nobody_shall_see", "signing_key": "signing-key-nobody"}
LIMITS = {"limits": {"backfill_every": "1s"}}
HOUR = timedelta(hours=1)


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        simulator.clock = lambda: NOW.timestamp()
        yield simulator


def place(since=NOW - HOUR, **more):
    return msgspec.json.encode(Place(since.timestamp(), since.timestamp(), **more)).decode()


def asked(provider, cursor=None, **settings):
    return during(Mailgun, provider, lambda plugin: plugin.backfill(cursor or place()), settings=settings)


def round_of(provider, cursor, **settings):
    """All that one round brings, octets for mails, and the cursor after it."""

    async def go(plugin):
        nonlocal cursor
        brought = []
        while True:
            found = await plugin.backfill(cursor)
            if isinstance(found, Collected):
                brought.append((dict(found.headers), b"".join([piece async for piece in found.chunks])))
            else:
                brought.extend(found.inbound)
            cursor = found.cursor
            if isinstance(found, Polled) and not found.more:
                return brought

    return during(Mailgun, provider, go, settings=settings), cursor


def test_the_first_time_takes_none_of_the_past(provider):
    provider.mail(provider.message())
    found = during(Mailgun, provider, lambda plugin: plugin.backfill(None))
    assert found == Polled([], place(NOW), b"[]")
    assert provider.requests == []
    assert asked(provider, "{") == found


def test_what_is_asked_for(provider):
    asked(provider)
    asked(provider, store=False)
    first, second = (urlsplit(request.path) for request in provider.requests)
    kinds = "accepted OR complained OR delivered OR failed OR rejected OR unsubscribed"
    begin = str(int((NOW - HOUR).timestamp()))
    wanted = {"begin": [begin], "ascending": ["yes"], "limit": ["100"]}
    assert (first.path, parse_qs(first.query)) == (
        "/v3/example.com/events",
        {**wanted, "event": [f"{kinds} OR stored"]},
    )
    assert parse_qs(second.query) == {**wanted, "event": [kinds]}


def test_a_round_brings_events_as_their_webhooks_do_and_mails_as_they_came_and_the_next_none_of_them(provider):
    provider.sent = [{"to": "ann@example.net", "token": "1.1", "id": "1.1@example.com"}]
    octets = provider.message("Where is my order?")
    provider.mail(octets)
    reports = [as_request(provider.tells(word), HOOK, NOW) for word in ("delivered", "complained")]

    async def parse(plugin):
        return [item for report in reports for item in plugin.parse(report)]

    brought, cursor = round_of(provider, place())
    mail = ({"rcpt-to": "help@example.com", "mail-from": "ann@example.net"}, octets)
    assert brought == [*during(Mailgun, provider, parse), mail]
    again, _ = round_of(provider, cursor)
    assert [item for item in again if isinstance(item, tuple)] == []


def test_a_round_begins_before_the_last_one_and_never_more_than_three_days_ago(provider):
    _, cursor = round_of(provider, place())
    assert cursor == msgspec.json.encode(Place((NOW - missed.LATE).timestamp(), NOW.timestamp())).decode()
    round_of(provider, place(NOW - timedelta(days=30)))
    begin = parse_qs(urlsplit(provider.requests[-1].path).query)["begin"]
    assert begin == [str(int((NOW - timedelta(days=3)).timestamp()))]


def test_pages_follow_each_other(provider, monkeypatch):
    monkeypatch.setattr(missed, "PORTION", 2)
    mails = [provider.message(f"m{n}") for n in range(5)]
    for mail in mails:
        provider.mail(mail)
    brought, _ = round_of(provider, place())
    assert [octets for _, octets in brought] == mails


def test_the_cursor_stays_small_and_what_it_forgets_is_fetched_again(provider, monkeypatch):
    monkeypatch.setattr(missed, "MOST_SEEN", 2)
    for n in range(4):
        provider.clock = lambda n=n: NOW.timestamp() - 60 + n
        provider.mail(provider.message(f"m{n}"))
    _, cursor = round_of(provider, place())
    assert len(msgspec.json.decode(cursor)["seen"]) == 2
    again, _ = round_of(provider, cursor)
    assert [octets for _, octets in again] == list(provider.stored.values())[:2]


def test_what_is_not_ours_is_left_alone(provider):
    provider.mail(provider.message())
    provider.events[0]["message"]["recipients"] = ["billing@example.com"]
    provider.sent = [{"to": "ann@example.net", "token": "", "id": "of-others@example.com"}]
    provider.tells("delivered")
    assert round_of(provider, place())[0] == []


@pytest.mark.parametrize(
    "storage",
    ["https://storage.example.com", "http://storage.mailgun.net", "https://mailgun.net:8443", "https://[mailgun.net"],
)
def test_the_key_is_shown_to_nobody_but_mailgun(provider, storage):
    provider.storage = storage
    provider.mail(provider.message())
    ((item,), _) = round_of(provider, place())
    assert isinstance(item, Unreadable)
    assert item.reason == "a mail that Mailgun stored and does not give: it lies elsewhere than at Mailgun"
    assert [request.path for request in provider.requests if "/messages/" in request.path] == []


def test_a_mail_that_is_gone_or_too_large_holds_up_no_other(provider, monkeypatch):
    monkeypatch.setattr(missed, "LARGEST_MAIL", 5000)
    for mail in (provider.message("gone"), provider.message("x" * 5000), provider.message("here")):
        provider.mail(mail)
    del provider.stored[provider.events[0]["storage"]["key"]]
    gone, large, here = round_of(provider, place())[0]
    why = "a mail that Mailgun stored and does not give: "
    assert [gone.reason, large.reason] == [f"{why}it is gone", f"{why}larger than 5000 octets"]
    assert b"here" in here[1]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401, b"Forbidden"), Misconfigured),
        (failure(404, "Domain not found: example.com"), Misconfigured),
        (failure(400, "no such field"), Misconfigured),
        (failure(429, "Too many requests"), Temporary),
        (Reply(500), Temporary),
        (Reply(200, b"<html>"), Temporary),
        (Reply.json({"items": [{}], "paging": {}}), Temporary),
        (
            Reply.json({"items": [{}], "paging": {"next": "https://api.mailgun.net/v3/other.example/events/x"}}),
            Temporary,
        ),
        (Reply.json({"items": [{}], "paging": {"next": "https://x/v3/example.com/events/.."}}), Temporary),
    ],
)
def test_a_list_that_cannot_be_had_is_said(reply, error):
    with answering(Simulator, SETTINGS, reply) as provider, pytest.raises(error):
        asked(provider)


def test_a_page_that_mailgun_no_longer_knows_begins_the_round_anew():
    with answering(Simulator, SETTINGS, failure(404, "no such page")) as provider:
        with pytest.raises(Misconfigured):
            asked(provider, place(NOW - missed.FRESH / 2, page="named"))
        found = asked(provider, place(NOW - missed.FRESH, page="named"))
        assert found == Polled([], place(NOW - missed.FRESH), b"[]", more=True)
        with pytest.raises(Misconfigured):
            asked(provider, found.cursor)


def test_an_event_that_cannot_be_read_is_set_aside(provider):
    provider.events = [{"event": "delivered", "timestamp": NOW.timestamp(), "id": ""}]
    (item,) = round_of(provider, place())[0]
    assert isinstance(item, Unreadable)
    assert msgspec.json.decode(item.slice) == provider.events[0]


def test_a_hub_that_was_down_finds_what_came_once_also_when_it_is_posted_late(tmp_path):
    async def test():
        with Simulator(SETTINGS, HOOK) as provider:
            async with running(tmp_path, "mailgun", provider, told=LIMITS) as beside:
                await eventually(lambda: bool(rows(beside.hub, "SELECT cursor FROM cursors")))
                assert await beside.heard(provider.mail(written("Where is my order?", "m1"))) == 200
                await beside.say("It left.")
                await eventually(lambda: beside.statuses() == ["accepted"])
            picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400
            late = [provider.mail(with_file(picture, "m2")), provider.tells("delivered")]
            async with running(tmp_path, "mailgun", provider, told=LIMITS) as beside:
                said = ["Where is my order?", "It left.", "Look."]
                await eventually(lambda: texts(beside.hub) == said)
                await eventually(lambda: beside.statuses() == ["delivered"])
                fetched = "SELECT count(*) FROM attachments WHERE state = 'stored'"
                await eventually(lambda: rows(beside.hub, fetched) == [(1,)])
                for wire in late:
                    assert await beside.heard(wire) == 200
                asked_for = [request.path for request in provider.requests if "/messages/" in request.path]
                await asyncio.sleep(1.5)
                assert texts(beside.hub) == said
                assert asked_for == [f"/v3/domains/example.com/messages/{key}" for key in provider.stored]

    asyncio.run(test())


def test_the_signed_time_of_a_late_webhook_is_its_own(provider):
    provider.clock = lambda: (now() - timedelta(hours=2)).timestamp()
    request = as_request(provider.mail(provider.message()), HOOK, now())

    async def verify(plugin):
        plugin.verify(request)

    during(Mailgun, provider, verify)
