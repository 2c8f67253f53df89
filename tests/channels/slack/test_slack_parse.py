from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_app import NOW, SETTINGS, TOKEN, plugin, request

from connectors.channels.slack.emoji import NAMES, REACTIONS, named, said
from connectors.channels.slack.people import message_name, moment
from connectors.channels.slack.reading import read
from connectors.channels.slack.simulator import Simulator
from connectors.channels.slack.writing import EXPRESSED, written
from connectors.kit.base import Outcome
from connectors.kit.errors import BadPayload
from connectors.kit.request import Response
from normalizer.inbound import Ignored, MessageReceived, Unreadable
from normalizer.model import Visibility
from normalizer.parts import Span, SpanKind

TEXTS = st.text(st.sampled_from("aé漢👍 \n&<>|*_`;"), max_size=40)
MESSAGE = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U42", "text": "hi", "ts": "9.000001"}


def told(event, **settings):
    provider = Simulator(SETTINGS)
    return plugin({**SETTINGS, **settings}).parse(request(provider.genuine(provider.event(event))))


# --- text -------------------------------------------------------------------------------------------------------------


@given(TEXTS)
def test_plain_text_comes_back_as_it_was_written(text):
    assert read(written(text)) == (text, ())


@given(
    TEXTS, st.lists(st.tuples(st.sampled_from(sorted(EXPRESSED)), st.integers(0, 45), st.integers(0, 45)), max_size=6)
)
def test_formatting_takes_nothing_from_the_words(text, drawn):
    spans = [Span(kind=kind, offset=offset, length=length, url="https://e.com/|>") for kind, offset, length in drawn]
    made = read(written(text, spans)).text
    remaining = iter(made)
    assert all(character in remaining for character in text)


@given(st.text(st.sampled_from("<>@#!|&;amplt Uhttps:/\n"), max_size=60))
def test_whatever_is_written_is_read_with_spans_inside_it(text):
    shown = read(text)
    for span in shown.spans:
        assert 0 <= span.offset < span.offset + span.length <= len(shown.text)


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([(SpanKind.BOLD, 0, 7), (SpanKind.ITALIC, 4, 3)], "*one _two_* three"),
        ([(SpanKind.BOLD, 0, 7), (SpanKind.ITALIC, 4, 9)], "*one two* three"),
        ([(SpanKind.CODE, 0, 13), (SpanKind.BOLD, 4, 3)], "`one two three`"),
        ([(SpanKind.BOLD, 3, 5)], "one *two* three"),
        ([(SpanKind.STRIKE, 3, 1)], "one two three"),
        ([(SpanKind.LINK, 4, 3)], "one two three"),
        ([(SpanKind.SPOILER, 4, 3)], "one two three"),
    ],
)
def test_marks_stand_where_slack_reads_them(spans, wanted):
    made = [Span(kind=kind, offset=offset, length=length) for kind, offset, length in spans]
    assert written("one two three", made) == wanted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@U42|mina>", "@mina"),
        ("<!subteam^S1>", "@subteam"),
        ("<!date^1392734382^{date_num}|2014-02-18>", "2014-02-18"),
        ("<!channel>", "@channel"),
        ("<#C1>", "#C1"),
        ("&amp;lt;", "&lt;"),
        ("a < b > c", "a < b > c"),
        ("<>", "<>"),
    ],
)
def test_references_read_as_people_see_them(text, shown):
    assert read(text).text == shown


def test_emoji_go_there_and_back():
    for name, emoji in NAMES.items():
        assert (said(name), named(emoji)) == (emoji, name)
    assert {said(named(emoji)).replace("\ufe0f", "") for emoji in REACTIONS} == {
        emoji.replace("\ufe0f", "") for emoji in REACTIONS
    }
    assert (said("+1::skin-tone-3"), named("👍🏼")) == ("👍🏼", "+1::skin-tone-3")
    assert (said("thumbsup"), said("party-parrot"), named("party-parrot")) == ("👍", "party-parrot", "party-parrot")


# --- events -----------------------------------------------------------------------------------------------------------


def test_without_channel_threads_a_channel_is_one_route():
    (item,) = told(MESSAGE, channel_threads=False)
    (answer,) = told({**MESSAGE, "ts": "10.000001", "thread_ts": "9.000001"}, channel_threads=False)
    assert (item.peer.thread, answer.peer.thread) == (None, "9.000001")
    assert (item.references, answer.references) == ((), ())


