import msgspec
import pytest
from vonage_account import SETTINGS, private_key

from connectors.channels.vonage import Vonage
from connectors.channels.vonage.config import Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"channel": "telegraph"}, "channel"),
        ({"sender": "+447700900000"}, "sender"),
        ({"sender": ""}, "sender"),
        ({"account": "ab cd"}, "account"),
        ({"api_secret": ""}, "api_secret"),
        ({"signature_secret": "one\ntwo"}, "signature_secret"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----"}, "private_key: not an RSA key"),
        ({"lasts_seconds": 299}, "lasts_seconds"),
        ({"oldest_seconds": 1}, "oldest_seconds"),
        ({"rate_pause": 0}, "rate_pause"),
        ({"nobody": 1}, "nobody"),
    ],
)
def test_a_wrong_setting_is_named(changed: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, {**SETTINGS, **changed})
    assert not any(str(SETTINGS[name]) in str(error.value) for name in ("api_secret", "signature_secret"))


def test_a_key_belongs_to_an_application() -> None:
    without = {name: value for name, value in SETTINGS.items() if name != "application_id"}
    with pytest.raises(msgspec.ValidationError, match="private_key: only with application_id"):
        configured(Config, {**without, "private_key": private_key()})


@pytest.mark.parametrize(
    ("channel", "name", "scheme", "most"),
    [
        ("sms", "sms", "tel", 3200),
        ("mms", "mms", "tel", 1600),
        ("whatsapp", "whatsapp", "tel", 1024),
        ("messenger", "messenger", "messenger", 640),
        ("viber_service", "viber", "tel", 1000),
        ("rcs", "rcs", "tel", 3072),
    ],
)
def test_the_channel_decides_what_the_connector_is(channel: str, name: str, scheme: str, most: int) -> None:
    info = Vonage.described(configured(Config, {**SETTINGS, "channel": channel}))
    assert (info.name, info.channel, info.scheme, info.capability.text.most) == ("vonage", name, scheme, most)


def test_an_operator_may_know_other_limits_of_files() -> None:
    info = Vonage.described(configured(Config, {**SETTINGS, "channel": "whatsapp", "media_octets": 1000}))
    assert info.capability.media is not None
    assert info.capability.media.octets("image/jpeg") == 1000
