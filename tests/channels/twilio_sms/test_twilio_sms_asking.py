"""Backfilling, fetching, registering, checking: everything but sending."""

import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from msgspec import structs
from twilio_sms_sender import (
    ACCOUNT,
    HOOK,
    KEYED,
    MINA,
    NOW,
    NUMBER,
    POOL,
    SETTINGS,
    TOKEN,
    Answering,
    during,
    plugin,
    request,
)

from connectors.channels.twilio_sms.simulator import Simulator
from connectors.families.twilio import listing
from connectors.families.twilio.api import authorization
from connectors.families.twilio.simulated import Fault, failure
from connectors.kit.base import Account, Backfills, Checks, Fetches, Polled, Polls, Registers, Registration
from connectors.kit.errors import KitError, Misconfigured, Refused, Temporary
from connectors.kit.http import Exchange
from connectors.kit.redact import secrets_of
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import ConsentChanged, Ignored, MessageReceived, Unreadable

POOLED = {**POOL, "sender": None}


def test_it_has_the_abilities_it_promises():
    sender = plugin()
    for ability in (Checks, Registers, Fetches, Backfills):
        assert isinstance(sender, ability)
    assert not isinstance(sender, Polls)


# --- backfilling ------------------------------------------------------------------------------------------------------


def texts(polled):
    return [item.text for item in polled.inbound if isinstance(item, MessageReceived)]


def written(provider, words, minutes, **more):
    """Somebody wrote so many minutes before now; the webhook as Twilio would have posted it."""
    body = provider.message(words, **more)
    sid = dict(parse_qsl(body.decode()))["MessageSid"]
    provider.account.messages[sid].at = NOW - timedelta(minutes=minutes)
    return provider.genuine(body)


def test_the_first_backfill_takes_none_of_the_past_and_asks_nobody():
    with Simulator(SETTINGS) as provider:
        written(provider, "long ago", 60)
        assert during(provider, lambda sender: sender.backfill(None)) == Polled([], "2026-11-21T10:00:00Z", b"[]")
        assert provider.requests == []


def test_what_was_missed_comes_oldest_first_and_as_its_webhooks_would_have():
    with Simulator(SETTINGS) as provider:
        wires = [written(provider, words, ago) for words, ago in (("one", 50), ("STOP", 40), ("three 👟", 30))]
        written(provider, "before", 61)
        found = during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
        (asked,) = provider.requests
    webhooks = [item for wire in wires for item in plugin().parse(request(wire))]
    # a webhook tells no time
    assert [structs.replace(item, occurred_at=NOW) for item in found.inbound] == webhooks
    assert [item.occurred_at for item in found.inbound] == [NOW - timedelta(minutes=ago) for ago in (50, 40, 40, 30)]
    assert isinstance(found.inbound[2], ConsentChanged)
    assert (found.cursor, found.more) == ("2026-11-21T09:50:00Z", False)
    path, _, query = asked.path.partition("?")
    assert (asked.method, path) == ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert parse_qsl(query) == [("To", NUMBER), ("DateSent>", "2026-11-21T09:00:00Z"), ("PageSize", "1000")]


def test_the_next_one_looks_back_a_little_and_never_before_the_first():
    with Simulator(SETTINGS) as provider:

        async def ask(sender):
            first = await sender.backfill(None)
            second = await sender.backfill(first.cursor)
            return first.cursor, second.cursor

        assert during(provider, ask) == ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z")
        later = NOW + timedelta(hours=1)
        found = during(provider, lambda sender: sender.backfill("2026-11-21T10:00:00Z"), now=lambda: later)
        assert found.cursor == "2026-11-21T10:50:00Z"


def test_within_a_second_messages_keep_their_order():
    with Simulator(SETTINGS) as provider:
        wanted = [f"m{n}" for n in range(20)]
        for n, words in enumerate(wanted):
            sid = dict(parse_qsl(written(provider, words, 5).body.decode()))["MessageSid"]
            provider.account.messages[sid].at += timedelta(milliseconds=n)
        assert texts(during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))) == wanted


