"""Opening hours, targets and texts: what the file says, and what is said of a mistake."""

import re
from datetime import UTC, date, datetime

import pytest
from jsonschema import Draft202012Validator
from parrot import plugins
from test_settings_load import problems, written

from gateway.settings import load, settings_schema
from normalizer.hours import ALL_DAY, Hours, Span, SpecialDay
from normalizer.model import Inbox
from normalizer.promise import Notice, Occasion
from tests.project.tree import ROOT

SENTENCES = {
    "EXPECTED": 'expected times such as "9:00-21:00" or "10:00-14:00, 15:00-18:00", or "closed"',
    "NEITHER": "neither a day such as mon or mon-fri, nor a date such as 2026-12-24",
    "MOMENT": "expected a moment with its offset, such as 2026-12-24T18:00:00Z or 2026-12-24T18:00:00+08:00",
    "UNKNOWN": "expected a channel such as chat, or a priority such as emergency",
}
DAYTIME = (Span(540, 1260),)
WHOLE = """
inboxes:
  main:
    hours:
      tz: Asia/Shanghai
      mon-fri: "9:00-21:00"
      sat: "15:00-18:00, 10:00-14:00"
      sun: closed
      2026-12-24: "9:00-12:00"
      holidays: ["2026-12-25", "2027-01-01"]
      channels:
        voice: {fri-mon: "22:00-6:00"}
        email: {tz: Europe/Berlin, 2026-12-25: "9:00-24:00"}
    languages: [zh, en]
    targets: {chat: 30s, voice: 2m, email: 24h, emergency: 1m}
    remind: 0.5
    texts:
      closed: {en: "Back on {date}, {time}.", zh: "{date}{time}"}
      emergency: {zh: 已通知。}
    emergency_words: [救命, " fire "]
"""


def test_everything_can_be_said(tmp_path):
    special = (
        SpecialDay(date(2026, 12, 24), (Span(540, 720),)),
        SpecialDay(date(2026, 12, 25)),
        SpecialDay(date(2027, 1, 1)),
    )
    week = (DAYTIME,) * 5 + ((Span(600, 840), Span(900, 1080)), ())
    night = (Span(1320, 1800),)
    open_at_christmas = (special[0], SpecialDay(date(2026, 12, 25), (Span(540, 1440),)), special[2])
    assert load(written(tmp_path, WHOLE), {}, plugins).inboxes == {
        "main": Inbox(
            id="main",
            hours=Hours(tz="Asia/Shanghai", week=week, special=special),
            channel_hours={
                "voice": Hours(tz="Asia/Shanghai", week=(night, (), (), (), night, night, night), special=special),
                "email": Hours(tz="Europe/Berlin", week=week, special=open_at_christmas),
            },
            languages=("zh", "en"),
            targets={"chat": 30.0, "voice": 120.0, "email": 86_400.0, "emergency": 60.0},
            remind=0.5,
            texts={
                Occasion.CLOSED: {"en": "Back on {date}, {time}.", "zh": "{date}{time}"},
                Occasion.EMERGENCY: {"zh": "已通知。"},
            },
            emergency_words=("救命", "fire"),
        )
    }


def test_a_notice_has_its_time_in_utc_and_may_have_none(tmp_path):
    told = 'notice: {text: {en: " Late. ", zh: "晚"}, from: 2026-12-24T18:00:00+08:00, until: 2026-12-25T00:00:00Z}'
    texts = {"en": "Late.", "zh": "晚"}
    since, until = datetime(2026, 12, 24, 10, tzinfo=UTC), datetime(2026, 12, 25, tzinfo=UTC)
    timed = load(written(tmp_path, f"inboxes: {{main: {{{told}}}}}"), {}, plugins).inboxes["main"].notice
    assert timed == Notice(texts=texts, since=since, until=until)
    always = load(written(tmp_path, "inboxes: {main: {notice: {text: {en: Late.}}}}"), {}, plugins).inboxes["main"]
    assert always.notice == Notice(texts={"en": "Late."})


def test_the_page_that_explains_it_is_a_good_configuration(tmp_path):
    page = (ROOT / "docs" / "how-to" / "set-hours.md").read_text()
    first, second = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    secret = {"DESK_SECRET": "whsec_" + "c2VjcmV0" * 4}
    loaded = load(written(tmp_path, first + second), secret, plugins)
    assert loaded.inboxes["main"].channel_hours["voice"].week == (ALL_DAY,) * 7
    assert set(loaded.inboxes["main"].texts) == set(Occasion)


def shown(problem: str) -> str:
    for name, words in SENTENCES.items():
        problem = problem.replace(name, words)
    place, _, rest = problem.partition(": ")
    return f"hub.yaml:{place}: inboxes.main.{rest}"


def test_a_zone_alone_is_open_day_and_night(tmp_path):
    loaded = load(written(tmp_path, "inboxes: {main: {hours: {tz: Asia/Shanghai}}}"), {}, plugins)
    assert loaded.inboxes["main"].hours == Hours(tz="Asia/Shanghai")


