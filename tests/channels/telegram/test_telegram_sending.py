import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from telegram_bot import MINA, SETTINGS, Answering, during, text

from connectors.channels.telegram import Telegram
from connectors.channels.telegram.simulator import Simulator, failure
from connectors.kit.base import File, Outbound, OutboundEdit, OutboundReaction
from connectors.kit.errors import (
    KitError,
    Misconfigured,
    Moved,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import (
    CallAction,
    ContactCardPart,
    LinkAction,
    LocationPart,
    MediaKind,
    MediaPart,
    PostbackAction,
    ReplyAction,
    ShareLocationAction,
)
from normalizer.payload import Payload
from normalizer.render import render

DESCRIPTIONS = [
    (403, "Forbidden: bot was blocked by the user", OptedOut, ErrorCode.OPTED_OUT),
    (403, "Forbidden: user is deactivated", Unreachable, ErrorCode.UNREACHABLE),
    (403, "Forbidden: bot was kicked from the supergroup chat", Unreachable, ErrorCode.UNREACHABLE),
    (403, "Forbidden: bot is not a member of the channel chat", Unreachable, ErrorCode.UNREACHABLE),
    (403, "Forbidden: the group chat was deleted", Unreachable, ErrorCode.UNREACHABLE),
    (403, "Forbidden: bot can't initiate conversation with a user", Unreachable, ErrorCode.NOT_OPTED_IN),
    (403, "Forbidden: bot can't send messages to bots", Unreachable, ErrorCode.UNREACHABLE),
    (403, "Forbidden: bot can't send messages to the user", Temporary, ErrorCode.UNREACHABLE),
    (400, "Bad Request: chat not found", Unreachable, ErrorCode.INVALID_ADDRESS),
    (400, "Bad Request: PEER_ID_INVALID", Unreachable, ErrorCode.INVALID_ADDRESS),
    (400, "Bad Request: user not found", Unreachable, ErrorCode.INVALID_ADDRESS),
    (400, "Bad Request: message thread not found", Unreachable, ErrorCode.INVALID_ADDRESS),
    (400, "Bad Request: BUSINESS_CONNECTION_INVALID", Unreachable, ErrorCode.INVALID_ADDRESS),
    (400, "Bad Request: BUSINESS_PEER_USAGE_MISSING", Refused, ErrorCode.WINDOW_CLOSED),
    (400, "Bad Request: not enough rights to send text messages to the chat", Unreachable, ErrorCode.UNREACHABLE),
    (400, "Bad Request: message is too long", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (400, "Bad Request: message text is empty", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (400, "Bad Request: can't parse entities: unclosed", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    (400, "Bad Request: wrong file identifier/HTTP URL specified", Refused, ErrorCode.MEDIA_UNREACHABLE),
    (400, "Bad Request: failed to get HTTP URL content", Refused, ErrorCode.MEDIA_UNREACHABLE),
    (400, "Bad Request: wrong type of the web page content", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    (400, "Bad Request: file is too big", Refused, ErrorCode.MEDIA_TOO_LARGE),
    (413, "Request Entity Too Large", Refused, ErrorCode.MEDIA_TOO_LARGE),
    (400, "Bad Request: something new", Refused, ErrorCode.UNKNOWN),
    (418, "I'm a teapot", Refused, ErrorCode.UNKNOWN),
    (401, "Unauthorized", Misconfigured, ErrorCode.AUTH_FAILED),
    (404, "Not Found", Misconfigured, ErrorCode.AUTH_FAILED),
    (409, "Conflict: terminated by other getUpdates request", Misconfigured, ErrorCode.MISCONFIGURED),
    (500, "Internal Server Error: restart", OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    (502, "Bad Gateway", OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
]


def refused(reply: Reply) -> KitError:
    with Answering(reply) as provider, pytest.raises(KitError) as error:
        during(provider, lambda bot: bot.send(text()))
    return error.value


@pytest.mark.parametrize(("status", "description", "kind", "code"), DESCRIPTIONS)
def test_every_refusal_has_its_name(status: int, description: str, kind: type[KitError], code: ErrorCode) -> None:
    error = refused(failure(status, description))
    assert (type(error), error.code, error.provider_code, error.detail) == (kind, code, str(status), description)


def test_too_many_requests_say_how_long_to_wait() -> None:
    error = refused(failure(429, "Too Many Requests: retry after 17", retry_after=17))
    assert isinstance(error, Temporary)
    assert (error.retry_after, error.code) == (17, ErrorCode.RATE_LIMITED)


def test_a_group_that_became_a_supergroup_says_where_it_is() -> None:
    told = "Bad Request: group chat was upgraded to a supergroup chat"
    error = refused(failure(400, told, migrate_to_chat_id=-1001700000077))
    assert isinstance(error, Moved)
    assert error.value == "-1001700000077"


@pytest.mark.parametrize("status", [502, 403, 429])
def test_a_page_that_is_not_telegrams_speaks_by_its_status(status: int) -> None:
    kinds = {502: OutcomeUnknown, 403: Refused, 429: Temporary}
    assert type(refused(Reply(status, b"<html>no</html>", {"content-type": "text/html"}))) is kinds[status]


@pytest.mark.parametrize("body", [b"", b"null", b'{"ok":true}', b'{"ok":true,"result":{"message_id":"x"}}', b"\xff"])
def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(body: bytes) -> None:
    error = refused(Reply(200, body, {"content-type": "application/json"}))
    assert isinstance(error, OutcomeUnknown)


def test_a_success_of_an_unknown_shape_is_still_a_success() -> None:
    chat = {"id": 5012345678, "type": "private", "hologram": {}}
    made = {"message_id": 8, "date": 1, "chat": chat, "sticker": {"file_id": "x"}, "from": {"no": "id"}}
    with Answering(Reply.json({"ok": True, "result": made})) as provider:
        assert during(provider, lambda bot: bot.send(text())).external_ids == ("8:5012345678",)


def test_errors_hold_on_to_nothing_of_the_library() -> None:
    error = refused(failure(400, "Bad Request: chat not found"))
    assert (error.__cause__, error.__context__) == (None, None)


def test_the_simulator_refuses_what_telegram_refuses() -> None:
    with Simulator(SETTINGS) as provider:

        async def codes(bot: Telegram) -> list[str]:
            found = []
            button = PostbackAction(label="b", value="x" * 65)
            for outbound in (
                text("x" * 4097),
                text("👋" * 2049),
                text("  "),
                replace(text(), payload=Payload(text="b", actions=(button,))),
                replace(text(), address=Address(scheme="telegram", value="0")),
            ):
                with pytest.raises(KitError) as error:
                    await bot.send(outbound)
                found.append(error.value.detail)
            return found

        assert during(provider, codes) == [
            "Bad Request: message is too long",
            "Bad Request: message is too long",
            "Bad Request: message text is empty",
            "Bad Request: BUTTON_DATA_INVALID",
            "Bad Request: chat not found",
        ]


def test_text_of_the_greatest_length_goes_through() -> None:
    with Simulator(SETTINGS) as provider:
        assert during(provider, lambda bot: bot.send(text("👋" * 2048))).external_ids == ("1:5012345678",)


def changed(words: str, **more: object) -> OutboundEdit:
    return OutboundEdit(token="e-0", address=MINA, payload=Payload(text=words), external_id="1:5012345678", **more)


def test_an_edit_that_changes_nothing_succeeds() -> None:
    with Simulator(SETTINGS) as provider:

        async def twice(bot: Telegram) -> list[tuple[str, ...]]:
            await bot.send(text("same"))
            return [(await bot.edit(changed("new"))).external_ids, (await bot.edit(changed("new"))).external_ids]

        assert during(provider, twice) == [("1:5012345678",), ("1:5012345678",)]
        assert provider.chats.messages["5012345678", 1]["text"] == "new"


def test_an_edit_of_what_is_gone_is_refused() -> None:
    with Simulator(SETTINGS) as provider:
        provider.chats.missing.add(("5012345678", 1))
        with pytest.raises(Refused, match="message to edit not found") as error:
            during(provider, lambda bot: bot.edit(changed("new")))
    assert error.value.code is ErrorCode.CONTENT_UNSUPPORTED


def test_a_reaction_telegram_does_not_know_is_refused() -> None:
    with Simulator(SETTINGS) as provider, pytest.raises(Refused, match="REACTION_INVALID"):
        during(provider, lambda bot: bot.react(OutboundReaction(MINA, "1:5012345678", "🧊")))


LOCATION = LocationPart(latitude=1.0, longitude=2.0)
SHARE = ShareLocationAction(label="here")
PHOTO = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (Payload(text="hi", location=LOCATION), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(contact_card=ContactCardPart(name="Jan")), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(text="hi", actions=(CallAction(label="call", number="+31612345678"),)), ErrorCode.CONTENT_UNSUPPORTED),
        (
            Payload(text="hi", actions=(SHARE, LinkAction(label="l", url="https://e.com"))),
            ErrorCode.CONTENT_UNSUPPORTED,
        ),
        (Payload(media=(PHOTO,)), ErrorCode.MEDIA_UNREACHABLE),
    ],
)
def test_what_one_request_cannot_hold_is_refused_unsent(payload: Payload, code: ErrorCode) -> None:
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Refused) as error:
            during(provider, lambda bot: bot.send(replace(text(), payload=payload)))
        assert (error.value.code, provider.requests) == (code, [])


@pytest.mark.parametrize("value", ["", "mina", "@", "1 2", "12345678901234567890", "../getMe"])
def test_an_address_that_is_none_is_unreachable_unsent(value: str) -> None:
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Unreachable) as error:
            during(provider, lambda bot: bot.send(replace(text(), address=Address(scheme="telegram", value=value))))
        assert (error.value.code, provider.requests) == (ErrorCode.INVALID_ADDRESS, [])


def stored(folder: Path, content: bytes, media_type: str = "image/jpeg", name: str = "box.jpg") -> File:
    path = folder / "a1"
    path.write_bytes(content)
    return File("a1", path, media_type, name, len(content))


def photo(file: File, **more: object) -> Outbound:
    return Outbound(token="p-0", address=MINA, payload=Payload(media=(PHOTO,)), files={"a1": file}, **more)


def test_a_picture_too_large_for_a_photo_goes_as_a_document(tmp_path: Path) -> None:
    with Simulator(SETTINGS) as provider:
        file = stored(tmp_path, b"x" * 2000)
        during(provider, lambda bot: bot.send(photo(file)), photo_octets=1000)
        assert [request.path.rpartition("/")[2] for request in provider.requests] == ["sendDocument"]


def test_what_was_uploaded_is_what_can_be_fetched(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    with Simulator(SETTINGS) as provider:
        during(provider, lambda bot: bot.send(photo(stored(tmp_path, content))))
        (held,) = provider.chats.files.values()
    assert (held.name, held.media_type, held.content) == ("box.jpg", "image/jpeg", content)


def test_a_name_with_line_ends_cannot_forge_a_header(tmp_path: Path) -> None:
    with Simulator(SETTINGS) as provider:
        file = stored(tmp_path, b"x", name='a"\r\nX-Evil: 1.jpg')
        during(provider, lambda bot: bot.send(photo(file)))
        (request,) = provider.requests
    assert b'filename="a\\"__X-Evil: 1.jpg"' in request.body


def test_a_file_that_vanished_is_refused_unsent(tmp_path: Path) -> None:
    file = stored(tmp_path, b"x")
    file.path.unlink()
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Refused) as error:
            during(provider, lambda bot: bot.send(photo(file)))
        assert (error.value.code, provider.requests) == (ErrorCode.MEDIA_UNREACHABLE, [])


def test_previews_of_links_can_be_switched_off() -> None:
    with Simulator(SETTINGS) as provider:
        during(provider, lambda bot: bot.send(text("see example.com")), link_previews=False)
        (request,) = provider.requests
    assert msgspec.json.decode(request.body)["link_preview_options"] == {"is_disabled": True}


@pytest.mark.parametrize("quoted", ["callback:4382bfdw", "5:-1001700000002", "not an id"])
def test_what_cannot_be_quoted_is_answered_without_quotation(quoted: str) -> None:
    with Simulator(SETTINGS) as provider:
        answer = replace(text(), payload=Payload(text="fine", quotes=True), reply_to=quoted)
        during(provider, lambda bot: bot.send(answer))
        (request,) = provider.requests
    assert msgspec.json.decode(request.body) == {"chat_id": 5012345678, "text": "fine"}


def test_telegram_takes_whatever_render_makes_by_the_capability(tmp_path: Path) -> None:
    kinds = [
        *[MediaKind.IMAGE] * 11,
        MediaKind.VIDEO,
        MediaKind.FILE,
        MediaKind.FILE,
        MediaKind.STICKER,
        MediaKind.VOICE,
    ]
    types = {MediaKind.IMAGE: "image/jpeg", MediaKind.VIDEO: "video/mp4", MediaKind.STICKER: "image/webp"}
    parts = [
        MediaPart(attachment_id=f"a{n}", kind=kind, media_type=types.get(kind, "audio/ogg"))
        for n, kind in enumerate(kinds)
    ]
    path = tmp_path / "any"
    path.write_bytes(b"any")
    files = {part.attachment_id: File(part.attachment_id, path, part.media_type, "any", 3) for part in parts}
    others = [LOCATION, ContactCardPart(name="Jan", phones=("+31612345678",))]
    actions = [
        ReplyAction(label="漢" * 22),
        ReplyAction(label="漢" * 21),
        PostbackAction(label="no", value="n" * 64),
        LinkAction(label="see", url="https://example.com/"),
    ]
    words = "👋 漢字 and words " * 700
    rendered = render(words, [*parts, *others], actions, Telegram.info.capability, reply=True, links={})

    async def send_all(bot: Telegram) -> list[str]:
        sent: list[str] = []
        for n, payload in enumerate(rendered.payloads):
            outbound = Outbound(token=f"r-{n}", address=MINA, payload=payload, reply_to="9:5012345678", files=files)
            sent += (await bot.send(outbound)).external_ids
        return sent

    with Simulator(SETTINGS) as provider:
        sent = during(provider, send_all)
    assert sent == [f"{n}:5012345678" for n in range(1, len(sent) + 1)]
    held = [message for message in provider.chats.messages.values() if "photo" in message or "video" in message]
    assert len(held) == 12
    assert {message.get("media_group_id") is None for message in held[:10]} == {False}


def test_many_sends_at_once_are_each_sent_once() -> None:
    with Simulator(SETTINGS) as provider:

        async def burst(bot: Telegram) -> list[str]:
            sent = await asyncio.gather(*(bot.send(text(f"n {n}")) for n in range(50)))
            return [one.external_ids[0] for one in sent]

        ids = during(provider, burst)
    assert sorted(ids) == sorted(f"{n}:5012345678" for n in range(1, 51))


def test_a_lost_answer_leaves_the_message_at_telegram() -> None:
    with Simulator(SETTINGS) as provider:
        provider.next(Failure.LOST_ANSWER)
        with pytest.raises(OutcomeUnknown):
            during(provider, lambda bot: bot.send(text()))
        assert provider.chats.messages["5012345678", 1]["text"] == "hello"
