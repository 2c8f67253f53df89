import msgspec
import pytest
from instagram_account import SECRETS, SETTINGS

from connectors.channels.instagram import Instagram
from connectors.channels.instagram.config import Config
from connectors.kit.base import Tools
from connectors.kit.config import configured
from connectors.kit.http import Http


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "account_id": "@acme"}, "account_id: an id is made of digits"),
        ({**SETTINGS, "access_token": f"{SECRETS['access_token']}\r\nx: y"}, "access_token: not what a header"),
        ({**SETTINGS, "app_secret": ""}, "app_secret: empty"),
        ({**SETTINGS, "verify_token": ""}, "verify_token: empty"),
        ({**SETTINGS, "version": "v25"}, "version: not like v25.0"),
        ({**SETTINGS, "rate_pause": 0}, "rate_pause"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert not any(secret in str(error.value) for secret in SECRETS.values())


@pytest.mark.parametrize(("human_agent", "days"), [(False, 1), (True, 7)])
def test_people_may_answer_for_as_long_as_the_app_was_granted(human_agent: bool, days: int) -> None:
    config = configured(Config, {**SETTINGS, "human_agent": human_agent})
    plugin = Instagram(config, Tools("support", Http("support")))
    assert plugin.info.capability.window == days * 86_400
