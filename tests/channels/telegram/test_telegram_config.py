import subprocess
import sys

import msgspec
import pytest
from telegram_bot import SETTINGS, TOKEN

from connectors.channels.telegram.config import UPDATES, Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"token": "nonsense", "secret_token": "s"}, "token: not of the form"),
        ({"token": f"{TOKEN}/../x", "secret_token": "s"}, "token: not of the form"),
        ({"token": TOKEN}, "secret_token: needed where mode is webhook"),
        ({"token": TOKEN, "secret_token": "with space"}, "secret_token: 1 to 256 characters"),
        ({"token": TOKEN, "secret_token": "x" * 257}, "secret_token: 1 to 256 characters"),
        ({**SETTINGS, "mode": "sometimes"}, "mode"),
        ({**SETTINGS, "max_connections": 101}, "max_connections"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert TOKEN not in str(error.value)


def test_polling_needs_no_secret() -> None:
    assert configured(Config, {"token": TOKEN, "mode": "polling"}).secret_token is None


def test_what_is_only_sent_by_name_is_asked_for() -> None:
    assert {"message_reaction", "my_chat_member", "callback_query"} <= set(UPDATES)


def test_receiving_does_not_load_the_sending_library() -> None:
    code = "import sys, connectors.channels.telegram; assert 'telegram' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
