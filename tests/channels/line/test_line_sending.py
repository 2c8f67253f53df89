from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from line_channel import GROUP, MINA, PREVIEW, SETTINGS, TOKEN, Answering, during, file, holding, text, to

from connectors.channels.line.simulator import Simulator, failure
from connectors.kit.base import Outbound
from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.parts import (
    Card,
    ContactCardPart,
    LinkAction,
    LocationPart,
    MediaKind,
    MediaPart,
    ReplyAction,
    ShareLocationAction,
)
from normalizer.payload import Payload

MESSAGES = [
    (400, "Failed to send messages", Unreachable, ErrorCode.UNREACHABLE),
    (
        400,
        "The property, 'to', in the request body is invalid (line: -, column: -)",
        Unreachable,
        ErrorCode.INVALID_ADDRESS,
    ),
    (400, "A message (messages[0]) in the request body is invalid", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (400, "The request body has 2 error(s)", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (401, "Authentication failed. Confirm that the access token is valid.", Misconfigured, ErrorCode.AUTH_FAILED),
    (403, "Access to this API is not available for your account", Misconfigured, ErrorCode.MISCONFIGURED),
    (404, "Not found", Unreachable, ErrorCode.UNREACHABLE),
    (404, "the page is elsewhere", Refused, ErrorCode.UNKNOWN),
    (413, "Payload too large", Refused, ErrorCode.MEDIA_TOO_LARGE),
    (415, "Unsupported media type", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    (418, "I'm a teapot", Refused, ErrorCode.UNKNOWN),
    (429, "You have reached your monthly limit.", Refused, ErrorCode.RATE_LIMITED),
    (500, "Internal server error", OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    (503, "", OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
]


def refused(reply: Reply, **settings: Any) -> KitError:
    with Answering(reply) as provider, pytest.raises(KitError) as error:
        during(provider, lambda bot: bot.send(text()), **settings)
    return error.value


def not_sent(outbound: Outbound, **settings: Any) -> KitError:
    """The error of what is refused before anything leaves."""
    with Simulator(SETTINGS) as provider:
        with pytest.raises(KitError) as error:
            during(provider, lambda bot: bot.send(outbound), **settings)
        assert provider.requests == []
    return error.value


def pushed(outbound: Outbound, **settings: Any) -> list[dict[str, Any]]:
    """The messages as LINE gets them."""
    with Simulator(SETTINGS) as provider:
        during(provider, lambda bot: bot.send(outbound), **settings)
        (request,) = provider.requests
    messages: list[dict[str, Any]] = msgspec.json.decode(request.body)["messages"]
    return messages


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "message", "kind", "code"), MESSAGES)
def test_every_refusal_has_its_name(status: int, message: str, kind: type[KitError], code: ErrorCode) -> None:
    error = refused(failure(status, message))
    detail = message or f"HTTP status {status}"
    assert (type(error), error.code, error.provider_code, error.detail) == (kind, code, str(status), detail)


def test_a_refusal_says_which_property_it_is_about() -> None:
    told = {
        "message": "The request body has 1 error(s)",
        "details": [{"message": "May not be empty", "property": "to"}],
    }
    assert refused(Reply.json(told, 400)).detail == "The request body has 1 error(s) (to: May not be empty)"


@pytest.mark.parametrize(("header", "wait"), [({}, 1.0), ({"retry_after": "17"}, 17.0), ({"retry_after": "soon"}, 1.0)])
def test_too_many_requests_pause_for_as_long_as_told(header: dict[str, str], wait: float) -> None:
    error = refused(failure(429, "The API rate limit has been exceeded. Try again later.", **header))
    assert isinstance(error, Temporary)
    assert (error.retry_after, error.code) == (wait, ErrorCode.RATE_LIMITED)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(502, OutcomeUnknown), (403, Misconfigured), (404, Refused), (429, Temporary), (301, OutcomeUnknown)],
)
def test_a_page_that_is_not_lines_speaks_by_its_status(status: int, kind: type[KitError]) -> None:
    assert type(refused(Reply(status, b"<html>no</html>", {"content-type": "text/html"}))) is kind


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"sentMessages":[]}', b'{"sentMessages":[{"id":7}]}', b"\xff"])
def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(body: bytes) -> None:
    assert isinstance(refused(Reply(200, body)), OutcomeUnknown)


# --- retry keys -------------------------------------------------------------------------------------------------------


def test_the_retry_key_is_a_uuid_of_the_token_alone() -> None:
    with Simulator(SETTINGS) as provider:
        for outbound in (text("one"), text("one"), text("two", token="0199-aa51.2")):
            during(provider, lambda bot, outbound=outbound: bot.send(outbound))
        keys = [request.headers["x-line-retry-key"] for request in provider.requests]
    assert [str(UUID(key)) for key in keys] == keys
    assert keys[0] == keys[1] != keys[2]


def test_what_line_has_already_is_sent_and_shown_once() -> None:
    with Simulator(SETTINGS) as provider:
        provider.next(Failure.LOST_ANSWER)
        with pytest.raises(OutcomeUnknown):
            during(provider, lambda bot: bot.send(text()))
        sent = during(provider, lambda bot: bot.send(text()))
        ((message,),) = provider.pushed.values()
    assert sent.external_ids == (message["id"],)


