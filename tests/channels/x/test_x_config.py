import msgspec
import pytest
from x_account import SECRETS, SETTINGS

from connectors.channels.x.config import Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"user_id": "acme"}, "user_id"),
        ({"consumer_key": ""}, "consumer_key"),
        ({"consumer_secret": ""}, "consumer_secret"),
        ({"access_token": "one\nX-Other: two"}, "access_token"),
        ({"access_token_secret": "é"}, "access_token_secret"),
        ({"bearer_token": ""}, "bearer_token"),
        ({"rate_pause": 0}, "rate_pause"),
        ({"nobody": 1}, "nobody"),
    ],
)
def test_a_wrong_setting_is_named(changed: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, {**SETTINGS, **changed})
    assert not any(SETTINGS[name] in str(error.value) for name in SECRETS)
