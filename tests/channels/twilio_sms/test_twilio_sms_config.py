import msgspec
import pytest
from twilio_sms_sender import KEYED, POOL, SETTINGS, TOKEN

from connectors.channels.twilio_sms import TwilioSms
from connectors.families.twilio.api import API, MESSAGING, located
from connectors.kit.config import configured


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        POOL,
        KEYED,
        {**SETTINGS, "sender": "62226"},
        {**SETTINGS, "sender": "Example Ltd"},
        {**SETTINGS, "account_sid": "AC9d"},
    ],
)
def test_a_sender_of_every_kind_is_taken(settings):
    config = configured(TwilioSms.Config, settings)
    assert TOKEN not in repr(config)
    assert "key-nobody" not in repr(config)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"account_sid": "SK9d"}, "account_sid: not of the form AC…"),
        ({"account_sid": "AC../x"}, "account_sid: not of the form AC…"),
        ({"sender": None}, "either sender or messaging_service_sid"),
        ({"messaging_service_sid": "MG5f0c"}, "either sender or messaging_service_sid"),
        ({"sender": None, "messaging_service_sid": "5f0c"}, "messaging_service_sid: not of the form MG…"),
        ({"sender": "whatsapp:+447700900111"}, "sender: neither E.164"),
        ({"sender": "07700 900111"}, "sender: neither E.164"),
        ({"sender": "Twelve Chars"}, "sender: neither E.164"),
        ({"key_sid": "SK1"}, "key_sid: goes with key_secret"),
        ({"key_secret": "secret"}, "key_sid: goes with key_secret"),
        ({"key_sid": "AC1", "key_secret": "secret"}, "key_sid: not of the form SK…"),
        ({"webhook_retries": 6}, "webhook_retries"),
        ({"validity_seconds": 36_001}, "validity_seconds"),
        ({"send_seconds": 0}, "send_seconds"),
        ({"sendr": "x"}, "sendr"),
    ],
)
def test_what_cannot_work_is_refused_and_named(change, told):
    with pytest.raises(msgspec.ValidationError, match=told) as error:
        configured(TwilioSms.Config, {**SETTINGS, **change})
    assert TOKEN not in str(error.value)


@pytest.mark.parametrize(
    ("base", "api", "messaging"),
    [
        ("https://api.twilio.com", "https://api.twilio.com", "https://messaging.twilio.com"),
        (
            "https://api.dublin.ie1.twilio.com/",
            "https://api.dublin.ie1.twilio.com",
            "https://messaging.dublin.ie1.twilio.com",
        ),
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010", "http://127.0.0.1:4010"),
        ("https://proxy.example/twilio/", "https://proxy.example/twilio", "https://proxy.example/twilio"),
        ("https://twilio.com.example", "https://twilio.com.example", "https://twilio.com.example"),
    ],
)
def test_one_setting_moves_all_of_twilio(base, api, messaging):
    path = "/2010-04-01/Accounts/AC9d/Messages.json?To=%2B44&a=b"
    assert located(API + path, base) == api + path
    assert located(f"{MESSAGING}/v1/Services", base) == f"{messaging}/v1/Services"


def test_only_configured_origins_are_trusted():
    config = configured(TwilioSms.Config, SETTINGS)
    assert TwilioSms.trusted_origins(config) == (API, f"{MESSAGING}")
    config = configured(TwilioSms.Config, {**SETTINGS, "media_origin": "http://10.0.0.5"})
    assert TwilioSms.trusted_origins(config)[2:] == ("http://10.0.0.5",)
