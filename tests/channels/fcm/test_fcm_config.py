import json

import msgspec
import pytest
from fcm_app import ACCOUNT, SETTINGS

from connectors.channels.fcm.config import Config, read_account
from connectors.kit.config import configured
from connectors.kit.secret import Secret

KEY_FILE = json.loads(ACCOUNT)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "service_account": ""}, "service_account: not the key file"),
        ({**SETTINGS, "service_account": "{}"}, "service_account: not the key file"),
        ({**SETTINGS, "service_account": json.dumps({**KEY_FILE, "private_key": "none"})}, "service_account: not"),
        ({**SETTINGS, "service_account": json.dumps({**KEY_FILE, "project_id": "../x"})}, "service_account: not"),
        ({**SETTINGS, "jwt_secret": None}, "nobody may register"),
        ({**SETTINGS, "title": ""}, "title"),
        ({**SETTINGS, "rate_pause": 0}, "rate_pause"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert "PRIVATE" not in str(error.value)


def test_the_account_shows_no_key() -> None:
    assert "PRIVATE" not in repr(read_account(Secret(ACCOUNT)))
    assert configured(Config, SETTINGS).tokens_from == "https://oauth2.googleapis.com/token"