def test_pictures_are_missed_with_their_files():
    with Simulator(SETTINGS) as provider:
        body = provider.picture(b"octets", "look")
        found = during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
        (missed,) = found.inbound
        assert missed.media == plugin().parse(request(provider.genuine(body)))[0].media

        async def fetch(sender):
            return b"".join([chunk async for chunk in (await sender.fetch(missed.media[0].source)).chunks])

        assert during(provider, fetch) == b"octets"


def test_what_we_sent_and_what_others_were_sent_is_not_ours_to_record():
    with Simulator(SETTINGS) as provider:
        provider.account.create([("From", NUMBER), ("To", MINA), ("Body", "ours")])
        written(provider, "to another number", 5)
        for message in provider.account.messages.values():
            message.to = NUMBER if message.body == "ours" else "+15005550006"
            message.at = NOW
        assert during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z")).inbound == []


def test_a_service_is_asked_for_each_of_its_numbers():
    with Simulator(POOLED) as provider:
        written(provider, "pooled", 5)
        found = during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
        paths = [urlsplit(asked.path).path for asked in provider.requests]
    assert texts(found) == ["pooled"]
    service = "/v1/Services/MG5f0c"
    assert paths == [
        f"{service}/PhoneNumbers",
        f"{service}/ShortCodes",
        f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
    ]


def test_much_is_taken_in_portions_and_in_order(monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 4)
    monkeypatch.setattr(listing, "MOST", 10)
    with Simulator(SETTINGS) as provider:
        wanted = [f"m{n}" for n in range(33)]
        for n, words in enumerate(wanted):
            written(provider, words, 58 - n)

        async def ask(sender):
            cursor, found = "2026-11-21T09:00:00Z", []
            for _ in range(10):
                portion = await sender.backfill(cursor)
                assert len(portion.inbound) <= 10
                found += [text for text in texts(portion) if text not in found]
                cursor = portion.cursor
                if not portion.more:
                    return found, cursor
            raise AssertionError("no end")

        found, cursor = during(provider, ask)
    assert found == wanted
    assert cursor == "2026-11-21T09:50:00Z"


def test_more_in_a_second_than_can_be_taken_is_said_and_not_passed_over(monkeypatch):
    monkeypatch.setattr(listing, "MOST", 2)
    with Simulator(SETTINGS) as provider:
        for words in "abc":
            written(provider, words, 60)
        with pytest.raises(Temporary, match="more than 2 messages within a second"):
            during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))


def test_pages_without_end_are_given_up(monkeypatch):
    monkeypatch.setattr(listing, "MOST_PAGES", 3)
    page = {"messages": [], "next_page_uri": "/2010-04-01/more"}
    with Answering(Reply.json(page)) as provider, pytest.raises(Temporary, match="more than 3000 messages"):
        during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
    assert len(provider.requests) == 3


def listed(**changes):
    told = {
        "sid": "SM1",
        "from": MINA,
        "to": NUMBER,
        "body": "hi",
        "direction": "inbound",
        "status": "received",
        "num_media": "0",
        "date_sent": "Sat, 21 Nov 2026 09:30:00 +0000",
    }
    return {**told, **changes}


def backfilled(*messages):
    with Answering(Reply.json({"messages": list(messages)})) as provider:
        return during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))


def test_what_cannot_be_read_spoils_no_other():
    broken = [listed(sid=5), listed(sid="SM5", date_sent="yesterday"), listed(sid="SM6", **{"from": "rcs:x"})]
    found = backfilled(listed(), *broken, listed(sid="SM9", body="bye", date_sent="Sat, 21 Nov 2026 09:31:00 +0000"))
    assert texts(found) == ["hi", "bye"]
    kept = [item for item in found.inbound if isinstance(item, Unreadable)]
    assert len({item.key for item in kept}) == 3
    (by_other_channel,) = [item for item in kept if item.key == "unreadable:SM6:received"]
    # a replay reads it as the webhook it would have been
    again = plugin().parse(replace(request(Simulator(SETTINGS).genuine(b"")), body=by_other_channel.slice))
    assert again == [by_other_channel]


