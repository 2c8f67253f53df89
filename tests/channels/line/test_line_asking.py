"""Fetching, checking, registering: everything but sending."""

import msgspec
import pytest
from line_channel import HOOK, SETTINGS, TOKEN, Answering, during

from connectors.channels.line import Line
from connectors.channels.line.simulator import BOT, Held, Simulator, failure
from connectors.kit.base import Account, Registration
from connectors.kit.errors import KitError, Misconfigured, Refused, Temporary
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode


async def read(bot: Line, source: str) -> bytes:
    return b"".join([chunk async for chunk in (await bot.fetch(source)).chunks])


def unread(provider: Simulator, source: str, **settings: object) -> KitError:
    with pytest.raises(KitError) as error:
        during(provider, lambda bot: read(bot, source), **settings)
    return error.value


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["image", "file"])
def test_a_file_is_fetched_from_where_line_keeps_files(kind: str) -> None:
    with Simulator(SETTINGS) as provider, Simulator(SETTINGS) as data:
        data.files["571"] = Held("image/jpeg", b"octets")
        assert during(provider, lambda bot: read(bot, f"{kind}:571"), data_base=data.url) == b"octets"
        (asked,) = data.requests
        assert provider.requests == []
    assert (asked.method, asked.path) == ("GET", "/v2/bot/message/571/content")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_what_line_prepares_is_fetched_when_it_is_prepared(kind: str) -> None:
    with Simulator(SETTINGS) as provider:
        provider.files["571"] = Held("video/mp4", b"octets", "processing")
        error = unread(provider, f"{kind}:571")
        assert isinstance(error, Temporary)
        assert (error.retry_after, error.code) == (3.0, ErrorCode.MEDIA_UNREACHABLE)
        provider.files["571"] = Held("video/mp4", b"octets")
        assert during(provider, lambda bot: read(bot, f"{kind}:571")) == b"octets"
        assert [asked.path.rpartition("/")[2] for asked in provider.requests] == [
            "transcoding",
            "transcoding",
            "content",
        ]


def test_what_line_could_not_prepare_is_refused() -> None:
    with Simulator(SETTINGS) as provider:
        provider.files["571"] = Held("video/mp4", b"", "failed")
        error = unread(provider, "video:571")
    assert (type(error), error.code) == (Refused, ErrorCode.MEDIA_UNREACHABLE)


@pytest.mark.parametrize("source", ["image:571", "video:571"])
@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_gone_is_refused(source: str, status: int) -> None:
    with Answering(failure(status, "Not found")) as provider:
        error = unread(provider, source)
    assert (type(error), error.code, error.provider_code) == (Refused, ErrorCode.MEDIA_UNREACHABLE, str(status))


@pytest.mark.parametrize(
    ("status", "kind"), [(202, Temporary), (429, Temporary), (500, Temporary), (401, Misconfigured)]
)
def test_other_answers_to_a_fetch_have_their_names(status: int, kind: type[KitError]) -> None:
    with Answering(Reply(status)) as provider:
        assert type(unread(provider, "image:571")) is kind


def test_a_file_larger_than_wanted_is_refused() -> None:
    with Simulator(SETTINGS) as provider:
        provider.files["571"] = Held("image/jpeg", b"x" * 11)
        error = unread(provider, "image:571", download_octets=10)
    assert (type(error), error.code) == (Refused, ErrorCode.MEDIA_TOO_LARGE)


@pytest.mark.parametrize("source", ["", "571", "image:../../info", "image:571/content", "sticker:1"])
def test_a_source_that_is_none_is_not_asked_for(source: str) -> None:
    with Simulator(SETTINGS) as provider:
        assert isinstance(unread(provider, source), Refused)
        assert provider.requests == []


