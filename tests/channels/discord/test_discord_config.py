import msgspec
import pytest
from discord_bot import SETTINGS, TOKEN

from connectors.channels.discord.config import Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "application_id": "acme"}, "application_id"),
        ({**SETTINGS, "public_key": "0" * 63}, "public_key"),
        ({**SETTINGS, "bot_token": ""}, "bot_token"),
        ({**SETTINGS, "bot_token": "one\nX-Other: two"}, "bot_token"),
        ({**SETTINGS, "channels": ["#general"]}, "channels"),
        ({**SETTINGS, "acknowledgement": "x" * 2001}, "acknowledgement"),
        ({**SETTINGS, "poll_seconds": 0}, "poll_seconds"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert TOKEN not in str(error.value)