@pytest.mark.parametrize("changes", [{"status": "receiving"}, {"direction": "outbound-reply"}])
def test_what_has_not_arrived_or_is_ours_is_left(changes):
    assert backfilled(listed(**changes)).inbound == []


def test_a_message_without_a_sending_time_came_when_it_was_made():
    found = backfilled(listed(date_sent=None, date_created="Sat, 21 Nov 2026 10:30:00 +0100"))
    assert found.inbound[0].occurred_at == NOW - timedelta(minutes=30)


def test_a_provider_that_knows_only_days_gives_no_older_messages():
    assert texts(backfilled(listed(date_sent="Sat, 21 Nov 2026 08:59:59 +0000"))) == []


def test_a_message_deleted_at_twilio_meanwhile_holds_up_no_other():
    with Simulator(SETTINGS) as provider:
        sid = dict(parse_qsl(provider.picture(b"x").decode()))["MessageSid"]
        written(provider, "after", 0)

        class Forgetful(type(provider.account)):
            def media_of(self, gone):
                self.messages.pop(gone)
                return super().media_of(gone)

        provider.account.__class__ = Forgetful
        found = during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
    assert texts(found) == ["after"]
    assert [item for item in found.inbound if isinstance(item, Ignored)] == [
        Ignored(key=f"gone:{sid}", reason="the message was deleted at Twilio meanwhile")
    ]


def test_a_message_whose_files_twilio_does_not_tell_is_set_aside_and_the_others_come():
    with Simulator(SETTINGS) as provider:
        sid = dict(parse_qsl(provider.picture(b"x").decode()))["MessageSid"]
        written(provider, "after", 0)

        class Barring(type(provider.account)):
            def media_of(self, asked):  # noqa: ARG002 - whichever it is
                raise Fault(20001)

        provider.account.__class__ = Barring
        found = during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
    assert texts(found) == ["after"]
    (aside,) = [item for item in found.inbound if isinstance(item, Unreadable)]
    assert (aside.key, aside.reason) == (f"unreadable:{sid}:received", "its files are not told: Bad request")
    assert dict(parse_qsl(aside.slice.decode()))["MessageSid"] == sid


def test_one_of_a_time_beyond_the_calendar_is_set_aside_and_the_others_come():
    class Beyond(Simulator):
        async def answer(self, request):
            told = await super().answer(request)
            return replace(told, body=told.body.replace(b"21 Nov 2026 09:50:00 +0000", b"31 Dec 9999 23:59:59 -2359"))

    with Beyond(SETTINGS) as provider:
        written(provider, "before", 20)
        written(provider, "of no time", 10)
        written(provider, "after", 0)
        found = during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
    assert (texts(found), [type(item) for item in found.inbound][:1]) == (["before", "after"], [Unreadable])


def test_backfilling_can_be_switched_off_and_names_receive_nothing():
    for settings in ({"backfill": False}, {"sender": "Example Ltd"}):
        with Simulator({**SETTINGS, **settings}) as provider:
            found = during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
            assert (found.inbound, found.more, provider.requests) == ([], False, [])


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(20003), Misconfigured),
        (failure(20429, retry_after="7"), Temporary),
        (failure(20500), Temporary),
        (Reply(200, b"<html>"), Temporary),
    ],
)
def test_a_backfill_that_fails_says_what_to_do(reply, kind):
    with Answering(reply) as provider, pytest.raises(kind) as error:
        during(provider, lambda sender: sender.backfill("2026-11-21T09:00:00Z"))
    assert kind is not Temporary or error.value.retry_after in (7.0, None)


def test_a_cursor_of_somebody_else_is_said():
    with Simulator(SETTINGS) as provider, pytest.raises(Temporary, match="none of ours"):
        during(provider, lambda sender: sender.backfill("42"))


# --- fetching ---------------------------------------------------------------------------------------------------------


def fetched(provider, source=None, **settings):
    if source is None:
        body = provider.picture(b"x" * 200_000)
        source = plugin().parse(request(provider.genuine(body)))[0].media[0].source

    async def fetch(sender):
        return b"".join([chunk async for chunk in (await sender.fetch(source)).chunks])

    return during(provider, fetch, **settings)


