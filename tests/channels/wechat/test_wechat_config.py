import msgspec
import pytest
from wechat_account import KEY, SETTINGS, TOKEN

from connectors.channels.wechat.config import Config
from connectors.kit.config import configured

WITHOUT_KEY = {name: value for name, value in SETTINGS.items() if name != "aes_key"}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (WITHOUT_KEY, "aes_key: wanted unless"),
        ({**WITHOUT_KEY, "encryption": "compatible"}, "aes_key: wanted unless"),
        ({**SETTINGS, "aes_key": KEY[:-1]}, "aes_key: it is 43"),
        ({**SETTINGS, "aes_key": KEY[:-1] + "="}, "aes_key: it is 43"),
        ({**SETTINGS, "token": "ab"}, "token: it is 3 to 32"),
        ({**SETTINGS, "token": "x" * 33}, "token: it is 3 to 32"),
        ({**SETTINGS, "token": "with space"}, "token: it is 3 to 32"),
        ({**SETTINGS, "app_secret": ""}, "app_secret: empty"),
        ({**SETTINGS, "encryption": "strong"}, "encryption"),
        ({**SETTINGS, "welcome": ""}, "welcome"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert TOKEN not in str(error.value)
    assert KEY[:-1] not in str(error.value)


def test_plain_wants_no_key() -> None:
    assert configured(Config, {**WITHOUT_KEY, "encryption": "plain"}).aes_key is None
