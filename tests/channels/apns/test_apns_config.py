import msgspec
import pytest
from apns_app import SETTINGS

from connectors.channels.apns.config import Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "signing_key": "none"}, "signing_key: not the text"),
        ({**SETTINGS, "key_id": "abc"}, "key_id"),
        ({**SETTINGS, "team": ""}, "team"),
        ({**SETTINGS, "bundle": "two words"}, "bundle"),
        ({**SETTINGS, "api_base": "api.push.apple.com"}, "api_base"),
        ({**SETTINGS, "jwt_secret": None}, "nobody may register"),
        ({**SETTINGS, "users": ""}, "users"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert "PRIVATE" not in str(error.value)
