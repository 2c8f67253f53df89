"""What cannot work is said at start-up, and names the setting."""

import msgspec
import pytest
from twilio_voice_calls import SETTINGS

from connectors.channels.twilio_voice.config import Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"account_sid": "AB1"}, "account_sid"),
        ({"number": "07700 900111"}, "number"),
        ({"key_sid": "SK1"}, "key_sid"),
        ({"application_sid": "XX1"}, "application_sid"),
        ({"start": "nowhere"}, "start: there is no step 'nowhere'"),
        ({"steps": {"start": {"do": "menu", "keys": {"1": "away"}}}}, "steps.start: there is no step 'away'"),
        ({"steps": {"start": {"do": "menu", "words": {"a": "away"}}}}, "steps.start: there is no step 'away'"),
        ({"steps": {"start": {"do": "menu", "otherwise": "away"}}}, "steps.start: there is no step 'away'"),
        ({"steps": {"start": {"do": "voicemail", "closed": "away"}}}, "steps.start: there is no step 'away'"),
        ({"steps": {"start": {"do": "queue", "queue": "a", "otherwise": "away"}}}, "there is no step 'away'"),
        ({"steps": {"start": {"do": "menu", "keys": {"12345": "start"}}}}, "matching regex"),
        ({"steps": {"start": {"do": "dial", "to": ["07700"]}}}, "matching regex"),
        ({"steps": {"start": {"do": "dial", "to": []}}}, "length >= 1"),
        ({"steps": {"start": {"do": "fly"}}}, "fly"),
        ({"hours": {"tz": "Europe/Londinium", "days": {}}}, "hours.tz"),
        ({"hours": {"tz": "Europe/London", "days": {"someday": "9:00-17:00"}}}, "hours.days"),
        ({"hours": {"tz": "Europe/London", "days": {"mon": "noon"}}}, "expected times"),
        ({"announce": "This call is recorded."}, "announce: goes with record"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_what_cannot_work_is_refused(settings, reason):
    with pytest.raises(msgspec.ValidationError, match=reason):
        configured(Config, {**SETTINGS, **settings})


def test_without_steps_a_caller_leaves_a_message():
    bare = {name: value for name, value in SETTINGS.items() if name not in ("steps", "agents")}
    config = configured(Config, bare)
    assert type(config.steps[config.start]).__name__ == "Voicemail"


def test_the_token_shows_nowhere():
    assert SETTINGS["auth_token"] not in repr(configured(Config, SETTINGS))
