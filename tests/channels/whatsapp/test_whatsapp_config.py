import msgspec
import pytest
from whatsapp_number import SECRETS, SETTINGS

from connectors.channels.whatsapp.config import Config
from connectors.families.meta.whatsapp.capability import CAPABILITY
from connectors.kit.config import configured
from normalizer.parts import LinkAction, ReplyAction
from normalizer.render import render


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "phone_number_id": "+15550001111"}, "phone_number_id: an id is made of digits"),
        ({**SETTINGS, "business_account_id": "x/../1"}, "business_account_id: an id is made of digits"),
        ({**SETTINGS, "access_token": f"{SECRETS['access_token']}\r\nx: y"}, "access_token: not what a header"),
        ({**SETTINGS, "app_secret": ""}, "app_secret: empty"),
        ({**SETTINGS, "verify_token": ""}, "verify_token: empty"),
        ({**SETTINGS, "version": "25"}, "version: not like v25.0"),
        ({**SETTINGS, "list_label": "x" * 21}, "list_label"),
        ({**SETTINGS, "templates_for": 0}, "templates_for"),
        ({**SETTINGS, "rate_pause": 0}, "rate_pause"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert not any(secret in str(error.value) for secret in SECRETS.values())


def test_a_long_text_is_parted_so_that_buttons_stand_under_its_end() -> None:
    text = "words " * 300
    first, last = render(text, (), (ReplyAction(label="Yes"),), CAPABILITY, False, {}).payloads
    assert (first.text + last.text, len(last.text) <= 1024, len(last.actions)) == (text, True, 1)


def test_a_link_is_a_button_only_where_no_other_stands_beside_it() -> None:
    link, yes = LinkAction(label="Track", url="https://example.com/881"), ReplyAction(label="Yes")
    (alone,) = render("It left.", (), (link,), CAPABILITY, False, {}).payloads
    (beside,) = render("It left.", (), (link, yes), CAPABILITY, False, {}).payloads
    assert (alone.actions, alone.text) == ((link,), "It left.")
    assert (beside.actions, beside.text) == ((yes,), "It left.\nTrack: https://example.com/881")