@pytest.mark.parametrize(
    ("hours", "problem"),
    [
        ('{mon: "9:00-17:00"}', "1:18: hours.tz: missing; it is the zone of these hours, such as Europe/Berlin"),
        (
            "{tz: Europe/Berln}",
            '1:30: hours.tz: not a zone of the IANA\'s, such as Europe/Berlin; did you mean "Europe/Berlin"?',
        ),
        (
            "{tz: UTC, mon: 9-17}",
            "1:40: hours.mon: EXPECTED",
        ),
        ('{tz: UTC, mon: "9:00-25:00"}', "1:40: hours.mon: expected times from 0:00 to 24:00"),
        (
            '{tz: UTC, mon: "9:00-9:00"}',
            "1:40: hours.mon: begins and ends at the same time; the whole day is 0:00-24:00",
        ),
        (
            '{tz: UTC, mon: "9:00-12:00, 11:00-17:00"}',
            "1:40: hours.mon: these times overlap; write them as one, such as 9:00-18:00",
        ),
        (
            '{tz: UTC, monday: "9:00-17:00"}',
            '1:35: hours.monday: NEITHER; did you mean "mon"?',
        ),
        ('{tz: UTC, mon-fri: "9:00-17:00", wed: closed}', "1:58: hours.wed: wed is in mon-fri already; say it once"),
        ("{tz: UTC, mon: closed}", '1:25: hours: never open; name a day and its times, such as mon-fri: "9:00-21:00"'),
        ("{tz: UTC, holidays: [2026-02-30]}", "1:46: hours.holidays[0]: expected a date such as 2026-12-25"),
        (
            "{tz: UTC, holidays: [2026-12-25], 2026-12-25: closed}",
            "1:59: hours.2026-12-25: 2026-12-25 is in holidays already; say it once",
        ),
        (
            "{tz: UTC, holidays: 2026-12-25}",
            '1:45: hours.holidays: expected a list of at most 1000 dates such as ["2026-12-25"]',
        ),
        (
            "{tz: UTC, channels: {voice: 9-17}}",
            '1:53: hours.channels.voice: expected hours such as {mon-fri: "9:00-18:00"}',
        ),
        (
            "{tz: UTC, channels: {voice: {mon: nine}}}",
            "1:59: hours.channels.voice.mon: EXPECTED",
        ),
        (
            "{tz: UTC, channels: {voice: {channels: {}}}}",
            "1:54: hours.channels.voice.channels: NEITHER",
        ),
    ],
)
def test_mistakes_in_hours_are_shown_where_they_stand(tmp_path, hours, problem):
    assert problems(tmp_path, f"inboxes: {{main: {{hours: {hours}}}}}") == [shown(problem)]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("targets: {chat: soon}", "1:34: targets.chat: expected a length of time such as 30s, 30m or 1h30m"),
        ("targets: {chat: 0}", "1:34: targets.chat: expected more than 0 and at most 30d"),
        (
            "targets: {emergancy: 1m}",
            '1:28: targets.emergancy: UNKNOWN; did you mean "emergency"?',
        ),
        ("remind: 80", "1:26: remind: expected a share between 0 and 1, such as 0.8"),
        ("languages: [english]", "1:30: languages[0]: expected a language such as en, zh or pt-BR"),
        ("texts: {closd: {en: Closed}}", '1:26: texts.closd: unknown key; did you mean "closed"?'),
        (
            'texts: {closed: {en: "Back {when}"}}',
            "1:39: texts.closed.en: the placeholders are {time} and {date}; there are no others in braces",
        ),
        (
            "texts: {closed: {english: Closed}}",
            "1:35: texts.closed.english: expected a language such as en, zh or pt-BR",
        ),
        (
            "languages: [zh], texts: {closed: {en: Closed}}",
            "1:51: texts.closed: has no text in zh, the first of languages, which stands in for the others",
        ),
        ("notice: {}", "1:18: notice.text: missing"),
        ("notice: {text: {}}", '1:33: notice.text: expected a text by language, such as {en: "…"}'),
        ("notice: {text: {en: ' '}}", "1:38: notice.text.en: expected a text of at most 1000 characters"),
        ("notice: {text: {en: x}, from: tomorrow}", "1:48: notice.from: MOMENT"),
        ("notice: {text: {en: x}, until: 2026-12-24T18:00:00}", "1:49: notice.until: MOMENT"),
        (
            "notice: {text: {en: x}, from: 2026-12-24T18:00:00Z, until: 2026-12-24T18:00:00Z}",
            "1:77: notice.until: is not after from",
        ),
        (
            "languages: [zh], notice: {text: {en: Late}}",
            "1:50: notice.text: has no text in zh, the first of languages, which stands in for the others",
        ),
        ('emergency_words: [""]', "1:36: emergency_words[0]: expected a word or a few, of at most 50 characters"),
    ],
)
def test_mistakes_in_what_is_promised_are_shown_where_they_stand(tmp_path, entry, problem):
    assert problems(tmp_path, f"inboxes: {{main: {{{entry}}}}}") == [shown(problem)]


def test_the_schema_takes_it_and_refuses_what_the_loader_refuses():
    schema = Draft202012Validator(settings_schema([]))
    hours = {"tz": "UTC", "mon-fri": "9:00-17:00", "2026-12-24": "closed", "holidays": ["2026-12-25"]}
    serves = {"hours": {**hours, "channels": {"voice": hours}}, "targets": {"chat": "30s"}, "remind": 0.5}
    notice = {"text": {"en": "Late"}, "from": "2026-12-24T18:00:00Z"}
    schema.validate({"inboxes": {"main": {"notice": notice}}})
    assert not schema.is_valid({"inboxes": {"main": {"notice": {"from": "2026-12-24T18:00:00Z"}}}})
    schema.validate({"inboxes": {"main": {**serves, "texts": {"closed": {"en": "Closed"}}, "languages": ["en"]}}})
    for bad in ({"monday": "9:00-17:00"}, {"holidays": "2026-12-25"}, {"channels": {"voice": {"channels": {}}}}):
        assert not schema.is_valid({"inboxes": {"main": {"hours": {"tz": "UTC", **bad}}}})