def test_a_file_elsewhere_is_fetched_there_without_the_token() -> None:
    with Answering(Reply(200, b"octets")) as elsewhere, Simulator(SETTINGS) as provider:
        trusted = {"data_base": elsewhere.url}  # or the guard would bar what is on this machine
        assert during(provider, lambda bot: read(bot, f"external:{elsewhere.url}/original.jpg"), **trusted) == b"octets"
        (asked,) = elsewhere.requests
    assert asked.path == "/original.jpg"
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(("status", "kind"), [(401, Refused), (403, Refused), (404, Refused), (503, Temporary)])
def test_what_another_server_refuses_is_no_fault_of_the_connector(status: int, kind: type[KitError]) -> None:
    with Answering(Reply(status)) as elsewhere, Simulator(SETTINGS) as provider:
        error = unread(provider, f"external:{elsewhere.url}/original.jpg", data_base=elsewhere.url)
    assert type(error) is kind
    assert kind is Temporary or error.code is ErrorCode.MEDIA_UNREACHABLE


def test_a_file_at_a_private_address_is_barred() -> None:
    with Simulator(SETTINGS) as provider:
        error = unread(provider, "external:http://127.0.0.1:1/secret")
    assert isinstance(error, Refused)


# --- the account ------------------------------------------------------------------------------------------------------


def test_checking_tells_whose_token_it_is_and_what_is_left_of_the_month() -> None:
    with Simulator(SETTINGS) as provider:
        account = during(provider, lambda bot: bot.check())
    assert account == Account(
        name="Support",
        details={
            "id": BOT["userId"],
            "basic_id": "@216ruzhk",
            "chat_mode": "bot",
            "quota": "1000",
            "sent_this_month": "500",
        },
    )


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(401, "Authentication failed."), Misconfigured),
        (failure(500, "oh"), Temporary),
        (failure(404, "Not found"), Refused),
        (Reply(200, b"<html>"), Temporary),
    ],
)
def test_a_check_that_fails_says_why(reply: Reply, kind: type[KitError]) -> None:
    with Answering(reply) as provider, pytest.raises(KitError) as error:
        during(provider, lambda bot: bot.check())
    assert type(error.value) is kind


# --- the webhook ------------------------------------------------------------------------------------------------------


def test_registering_sets_the_address_and_has_it_tried() -> None:
    with Simulator(SETTINGS) as provider:
        registered = during(provider, lambda bot: bot.register(HOOK))
        asked = [(one.method, one.path.rpartition("/")[2], one.body) for one in provider.requests]
    assert registered == Registration(url=HOOK, details={"active": True, "status_code": 200})
    body = msgspec.json.encode({"endpoint": HOOK})
    assert asked == [("PUT", "endpoint", body), ("GET", "endpoint", b""), ("POST", "test", body)]


def test_a_hub_that_line_cannot_reach_is_told_of() -> None:
    with Simulator(SETTINGS) as provider:
        provider.endpoint, provider.reachable = {"endpoint": HOOK, "active": False}, False
        registered = during(provider, lambda bot: bot.registration())
    assert registered == Registration(
        url=HOOK,
        last_error="COULD_NOT_CONNECT: connection refused",
        details={"active": False, "status_code": 0},
    )


def test_where_no_webhook_was_ever_set_there_is_none() -> None:
    with Simulator(SETTINGS) as provider:
        assert during(provider, lambda bot: bot.registration()) == Registration(url=None)


def test_any_other_refusal_of_a_look_is_told() -> None:
    with Answering(failure(400, "no")) as provider, pytest.raises(Refused):
        during(provider, lambda bot: bot.registration())


def test_an_address_line_does_not_take_is_refused() -> None:
    with Simulator(SETTINGS) as provider, pytest.raises(Refused, match="Invalid webhook endpoint URL"):
        during(provider, lambda bot: bot.register("http://hub.example.com/in/support-line"))


def test_a_webhook_cannot_be_removed_and_says_what_can_be_done() -> None:
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Refused, match="Use webhook"):
            during(provider, lambda bot: bot.unregister())
        assert provider.requests == []


def test_the_log_of_a_fetch_holds_no_token() -> None:
    kept: list[Exchange] = []
    with Simulator(SETTINGS) as provider:
        provider.files["571"] = Held("image/jpeg", b"octets")
        during(provider, lambda bot: read(bot, "image:571"), kept.append)
    assert len(kept) == 1
    assert TOKEN not in repr(kept)
