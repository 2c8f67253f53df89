"""Polling, fetching, registering, checking, confirming: everything but sending."""

import asyncio
import logging

import msgspec
import pytest
from telegram_bot import FIXTURES, MINA, NOW, POLLING, SETTINGS, TOKEN, Answering, during, plugin

from connectors.channels.telegram import Telegram
from connectors.channels.telegram.simulated import Upload
from connectors.channels.telegram.simulator import Simulator, failure
from connectors.kit.base import Account, Checks, Confirms, Edits, Fetches, Polled, Polls, Reacts, Registers, Types
from connectors.kit.errors import Misconfigured, Refused, Temporary
from connectors.kit.fixtures import read_fixtures
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Ignored, MessageReceived, Unreadable


def test_it_has_every_ability() -> None:
    bot = plugin(SETTINGS)
    for ability in (Checks, Registers, Fetches, Polls, Edits, Reacts, Types, Confirms):
        assert isinstance(bot, ability)


# --- polling ----------------------------------------------------------------------------------------------------------


def message(number: int, text: str) -> bytes:
    chat = {"id": 5012345678, "type": "private", "first_name": "Mina"}
    told = {"message_id": number, "date": 1790000000, "chat": chat, "text": text}
    return msgspec.json.encode({"update_id": number, "message": told})


def texts(polled: Polled) -> list[str]:
    return [item.text for item in polled.inbound if isinstance(item, MessageReceived)]


def test_polling_moves_on_only_when_the_cursor_does() -> None:
    with Simulator(POLLING) as provider:
        for n in (10, 11):
            provider.push(message(n, f"m{n}"))

        async def poll(bot: Telegram) -> list[Polled]:
            first = await bot.poll(None)
            again = await bot.poll(None)
            provider.push(message(12, "m12"))
            return [first, again, await bot.poll(first.cursor)]

        first, again, later = during(provider, poll)
    assert (texts(first), first.cursor) == (["m10", "m11"], "12")
    assert first == again
    assert (texts(later), later.cursor) == (["m12"], "13")


def test_polling_asks_for_what_it_is_configured_to() -> None:
    with Simulator(POLLING) as provider:
        during(provider, lambda bot: bot.poll("7"), poll_seconds=0, poll_limit=3, allowed_updates=["message"])
        (request,) = provider.requests
    assert request.path.endswith("/getUpdates")
    asked = {"offset": 7, "limit": 3, "timeout": 0, "allowed_updates": ["message"]}
    assert msgspec.json.decode(request.body) == asked


def test_an_empty_poll_keeps_the_cursor() -> None:
    with Simulator(POLLING) as provider:
        polled = during(provider, lambda bot: bot.poll("42"), poll_seconds=0)
        assert (polled.inbound, polled.cursor) == ([], "42")
        assert during(provider, lambda bot: bot.poll(None), poll_seconds=0).cursor == "0"


def test_an_update_that_cannot_be_read_spoils_no_other() -> None:
    broken = b'{"update_id":11,"message":{"message_id":"x"}}'
    nameless = b'{"message":{}}'
    unknown = b'{"update_id":12,"telepathy":{}}'
    batch = b",".join([message(10, "before"), broken, unknown, nameless, message(13, "after")])
    with Answering(Reply(200, b'{"ok":true,"result":[' + batch + b"]}")) as provider:
        polled = during(provider, lambda bot: bot.poll(None), mode="polling")
    before, second, third, fourth, after = polled.inbound
    assert texts(polled) == ["before", "after"]
    assert (before.key, after.key) == ("message:10:5012345678", "message:13:5012345678")
    assert isinstance(second, Unreadable)
    assert (second.key, second.slice) == ("update:11", broken)
    assert third == Unreadable(key="update:12", slice=unknown, reason="an update of a kind we do not know: telepathy")
    assert isinstance(fourth, Unreadable)
    assert (fourth.key.partition(":")[0], fourth.slice) == ("unreadable", nameless)
    assert polled.cursor == "14"
    assert polled.raw == provider.reply.body


