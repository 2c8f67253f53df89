import msgspec
import pytest
from x_account import ALLOWED, SECRETS, SETTINGS

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


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "access_token": None}, "OAuth 1.0a"),
        ({**SETTINGS, "client_id": "client"}, "only one of them"),
        ({**SETTINGS, "client_secret": "secret"}, "OAuth 2.0"),
        ({**ALLOWED, "client_id": None}, "OAuth 1.0a"),
        ({**ALLOWED, "redirect_url": "x-app://here"}, "redirect_url"),
        ({**ALLOWED, "client_secret": "é"}, "client_secret"),
    ],
)
def test_the_account_is_asked_for_in_one_way(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        configured(Config, settings)


def test_either_way_will_do() -> None:
    assert configured(Config, SETTINGS).client_id is None
    assert configured(Config, ALLOWED).access_token is None
