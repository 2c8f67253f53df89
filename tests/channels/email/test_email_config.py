"""What an operator may set, and what is said where it is wrong."""

import msgspec
import pytest
from email_sender import SECRET, config, plugin

from connectors.channels.email.config import Relay
from connectors.kit.secret import Secret


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://relay.example.com", ("relay.example.com", 587, False, None, None)),
        ("smtp://u:p%40ss@relay.example.com:25", ("relay.example.com", 25, False, "u", "p@ss")),
        ("smtps://u:p@relay.example.com", ("relay.example.com", 465, True, "u", "p")),
        ("smtp://[::1]:2525", ("::1", 2525, False, None, None)),
        ("smtp://help%40example.com:p@h:587/", ("h", 587, False, "help@example.com", "p")),
    ],
)
def test_the_relay_is_an_address(url, relay):
    host, port, tls, user, password = relay
    expected = Relay(host=host, port=port, implicit_tls=tls, user=user, password=Secret(password) if password else None)
    assert config(smtp=url).relay() == expected


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"smtp": "relay.example.com:587"}, "smtp: of the form"),
        ({"smtp": "http://relay.example.com"}, "smtp: of the form"),
        ({"smtp": "smtp://u:hunter2@relay.example.com:port"}, "smtp: of the form"),
        ({"smtp": "smtp://user@relay.example.com"}, "a user and a password"),
        ({"address": "help"}, "address: an e-mail address has an @"),
        ({"return_address": "help@"}, "return_address: "),
        ({"aliases": ["*"]}, "aliases: "),
        ({"secret": "short"}, "secret: 16 characters at least"),
        ({"address": "customer-service-of-example@example.com"}, "return_address: needed"),
        ({"name": "a\nb"}, "one line"),
        ({"tls": "maybe"}, "tls"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(settings, told):
    with pytest.raises(msgspec.ValidationError, match=told) as error:
        config(**settings)
    assert "hunter2" not in str(error.value)
    assert SECRET not in str(error.value)


def test_a_long_address_has_a_short_one_for_what_comes_back():
    made = config(address="customer-service-of-example@example.com", return_address="r@example.com")
    assert (made.own, made.returns, made.domain) == (
        "customer-service-of-example@example.com",
        "r@example.com",
        "example.com",
    )


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("help@example.com", True),
        ("HELP@Example.COM", True),
        ("help+anything@example.com", True),
        ("help+r.a.b@example.com", True),
        ("billing@example.com", True),
        ("anyone@help.example.com", True),
        ("helper@example.com", False),
        ("help@example.org", False),
        ("+help@example.com", False),
        ("help", False),
        ("", False),
        ('"help"@example.com', False),
        ("x" * 10_000 + "@help.example.com", False),
    ],
)
def test_whose_a_recipient_is(address, taken):
    connector = plugin(aliases=["billing@example.com", "*@help.example.com"])
    assert connector.takes(address) is taken


def test_an_alias_with_an_extension_of_its_own_is_known():
    assert plugin(aliases=["sales+web@example.com"]).takes("sales+web@example.com")