def test_a_waiting_poll_ends_when_news_arrive() -> None:
    with Simulator(POLLING) as provider:

        async def poll(bot: Telegram) -> Polled:
            waiting = asyncio.create_task(bot.poll(None))
            await asyncio.to_thread(provider.wait, 1)
            provider.push(message(10, "now"))
            return await waiting

        assert texts(during(provider, poll, poll_seconds=30)) == ["now"]


def test_what_telegram_gives_no_time_of_happened_when_it_was_polled() -> None:
    case = next(case for case in read_fixtures(FIXTURES).inbound if case.name == "callback")
    with Simulator(POLLING) as provider:
        provider.push(case.request.body)
        polled = during(provider, lambda bot: bot.poll(None))
    assert polled.inbound[0].occurred_at == NOW


def test_polling_beside_a_webhook_is_misconfigured() -> None:
    with Simulator(POLLING) as provider:
        provider.webhook["url"] = "https://elsewhere.example.com/"
        with pytest.raises(Misconfigured, match="webhook is active"):
            during(provider, lambda bot: bot.poll(None))


def test_a_second_poller_ends_the_first() -> None:
    with Simulator(POLLING) as provider:

        async def poll(bot: Telegram) -> None:
            first = asyncio.create_task(bot.poll(None))
            await asyncio.to_thread(provider.wait, 1)
            second = asyncio.create_task(bot.poll(None))
            with pytest.raises(Misconfigured, match="terminated by other getUpdates"):
                await first
            provider.push(message(10, "mine"))
            assert texts(await second) == ["mine"]

        during(provider, poll, poll_seconds=30)


@pytest.mark.parametrize("reply", [Reply(500, b""), Reply(200, b"no"), Reply(200, b'{"ok":true,"result":{}}')])
def test_a_poll_that_failed_can_be_repeated(reply: Reply) -> None:
    with Answering(reply) as provider, pytest.raises(Temporary):
        during(provider, lambda bot: bot.poll(None))


# --- files ------------------------------------------------------------------------------------------------------------


async def read(bot: Telegram, source: str) -> bytes:
    fetched = await bot.fetch(source)
    return b"".join([chunk async for chunk in fetched.chunks])


def test_a_file_is_fetched_whole_and_its_address_stays_secret() -> None:
    content = bytes(range(256)) * 4000
    exchanges: list[Exchange] = []
    with Simulator(SETTINGS) as provider:
        provider.chats.files["AgAC1"] = Upload("box.jpg", "image/jpeg", content)
        assert during(provider, lambda bot: read(bot, "AgAC1"), exchanges.append) == content
        assert during(provider, lambda bot: bot.fetch("AgAC1")).size == len(content)
    assert any("/file/bot" in exchange.url for exchange in exchanges)
    assert TOKEN not in repr(exchanges)


@pytest.mark.parametrize(
    ("source", "code"), [("unknown", ErrorCode.MEDIA_UNREACHABLE), ("large", ErrorCode.MEDIA_TOO_LARGE)]
)
def test_a_file_telegram_does_not_give_is_refused(source: str, code: ErrorCode) -> None:
    with Simulator(SETTINGS) as provider:
        provider.chats.files["large"] = Upload("film.mp4", "video/mp4", b"x" * ((20 << 20) + 1))
        with pytest.raises(Refused) as error:
            during(provider, lambda bot: bot.fetch(source))
    assert error.value.code is code


def test_a_file_over_the_limit_is_refused_unread() -> None:
    with Simulator(SETTINGS) as provider:
        provider.chats.files["AgAC1"] = Upload("box.jpg", "image/jpeg", b"x" * 2000)
        with pytest.raises(Refused) as error:
            during(provider, lambda bot: read(bot, "AgAC1"), download_octets=1000)
    assert error.value.code is ErrorCode.MEDIA_TOO_LARGE


def test_a_file_gone_between_asking_and_reading_is_refused() -> None:
    with Simulator(SETTINGS) as provider:
        provider.chats.files["AgAC1"] = Upload("box.jpg", "image/jpeg", b"x")

        async def late(bot: Telegram) -> bytes:
            fetched = await bot.fetch("AgAC1")
            provider.chats.files.clear()
            return b"".join([chunk async for chunk in fetched.chunks])

        with pytest.raises(Refused) as error:
            during(provider, late)
    assert error.value.code is ErrorCode.MEDIA_UNREACHABLE