def test_a_file_is_fetched_by_way_of_another_origin_that_never_sees_the_password():
    with Simulator(SETTINGS) as provider:
        assert fetched(provider) == b"x" * 200_000
        first, second = provider.requests
    credentials = authorization((ACCOUNT, secrets_of(plugin().config)[0]))["authorization"]
    assert first.headers["authorization"] == credentials
    assert first.headers["host"].startswith("127.0.0.1:")
    assert second.headers["host"].startswith("localhost:")
    assert "authorization" not in second.headers
    assert not [header for header in second.headers.values() if TOKEN in header]


def test_the_guard_bars_a_redirection_into_the_own_network():
    with Simulator(SETTINGS) as provider, pytest.raises(Refused, match="not a public address"):
        fetched(provider, media_origin=None)


@pytest.mark.parametrize(
    "source",
    [
        "https://evil.example/2010-04-01/x",
        "https://api.twilio.com.evil.example/x",
        "https://eviltwilio.com/x",
        "http://api.twilio.com/x",
        "https://user:word@api.twilio.com/x",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "",
        "https://[",
    ],
)
def test_the_password_goes_to_twilio_only(source):
    with Simulator(SETTINGS) as provider, pytest.raises(Refused):
        fetched(provider, source)
    assert provider.requests == []


def test_what_another_address_of_the_api_names_is_fetched_there():
    with Answering(Reply(200, b"octets")) as provider:
        assert fetched(provider, f"{provider.url}/2010-04-01/Accounts/x/Media/ME1") == b"octets"
        assert "authorization" in provider.requests[0].headers


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (404, Refused, ErrorCode.MEDIA_UNREACHABLE),
        (410, Refused, ErrorCode.MEDIA_UNREACHABLE),
        (401, Misconfigured, ErrorCode.AUTH_FAILED),
        (403, Temporary, ErrorCode.MEDIA_UNREACHABLE),
        (429, Temporary, ErrorCode.RATE_LIMITED),
        (500, Temporary, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_a_file_that_cannot_be_had_says_why(status, kind, code):
    with Answering(Reply(status)) as provider, pytest.raises(KitError) as error:
        fetched(provider, "https://api.twilio.com/x")
    assert (type(error.value), error.value.code) == (kind, code)


def test_a_file_without_end_is_refused():
    with Answering(Reply(200, b"x" * ((16 << 20) + 1))) as provider, pytest.raises(Refused) as error:
        fetched(provider, "https://api.twilio.com/x")
    assert error.value.code == ErrorCode.MEDIA_TOO_LARGE


# --- checking and registering -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            SETTINGS,
            Account(
                name=f"{NUMBER} (Support)",
                details={"account": "Example Ltd", "type": "Full", "sms": "yes", "mms": "yes"},
            ),
        ),
        (
            {**SETTINGS, "sender": "62226"},
            Account(
                name="62226 (Support)", details={"account": "Example Ltd", "type": "Full", "sms": "yes", "mms": "yes"}
            ),
        ),
        (
            POOLED,
            Account(
                name="Support pool",
                details={
                    "account": "Example Ltd",
                    "type": "Full",
                    "service": "Support pool",
                    "senders": "+15005550006",
                },
            ),
        ),
        (
            {**SETTINGS, "sender": "Example"},
            Account(name="Example", details={"account": "Example Ltd", "type": "Full", "receives": "nothing"}),
        ),
    ],
)
def test_checking_tells_whose_the_credentials_are(settings, expected):
    with Simulator(settings) as provider:
        assert during(provider, lambda sender: sender.check()) == expected


def test_checking_tries_the_token_that_signs_even_where_a_key_asks():
    with Simulator(KEYED) as provider:
        during(provider, lambda sender: sender.check())
        first, second = provider.requests
        assert first.headers["authorization"] != second.headers["authorization"]
        with pytest.raises(Misconfigured):
            during(provider, lambda sender: sender.check(), auth_token="another-token-altogether")
        with pytest.raises(Misconfigured):
            during(provider, lambda sender: sender.check(), key_secret="another-secret-altogether")


