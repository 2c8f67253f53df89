import msgspec
import pytest
from vk_community import SECRET, SETTINGS, TOKEN

from connectors.channels.vk.config import Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "group_id": -777}, "group_id"),
        ({**SETTINGS, "access_token": ""}, "access_token"),
        ({**SETTINGS, "access_token": "one\nX-Other: two"}, "access_token"),
        ({**SETTINGS, "secret": ""}, "secret"),
        ({**SETTINGS, "secret": "ключ"}, "secret"),
        ({**SETTINGS, "confirmation": ""}, "confirmation"),
        ({**SETTINGS, "confirmation": "<b>"}, "confirmation"),
        ({name: SETTINGS[name] for name in SETTINGS if name != "secret"}, "secret"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert TOKEN not in str(error.value)
    assert SECRET not in str(error.value)
