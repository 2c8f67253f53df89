import msgspec
import pytest
from smsc import BEFORE

from connectors.channels.smpp.config import Config
from connectors.channels.smpp.pdu import Party
from connectors.kit.config import configured


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"api_base": "http://smsc.example.com"}, "api_base"),
        ({"api_base": "smpp://smsc.example.com/in"}, "api_base"),
        ({"api_base": "smpp://acme:pass0rdX@smsc.example.com"}, "api_base"),
        ({"system_id": "x" * 16}, "system_id"),
        ({"password": ""}, "password: one to 8"),
        ({"password": "pass0rdX9"}, "password: one to 8"),
        ({"sender": ""}, "sender"),
        ({"bind": "both"}, "bind"),
        ({"window": 0}, "window"),
        ({"long": "udh"}, "long"),
        ({"region": "gb"}, "region"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, {**BEFORE, **settings})
    assert "pass0rdX" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "party"),
    [
        ({}, Party(1, 1, "447700900111")),
        ({"plus": True}, Party(1, 1, "+447700900111")),
        ({"sender": "60777"}, Party(3, 0, "60777")),
        ({"sender": "ACME"}, Party(5, 0, "ACME")),
        ({"sender": "ACME", "source_ton": 0, "source_npi": 1}, Party(0, 1, "ACME")),
    ],
)
def test_what_a_message_is_from_says_its_type(settings: dict[str, object], party: Party) -> None:
    assert configured(Config, {**BEFORE, **settings}).source() == party


def test_ports_are_the_usual_ones_where_none_is_named() -> None:
    plain, secured = (
        configured(Config, {**BEFORE, "api_base": f"{scheme}://a.example"}) for scheme in ("smpp", "smpps")
    )
    assert (plain.place, plain.tls) == (("a.example", 2775), False)
    assert (secured.place, secured.tls) == (("a.example", 3550), True)
