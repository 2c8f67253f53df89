import msgspec
import pytest
from viber_bot import SETTINGS

from connectors.channels.viber.config import Config
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"sender": "Acme"}, "token"),
        ({**SETTINGS, "token": ""}, "token: empty"),
        ({**SETTINGS, "token": "one\nX-Other: two"}, "token: it is made of printable ASCII"),
        ({**SETTINGS, "sender": ""}, "sender"),
        ({**SETTINGS, "sender": "x" * 29}, "sender"),
        ({**SETTINGS, "avatar": "http://acme.example.com/face.png"}, "avatar"),
        ({**SETTINGS, "rate_pause": 0}, "rate_pause"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert SETTINGS["token"] not in str(error.value)
