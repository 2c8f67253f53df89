"""A channel whose fields are called as the settings say, and one that has nothing to fill in."""

import msgspec
import pytest
from declared_files import ACME, came, made, plugin

from connectors.channels.generic_http import GenericHttp
from connectors.kit.base import Tools
from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.filling import filled
from connectors.kit.http import Http

SETTINGS = {
    "api_base": "https://sms.example.com",
    "auth_value": "Bearer nobody-shall-see-this",
    "webhook_secret": "word-nobody-shall-see",
}


def gateway(**settings):
    config = configured(GenericHttp.Config, {**SETTINGS, **settings})
    return GenericHttp(config, Tools("own", Http("own")))


def test_two_connectors_of_one_plugin_read_fields_of_their_own():
    request = came(b"who=447700900222&words=hi&name=7")
    (item,) = gateway(got_from="who", got_text="words", got_id="name").parse(request)
    assert (item.external_id, item.peer.person.address.value, item.text) == ("7", "+447700900222", "hi")
    (unread,) = gateway().parse(request)
    assert unread.reason == "of no declared kind"


@pytest.mark.parametrize("name", ["from || to", "a.b", '"', "", "{id}", "x" * 65])
def test_a_setting_is_a_name_and_no_expression(name):
    with pytest.raises(msgspec.ValidationError, match="got_from: not of the form"):
        configured(GenericHttp.Config, {**SETTINGS, "got_from": name})


def test_what_has_nothing_to_fill_in_stays_itself(tmp_path):
    kind = plugin(tmp_path)
    assert filled(kind.declaration, {"word": "x", "sender": "y"}) is kind.declaration
    assert made(kind).reading is kind.reading


@pytest.mark.parametrize("name", ["word", "sender", "nothing"])
def test_a_secret_or_a_setting_without_default_stands_in_no_path(tmp_path, name):
    with pytest.raises(DeclarationError, match=r"receive.kinds\[0\].text: not a JMESPath expression"):
        plugin(tmp_path, ACME.replace("text: text\n", f'text: "{{{name}}}"\n', 1))
