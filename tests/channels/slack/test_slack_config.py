import msgspec
import pytest
from slack_app import SECRET, SETTINGS, TOKEN

from connectors.channels.slack import Slack
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token": "nonsense"}, "token: not of the form xoxb-…"),
        ({"token": f"{TOKEN}\r\nx: y"}, "token: not of the form xoxb-…"),
        ({"signing_secret": ""}, "signing_secret: empty"),
        ({"send_seconds": 0}, "send_seconds"),
        ({"download_octets": 0}, "download_octets"),
        ({"tokn": "x"}, "tokn"),
    ],
)
def test_what_cannot_work_is_refused_and_named(change, told):
    with pytest.raises(msgspec.ValidationError, match=told) as error:
        configured(Slack.Config, {**SETTINGS, **change})
    assert TOKEN not in str(error.value)
    assert SECRET not in str(error.value)


def test_only_configured_origins_are_trusted():
    config = configured(Slack.Config, SETTINGS)
    assert Slack.trusted_origins(config) == ("https://slack.com/api", "https://files.slack.com")
