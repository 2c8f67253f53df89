import msgspec
import pytest
from weibo_account import SECRET, SETTINGS, TOKEN

from connectors.channels.weibo import Weibo
from connectors.channels.weibo.config import Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "account_id": 0}, "account_id"),
        ({**SETTINGS, "app_secret": ""}, "app_secret"),
        ({**SETTINGS, "access_token": "one\nX-Other: two"}, "access_token"),
        ({**SETTINGS, "reply_path": "messages/reply.json"}, "reply_path"),
        ({**SETTINGS, "reply_path": "/2/reply?x=1"}, "reply_path"),
        ({name: SETTINGS[name] for name in SETTINGS if name != "access_token"}, "access_token"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert TOKEN not in str(error.value)
    assert SECRET not in str(error.value)


def test_only_weibos_own_addresses_are_trusted() -> None:
    assert Weibo.trusted_origins(configured(Config, SETTINGS)) == (
        "https://m.api.weibo.com",
        "https://upload.api.weibo.com",
        "https://api.weibo.com",
    )