def test_a_path_on_the_servers_own_disk_is_refused() -> None:
    local = {"file_id": "a", "file_unique_id": "b", "file_path": "/var/lib/telegram-bot-api/box.jpg"}
    with Answering(Reply.json({"ok": True, "result": local})) as provider, pytest.raises(Refused) as error:
        during(provider, lambda bot: bot.fetch("a"))
    assert error.value.code is ErrorCode.MEDIA_UNREACHABLE


# --- the account and its webhook --------------------------------------------------------------------------------------


def test_the_account_is_told() -> None:
    with Simulator(SETTINGS) as provider:
        account = during(provider, lambda bot: bot.check())
    assert account == Account(name="@support_bot", details={"id": "110201543", "name": "Support"})


def test_a_wrong_token_is_misconfigured() -> None:
    with Simulator(SETTINGS) as provider, pytest.raises(Misconfigured) as error:
        during(provider, lambda bot: bot.check(), token="110201543:another-token")
    assert error.value.code is ErrorCode.AUTH_FAILED


def test_nobody_listening_is_temporary() -> None:
    with Simulator(SETTINGS) as provider:
        settings = provider.settings()
    with pytest.raises(Temporary):
        during(provider, lambda bot: bot.check(), **settings)


def test_the_webhook_is_set_told_and_removed() -> None:
    url = "https://hub.example.com/in/support"
    with Simulator(SETTINGS) as provider:
        registered = during(provider, lambda bot: bot.register(url), max_connections=7, allowed_updates=["message"])
        asked = msgspec.json.decode(provider.requests[0].body)
        removed = during(provider, lambda bot: bot.unregister())
    assert asked == {
        "url": url,
        "secret_token": SETTINGS["secret_token"],
        "allowed_updates": ["message"],
        "max_connections": 7,
    }
    assert (registered.url, registered.pending, registered.last_error) == (url, 0, None)
    assert registered.details["max_connections"] == 7
    assert removed.url is None


def test_a_polling_bot_registers_no_webhook() -> None:
    with Simulator(POLLING) as provider:
        with pytest.raises(Misconfigured):
            during(provider, lambda bot: bot.register("https://hub.example.com/in/support"))
        assert provider.requests == []


# --- pressed buttons --------------------------------------------------------------------------------------------------


def pressed() -> MessageReceived:
    case = next(case for case in read_fixtures(FIXTURES).inbound if case.name == "callback")
    (item,) = case.expected
    assert isinstance(item, MessageReceived)
    return item


def test_a_pressed_button_is_confirmed() -> None:
    with Simulator(SETTINGS) as provider:
        during(provider, lambda bot: bot.confirm(pressed()))
        (request,) = provider.requests
    assert request.path.endswith("/answerCallbackQuery")
    assert msgspec.json.decode(request.body) == {"callback_query_id": "4382bfdwdsb323b2d9"}


def test_a_press_telegram_forgot_needs_no_confirming() -> None:
    told = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    with Answering(failure(400, told)) as provider:
        during(provider, lambda bot: bot.confirm(pressed()))


def test_any_other_refusal_of_a_confirmation_is_told() -> None:
    with Answering(failure(400, "Bad Request: something else")) as provider, pytest.raises(Refused):
        during(provider, lambda bot: bot.confirm(pressed()))


def test_only_a_pressed_button_awaits_a_word() -> None:
    bot = plugin(SETTINGS)
    case = next(case for case in read_fixtures(FIXTURES).inbound if case.name == "text")
    assert [bot.awaits(item) for item in (pressed(), case.expected[0], Ignored(key="update:1", reason=""))] == [
        True,
        False,
        False,
    ]


def test_logs_at_debug_hold_no_token_and_no_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Simulator(SETTINGS) as provider:
        during(provider, lambda bot: bot.typing(MINA, None))
        during(provider, lambda bot: bot.check())
    said = "".join(record.getMessage() for record in caplog.records)
    assert TOKEN not in said
    assert "5012345678" not in said
