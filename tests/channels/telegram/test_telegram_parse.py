import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram_bot import FIXTURES, NOW, SETTINGS, plugin

from connectors.channels.telegram.parse import parse
from connectors.channels.telegram.spans import ENTITIES, KINDS, marks, spans
from connectors.channels.telegram.update import Entity
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.fixtures import read_fixtures
from connectors.kit.request import Request
from normalizer.assemble import assemble
from normalizer.inbound import Ignored, MessageReceived, Unreadable
from normalizer.parts import Span, SpanKind

TEXTS = st.text(st.sampled_from("aé漢👍🏽𝕄 \n"), min_size=1, max_size=40)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def by_utf16(text: str, offset: int, length: int) -> str:
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le")


@given(TEXTS, st.data())
def test_a_span_and_its_entity_cover_the_same_characters(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(1, len(text) - start))
    kind = data.draw(st.sampled_from(sorted(ENTITIES)))
    span = Span(kind=kind, offset=start, length=length, url="https://e.com" if kind is SpanKind.LINK else None)
    (mark,) = marks(text, [span])
    assert by_utf16(text, mark.offset, mark.length) == text[start : start + length]
    entity = Entity(type=mark.type, offset=mark.offset, length=mark.length, url=mark.url, language=mark.language)
    assert spans(text, [entity]) == (span,)


@given(TEXTS, st.integers(0, 99), st.integers(0, 99), st.sampled_from(sorted(KINDS)))
def test_entities_beyond_the_text_make_no_span_beyond_it(text: str, offset: int, length: int, kind: str) -> None:
    for span in spans(text, [Entity(type=kind, offset=offset, length=length)]):
        assert 0 <= span.offset < span.offset + span.length <= len(text)


@given(TEXTS, st.integers(0, 99), st.integers(0, 99))
def test_spans_beyond_the_text_make_no_entity_beyond_it(text: str, offset: int, length: int) -> None:
    for mark in marks(text, [Span(kind=SpanKind.BOLD, offset=offset, length=length)]):
        assert 0 <= mark.offset < mark.offset + mark.length <= units(text)


def test_the_pieces_of_an_album_make_one_message() -> None:
    cases = {case.name: case for case in read_fixtures(FIXTURES).inbound}
    pieces = [cases[name].expected[0] for name in ("album_3_video", "album_1", "album_2")]
    assert all(isinstance(piece, MessageReceived) for piece in pieces)
    whole = assemble(pieces)
    assert (whole.external_id, whole.text) == ("70:5012345678", "broken box")
    assert [media.source for media in whole.media] == ["AgACAgQAAxkBx", "AgACAgQAAxkBy", "AgACAgQAAxkBv"]


def test_both_reports_of_a_migration_share_one_key() -> None:
    old = {"id": -400, "type": "group", "title": "G"}
    new = {"id": -1001, "type": "supergroup", "title": "G"}
    reports = [
        {"message_id": 1, "date": 5, "chat": old, "migrate_to_chat_id": -1001},
        {"message_id": 1, "date": 6, "chat": new, "migrate_from_chat_id": -400},
    ]
    keys = {
        item.key
        for n, message in enumerate(reports)
        for item in parse(msgspec.json.encode({"update_id": n, "message": message}), NOW)
    }
    assert keys == {"moved:-400:-1001"}


def test_messages_of_a_person_to_bot_and_business_do_not_share_a_name() -> None:
    chat = {"id": 5, "type": "private", "first_name": "M"}
    message = {"message_id": 1, "date": 5, "chat": chat, "from": {"id": 5, "first_name": "M"}, "text": "hi"}
    (plain,) = parse(msgspec.json.encode({"update_id": 1, "message": message}), NOW)
    (business,) = parse(
        msgspec.json.encode({"update_id": 2, "business_message": {**message, "business_connection_id": "abc"}}), NOW
    )
    assert isinstance(plain, MessageReceived)
    assert isinstance(business, MessageReceived)
    assert (plain.external_id, business.external_id) == ("1:5", "1:5:abc")
    assert (plain.peer.thread, business.peer.thread) == (None, "abc")


def test_a_body_without_a_number_is_a_bad_payload() -> None:
    for body in (b"", b"[]", b"{}", b'{"update_id": "one"}', b"\xff", b'{"update_id": 1' + b"0" * 30 + b"}"):
        with pytest.raises(BadPayload):
            parse(body, NOW)


def test_an_empty_update_is_quarantined() -> None:
    assert parse(b'{"update_id": 7}', NOW) == [
        Unreadable(key="update:7", slice=b'{"update_id": 7}', reason="an update of a kind we do not know: ")
    ]


def test_what_is_nested_too_deeply_is_not_passed_on() -> None:
    chat = {"id": 5, "type": "private", "first_name": "M"}
    deep: object = "end"
    for _ in range(30):
        deep = [deep]
    body = msgspec.json.encode(
        {"update_id": 9, "message": {"message_id": 1, "date": 5, "chat": chat, "gift": {"deep": deep}}}
    )
    (item,) = parse(body, NOW)
    assert item == Unreadable(key="update:9", slice=body, reason="nested too deeply")


def test_reactions_that_did_not_change_are_ignored() -> None:
    thumb = [{"type": "emoji", "emoji": "👍"}]
    user = {"id": 5, "first_name": "M"}
    reaction = {"chat": {"id": 5, "type": "private"}, "message_id": 1, "date": 5, "user": user}
    body = msgspec.json.encode(
        {"update_id": 9, "message_reaction": {**reaction, "old_reaction": thumb, "new_reaction": thumb}}
    )
    assert parse(body, NOW) == [Ignored(key="update:9", reason="the reactions are as they were")]


def request(**headers: str) -> Request:
    return Request("POST", "https://hub.example.com/in/support", headers, b"{}", NOW)


def test_a_missing_secret_is_told_from_a_wrong_one() -> None:
    bot = plugin(SETTINGS)
    with pytest.raises(BadSignature) as missing:
        bot.verify(request())
    with pytest.raises(BadSignature) as wrong:
        bot.verify(request(**{"x-telegram-bot-api-secret-token": "guess"}))
    assert (missing.value.missing, wrong.value.missing) == (True, False)


def test_a_polling_bot_takes_no_webhook() -> None:
    bot = plugin({"token": SETTINGS["token"], "mode": "polling"})
    for headers in ({}, {"x-telegram-bot-api-secret-token": ""}):
        with pytest.raises(BadSignature):
            bot.verify(request(**headers))


@pytest.mark.parametrize(
    ("after", "state"),
    [
        ({"status": "restricted", "can_send_messages": False}, "opted_out"),
        ({"status": "restricted", "can_send_messages": True}, None),
        ({"status": "left"}, "opted_out"),
    ],
)
def test_a_bot_that_is_silenced_in_a_group_is_shut_out(after: dict[str, object], state: str | None) -> None:
    change = {
        "chat": {"id": -100, "type": "supergroup", "title": "G"},
        "date": 5,
        "old_chat_member": {"status": "member"},
        "new_chat_member": after,
    }
    (item,) = parse(msgspec.json.encode({"update_id": 9, "my_chat_member": change}), NOW)
    assert getattr(item, "state", None) == state