def test_checking_finds_a_suspended_account_and_a_foreign_number():
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Misconfigured, match="is no number of this account"):
            during(provider, lambda sender: sender.check(), sender="+15005550006")
        provider.account.status = "suspended"
        with pytest.raises(Misconfigured, match="the account is suspended"):
            during(provider, lambda sender: sender.check())


@pytest.mark.parametrize(
    ("settings", "path", "fields"),
    [
        (
            SETTINGS,
            f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers/PN00000000000000000000000000000001.json",
            [("SmsUrl", f"{HOOK}#rc=5&rp=all"), ("SmsMethod", "POST"), ("SmsApplicationSid", "")],
        ),
        (
            {**SETTINGS, "sender": "62226"},
            f"/2010-04-01/Accounts/{ACCOUNT}/SMS/ShortCodes/SC00000000000000000000000000000001.json",
            [("SmsUrl", f"{HOOK}#rc=5&rp=all"), ("SmsMethod", "POST"), ("SmsApplicationSid", "")],
        ),
        (
            POOLED,
            "/v1/Services/MG5f0c",
            [
                ("InboundRequestUrl", f"{HOOK}#rc=5&rp=all"),
                ("InboundMethod", "POST"),
                ("UseInboundWebhookOnNumber", "false"),
            ],
        ),
    ],
)
def test_the_webhook_is_set_where_the_sender_is_kept(settings, path, fields):
    with Simulator(settings) as provider:

        async def act(sender):
            return [
                (await sender.registration()).url,
                await sender.register(HOOK),
                (await sender.registration()).url,
                (await sender.unregister()).url,
                (await sender.registration()).url,
            ]

        before, made, after, removed, gone = during(provider, act)
        (change, _) = [asked for asked in provider.requests if asked.method == "POST"]
    assert (change.path, change.body) == (path, urlencode(fields).encode())
    assert isinstance(made, Registration)
    assert (made.details["method"], made.details["overrides"]) == ("POST", "rc=5&rp=all")
    assert (before, made.url, after, removed, gone) == (None, HOOK, HOOK, None, None)


def test_a_name_has_no_webhook():
    with Simulator({**SETTINGS, "sender": "Example"}) as provider, pytest.raises(Misconfigured, match="no webhook"):
        during(provider, lambda sender: sender.register(HOOK))


def test_a_service_whose_numbers_keep_their_own_webhooks_says_so():
    service = {"friendly_name": "x", "use_inbound_webhook_on_number": True}
    with Answering(Reply.json(service)) as provider:
        told = during(provider, lambda sender: sender.registration(), sender=None, messaging_service_sid="MG1")
    assert "each number's own webhook counts" in told.details["use_inbound_webhook_on_number"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(failure(20003), Misconfigured), (failure(20404), Misconfigured), (failure(20500), Temporary)],
)
def test_asking_that_fails_says_what_to_do(reply, kind):
    with Answering(reply) as provider:
        for act in ("check", "registration", "unregister"):
            with pytest.raises(kind):
                during(provider, lambda sender, act=act: getattr(sender, act)())


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_no_secret_shows_in_what_asking_leaves_behind(caplog):
    exchanges: list[Exchange] = []
    said = []
    with caplog.at_level(logging.DEBUG), Simulator(KEYED) as provider:
        written(provider, "hi", 5)

        async def act(sender):
            await sender.check()
            await sender.register(HOOK)
            await sender.backfill("2026-11-21T09:00:00Z")
            said.append(f"{sender!r} {sender.api!r} {sender.sender!r} {vars(sender.sender)!r} {sender.config!r}")

        during(provider, act, exchanges.append)
        fetched(provider)
        with pytest.raises(Misconfigured) as error:
            during(provider, lambda sender: sender.check(), exchanges.append, key_secret=f"{TOKEN}-wrong")
        said += [repr(error.value), str(error.value.__context__), caplog.text, repr(exchanges)]
    assert len(exchanges) >= 5
    credentials = provider.requests[0].headers["authorization"].partition(" ")[2]
    for secret in (TOKEN, KEYED["key_secret"], credentials, credentials[20:40]):
        assert not [text for text in said if secret in text]
