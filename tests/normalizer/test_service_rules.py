"""What a customer may expect, and in which words it is said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.hours import Hours, Span
from normalizer.model import Inbox, Priority
from normalizer.promise import Notice, Occasion
from normalizer.service import (
    Expected,
    Wording,
    expect,
    filled,
    is_emergency,
    notice_at,
    noticed,
    target_of,
    wording,
)

NIGHT = datetime(2026, 11, 20, 22, tzinfo=UTC)
"""Six in the morning of Saturday in Shanghai."""
OFFICE = Hours(tz="Asia/Shanghai", week=((Span(540, 1260),),) * 7)
TARGETS = {"chat": 30.0, "email": 86_400.0, "emergency": 60.0, "high": 300.0, "bulk": 7200.0, "normal": 3600.0}
seconds = st.floats(1, 10**6)


@pytest.mark.parametrize(
    ("channel", "priority", "target"),
    [
        ("chat", Priority.NORMAL, 30.0),
        ("chat", Priority.HIGH, 30.0),
        ("chat", Priority.EMERGENCY, 30.0),
        ("chat", Priority.BULK, 7200.0),
        ("email", Priority.NORMAL, 86_400.0),
        ("email", Priority.HIGH, 300.0),
        ("email", Priority.EMERGENCY, 60.0),
        ("voice", Priority.NORMAL, 3600.0),
    ],
)
def test_a_target_is_of_the_channel_and_the_priority(channel, priority, target):
    assert target_of(Inbox(id="main", targets=TARGETS), channel, priority) == target


def test_where_nothing_is_promised_only_an_emergency_is_expected():
    expected = {priority: target_of(Inbox(id="main"), "chat", priority) for priority in Priority}
    assert expected == {**dict.fromkeys(Priority), Priority.EMERGENCY: 60.0}
    assert expect(Inbox(id="main"), "chat", Priority.NORMAL, NIGHT) is None


@given(st.dictionaries(st.sampled_from([*Priority, "chat"]), seconds))
def test_what_is_more_urgent_than_usual_never_waits_longer(targets):
    inbox = Inbox(id="main", targets=targets)
    usual = target_of(inbox, "chat", Priority.NORMAL)
    for priority in (Priority.HIGH, Priority.EMERGENCY):
        target = target_of(inbox, "chat", priority)
        assert usual is None or (target is not None and target <= usual)


def test_a_target_is_counted_in_the_channels_hours():
    hours = {"voice": Hours(tz="Asia/Shanghai", week=((Span(600, 1080),),) * 7)}
    inbox = Inbox(id="main", targets={"normal": 3600.0}, remind=0.5, hours=OFFICE, channel_hours=hours)
    nine = NIGHT + timedelta(hours=3)
    assert expect(inbox, "chat", Priority.NORMAL, NIGHT) == Expected(
        at=nine + timedelta(hours=1), remind_at=nine + timedelta(minutes=30), target=3600.0, open=False, opens_at=nine
    )
    voice = expect(inbox, "voice", Priority.NORMAL, NIGHT)
    assert voice is not None
    assert voice.at == nine + timedelta(hours=2)


def test_what_never_opens_promises_nothing_but_in_an_emergency():
    inbox = Inbox(id="main", targets={"chat": 30.0}, hours=Hours(tz="UTC", week=((),) * 7))
    assert expect(inbox, "chat", Priority.NORMAL, NIGHT) is None
    emergency = expect(inbox, "chat", Priority.EMERGENCY, NIGHT)
    assert emergency is not None
    assert (emergency.at, emergency.open, emergency.opens_at) == (NIGHT + timedelta(seconds=30), False, None)


@pytest.mark.parametrize(
    ("locales", "language"),
    [
        (("zh-Hant-TW",), "zh-Hant"),
        (("zh-CN",), "zh"),
        (("ZH_cn",), "zh"),
        (("fi", "ms"), "ms"),
        ((None, None), "en"),
        (("fi",), "en"),
        (("x" * 100_000,), "en"),
    ],
)
def test_a_text_is_in_the_nearest_language(locales, language):
    texts = {name: name for name in ("zh", "zh-Hant", "ms", "en")}
    inbox = Inbox(id="main", languages=("en", "zh"), texts={Occasion.CLOSED: texts})
    assert wording(inbox, Occasion.CLOSED, locales) == Wording(language=language, text=language)


def test_without_languages_the_first_text_stands_in_and_without_texts_nothing_is_said():
    inbox = Inbox(id="main", texts={Occasion.CLOSED: {"ms": "Tutup", "en": "Closed"}})
    assert wording(inbox, Occasion.CLOSED, ("fi",)) == Wording(language="ms", text="Tutup")
    assert wording(inbox, Occasion.EXPECTED, ("ms",)) is None


def test_a_notice_is_there_from_its_first_moment_until_before_its_last():
    texts = {"en": "Late", "zh": "晚"}
    inbox = Inbox(
        id="main", languages=("zh",), notice=Notice(texts=texts, since=NIGHT, until=NIGHT + timedelta(hours=1))
    )
    seconds = (-1, 0, 3599, 3600)
    moments = [NIGHT + timedelta(seconds=after) for after in seconds]
    assert [notice_at(inbox, at) for at in moments] == [None, texts, texts, None]
    assert [noticed(inbox, NIGHT, locales) for locales in (("en-GB",), ("fi",), (None,))] == ["Late", "晚", "晚"]
    assert noticed(inbox, moments[0], ("en",)) is None
    always = Inbox(id="main", notice=Notice(texts=texts))
    assert notice_at(always, NIGHT) == texts
    assert noticed(Inbox(id="main"), NIGHT, ("en",)) is None


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en-GB", "21 November 2026, 6:00 {name}"),
        ("zh-Hant", "11月21日, 6:00 {name}"),
        ("ms", "21/11/2026, 6:00 {name}"),
        ("de", "21.11.2026, 6:00 {name}"),
        ("fi", "2026-11-21, 6:00 {name}"),
    ],
)
def test_a_moment_is_told_as_the_language_has_it(language, said):
    text = Wording(language=language, text="{date}, {time} {name}")
    assert filled(text, NIGHT, ZoneInfo("Asia/Shanghai")) == said


@given(st.text(max_size=200))
def test_without_words_nothing_is_an_emergency(text):
    assert not is_emergency(Inbox(id="main"), text)


@pytest.mark.parametrize("text", ["FIRE!", "ein Feuer", "Ｆｉｒｅ".upper(), "es brennt.", "I need (help)", "救命啊"])
def test_a_word_is_found_in_any_case_and_script(text):
    words = ("fire", "Feuer", "brennt", "help", "救命", "ｆｉｒｅ")
    assert is_emergency(Inbox(id="main", emergency_words=words), text)


@pytest.mark.parametrize("text", ["firewall", "wildfires", "helpless", "救"])
def test_a_part_of_another_word_is_none(text):
    assert not is_emergency(Inbox(id="main", emergency_words=("fire", "help", "救命")), text)