def test_what_line_has_already_is_sent_even_where_it_does_not_say_by_which_id() -> None:
    told = failure(409, "The retry key is already accepted", x_line_accepted_request_id="123e4567")
    with Answering(told) as provider:
        assert during(provider, lambda bot: bot.send(text())).external_ids == ("request:123e4567",)
    with Answering(failure(409, "The retry key is already accepted")) as provider:
        (named,) = during(provider, lambda bot: bot.send(text())).external_ids
    assert str(UUID(named.removeprefix("request:")))


def test_every_message_of_a_push_has_its_id_in_order() -> None:
    picture = file()
    outbound = holding(picture)
    outbound = replace(outbound, payload=msgspec.structs.replace(outbound.payload, text="see"))
    with Simulator(SETTINGS) as provider:
        sent = during(provider, lambda bot: bot.send(outbound))
        ((first, second),) = provider.pushed.values()
    assert sent.external_ids == (first["id"], second["id"])
    assert (first["type"], second["type"]) == ("text", "image")


# --- content ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["", "mina", "+447700900222", f"{MINA}0", MINA.upper(), f"{MINA}\n"])
def test_what_is_no_id_of_theirs_is_not_asked_for(value: str) -> None:
    error = not_sent(text(address=to(value)))
    assert (type(error), error.code) == (Unreachable, ErrorCode.INVALID_ADDRESS)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (Payload(), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(contact_card=ContactCardPart(name="Mina")), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(text="x", actions=(LinkAction(label="l", url="javascript:alert(1)"),)), ErrorCode.CONTENT_UNSUPPORTED),
        (
            Payload(text="x", actions=(LinkAction(label="l", url=f"https://{'x' * 1000}"),)),
            ErrorCode.CONTENT_UNSUPPORTED,
        ),
        (Payload(cards=(Card(title="t", actions=(ShareLocationAction(label="l"),)),)), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(cards=(Card(title="t", image="a1"),)), ErrorCode.MEDIA_UNREACHABLE),
        (Payload(cards=tuple(Card(title="t") for _ in range(61))), ErrorCode.CONTENT_UNSUPPORTED),
        (
            Payload(media=(MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png"),)),
            ErrorCode.MEDIA_UNREACHABLE,
        ),
    ],
)
def test_what_a_push_cannot_hold_is_refused(payload: Payload, code: ErrorCode) -> None:
    error = not_sent(text(payload=payload))
    assert (type(error), error.code) == (Refused, code)


@pytest.mark.parametrize("url", [None, "http://x.example/f", f"https://x.example/{'f' * 2000}"])
def test_a_file_without_an_https_address_is_refused(url: str | None) -> None:
    error = not_sent(holding(file(url=url)))
    assert (type(error), error.code) == (Refused, ErrorCode.MEDIA_UNREACHABLE)


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        (file("image/webp"), MediaKind.IMAGE),
        (file("video/mp4"), MediaKind.VIDEO),
        (file(size=1_000_001), MediaKind.IMAGE),
    ],
)
def test_a_file_line_would_not_show_is_refused(held: Any, kind: MediaKind) -> None:
    error = not_sent(holding(held, kind))
    assert (type(error), error.code) == (Refused, ErrorCode.MEDIA_UNSUPPORTED)


def test_a_large_picture_has_the_configured_preview() -> None:
    (message,) = pushed(holding(file(size=1_000_001)), preview_picture=PREVIEW)
    assert message == {"type": "image", "originalContentUrl": "https://x.example/f", "previewImageUrl": PREVIEW}


def test_a_place_with_one_name_only_has_it_for_both() -> None:
    place = LocationPart(latitude=1.5, longitude=-2.25, address="x" * 101)
    (message,) = pushed(text(payload=Payload(location=place)))
    assert (message["title"], message["address"]) == ("x" * 100, "x" * 100)


def test_thirteen_cards_are_two_carousels_with_buttons_under_the_last() -> None:
    cards = tuple(Card(title=f"Card {n}") for n in range(13))
    first, second = pushed(text(payload=Payload(cards=cards, actions=(ReplyAction(label="None"),))))
    assert (len(first["contents"]["contents"]), second["contents"]["type"]) == (12, "bubble")
    assert ("quickReply" in first, "quickReply" in second) == (False, True)


def test_a_card_says_in_a_list_of_chats_as_much_as_fits() -> None:
    cards = (Card(title="🎁" * 150), Card(title="", text="and more"), Card(title="🎁" * 150))
    (message,) = pushed(text(payload=Payload(cards=cards)))
    assert message["altText"] == "🎁" * 150 + ", and more, " + "🎁" * 44


# --- typing -----------------------------------------------------------------------------------------------------------


def test_the_loading_sign_shows_for_as_long_as_configured() -> None:
    with Simulator(SETTINGS) as provider:
        during(provider, lambda bot: bot.typing(to(), None), typing_seconds=5)
        (request,) = provider.requests
    assert msgspec.json.decode(request.body) == {"chatId": MINA, "loadingSeconds": 5}


def test_nothing_need_be_said_of_a_sign_that_shows() -> None:
    with Answering(Reply(202)) as provider:
        during(provider, lambda bot: bot.typing(to(), None))
        assert len(provider.requests) == 1


def test_a_group_sees_no_loading_sign() -> None:
    with Simulator(SETTINGS) as provider:
        during(provider, lambda bot: bot.typing(to(GROUP), None))
        assert provider.requests == []


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_the_log_of_exchanges_holds_no_token() -> None:
    kept: list[Exchange] = []
    with Simulator(SETTINGS) as provider:
        during(provider, lambda bot: bot.send(text()), kept.append)
    assert len(kept) == 1
    assert TOKEN not in repr(kept)