@pytest.mark.parametrize(
    ("kind", "visibility"),
    [("channel", Visibility.PUBLIC), ("group", Visibility.PRIVATE), ("mpim", Visibility.PRIVATE)],
)
def test_a_public_channel_is_public(kind, visibility):
    (item,) = told({**MESSAGE, "channel_type": kind})
    assert item.peer.visibility is visibility


@pytest.mark.parametrize("ours", [{"app_id": "A1"}, {"bot_profile": {"app_id": "A1"}}, {"user": "UBOT"}])
def test_our_own_messages_are_known_by_app_and_by_bot(ours):
    (item,) = told({**MESSAGE, "bot_id": "BBOT", **ours})
    assert (type(item), item.reason) == (Ignored, "our own message")


def test_what_another_app_says_is_marked_as_automatic():
    (item,) = told({**MESSAGE, "bot_id": "B2", "app_id": "A2", "user": "U0OTHER"})
    assert (item.auto, item.author.address.value, item.text) == (True, "U0OTHER", "hi")


@pytest.mark.parametrize("ts", ["999999999999.999999", "253402300800.000000"])
def test_a_time_beyond_the_calendar_is_unreadable(ts):
    (item,) = told({**MESSAGE, "ts": ts})
    assert (type(item), item.reason) == (Unreadable, "a ts beyond the calendar")


def test_what_is_nested_too_deeply_is_not_passed_on():
    deep = "end"
    for _ in range(60):
        deep = [deep]
    (item,) = told({**MESSAGE, "text": "", "attachments": [{"deep": deep}]})
    assert (type(item), item.reason) == (Unreadable, "nested too deeply")


def test_a_redelivery_has_the_key_of_the_first():
    provider = Simulator(SETTINGS)
    body = provider.message("hello", "U42")
    first, again = (
        request(provider.genuine(body, stamp)) for stamp in (int(NOW.timestamp()), int(NOW.timestamp()) + 60)
    )
    again = replace(again, headers={**again.headers, "x-slack-retry-num": "1"})
    assert plugin().parse(first) == plugin().parse(again)


def test_a_message_and_its_mention_do_not_both_count():
    items = [*told(MESSAGE), *told({**MESSAGE, "type": "app_mention"})]
    assert [type(item) for item in items] == [MessageReceived, Ignored]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"type":"event_callback"}', b"\xff"])
def test_a_body_without_an_event_is_a_bad_payload(body):
    with pytest.raises(BadPayload):
        plugin().parse(request(Simulator(SETTINGS).genuine(body)))


def test_a_request_of_an_unknown_kind_is_quarantined():
    (item,) = plugin().parse(request(Simulator(SETTINGS).genuine(b'{"type":"hologram"}')))
    assert (type(item), item.slice) == (Unreadable, b'{"type":"hologram"}')


# --- the handshake ----------------------------------------------------------------------------------------------------


def test_a_challenge_is_answered_with_itself():
    body = msgspec.json.encode({"type": "url_verification", "challenge": 'a"b', "token": "x"})
    came = request(Simulator(SETTINGS).genuine(body))
    for outcome in (Outcome.RECORDED, Outcome.DUPLICATE, Outcome.QUARANTINED):
        answer = plugin().respond(came, outcome)
        assert answer == Response(200, b'{"challenge":"a\\"b"}', {"content-type": "application/json"})
    assert plugin().respond(came, Outcome.OVERLOADED).status == 503


@pytest.mark.parametrize(
    "body", [b"", b"payload=x", b'{"type":"event_callback","challenge":"x"}', b'{"challenge":"x"}']
)
def test_nothing_else_is_answered_with_words(body):
    assert plugin().respond(request(Simulator(SETTINGS).genuine(body)), Outcome.RECORDED) == Response(200)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "C1", "C1:", "C1:F1", "action:C1:9.1", "c1:9.1", "C1:9", "C1:9.1:x", "U42:F3"])
def test_what_names_no_message_is_known_as_that(name):
    assert message_name(name) is None


def test_a_ts_keeps_its_digits_and_tells_the_time():
    assert message_name("C1:1795255196.000200") == ("C1", "1795255196.000200")
    assert moment("1795255196.000200").isoformat() == "2026-11-21T09:59:56.000200+00:00"
    assert TOKEN not in repr(plugin())
