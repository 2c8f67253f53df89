"""Whom a declared channel hears by the network address: lists in the file, in settings, and in both."""

from dataclasses import replace

import msgspec
import pytest
from declared_files import ACME, SETTINGS, came, made, plugin

from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import BadSignature

BY_SECRET = "  - {by: secret, setting: word, query: secret}"
IN_THE_FILE = '  - {by: address, any_of: [192.0.2.0/24, "2001:db8::/32", 203.0.113.9]}'
IN_BOTH = "  - {by: address, any_of: [192.0.2.0/24], setting: callers}"
BY_SETTING = "  - {by: address, setting: callers}"
SETTING = "  sender: {help: Who writes."
OPTIONAL = ACME.replace(SETTING, f"  callers: {{type: addresses, help: Where from., optional: true}}\n{SETTING}")
REQUIRED = OPTIONAL.replace("Where from., optional: true", "Where from.")


def by(verify, text=ACME):
    return text.replace(BY_SECRET, verify)


def hears(acme, address, **changes):
    try:
        acme.verify(replace(came(), peer=address, **changes))
    except BadSignature:
        return False
    return True


@pytest.mark.parametrize(
    ("address", "heard"),
    [
        ("192.0.2.0", True),
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("::ffff:192.0.2.7", True),
        ("2001:db8:ffff::1", True),
        ("2001:db9::1", False),
        ("203.0.113.9", True),
        ("203.0.113.10", False),
        ("", False),
        ("unknown", False),
        ("192.0.2.7, 203.0.113.9", False),
    ],
)
def test_who_calls_from_a_listed_address_is_heard_and_nobody_else(tmp_path, address, heard):
    assert hears(made(plugin(tmp_path, by(IN_THE_FILE))), address) is heard


def test_the_operators_list_is_added_to_that_of_the_file(tmp_path):
    kind = plugin(tmp_path, by(IN_BOTH, OPTIONAL))
    plain, more = made(kind), made(kind, callers=["198.51.100.7"])
    assert [hears(plain, address) for address in ("192.0.2.1", "198.51.100.7")] == [True, False]
    assert [hears(more, address) for address in ("192.0.2.1", "198.51.100.7", "198.51.100.8")] == [True, True, False]


def test_a_list_beside_a_secret_wants_both(tmp_path):
    acme = made(plugin(tmp_path, by(f"{BY_SECRET}\n{BY_SETTING}", OPTIONAL)), callers=["192.0.2.7"])
    assert hears(acme, "192.0.2.7")
    assert not hears(acme, "192.0.2.8")
    assert not hears(acme, "192.0.2.7", url="https://hub.example.com/in/acme?secret=guessed")


def test_without_the_optional_list_the_secret_alone_decides(tmp_path):
    acme = made(plugin(tmp_path, by(f"{BY_SECRET}\n{BY_SETTING}", OPTIONAL)))
    assert hears(acme, "100::1")
    assert not hears(acme, "100::1", url="https://hub.example.com/in/acme?secret=guessed")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (by(BY_SETTING), r"channel.yaml:13:5: verify\[0\]: there is no setting 'callers'"),
        (by("  - {by: address, setting: word}"), "13:5: .*'word' is not of type addresses"),
        (by("  - {by: address}"), "13:3: verify: addresses stand in `any_of`, in a `setting`, or in both"),
        (by("  - {by: address, any_of: [192.0.2.0/24, 192.0.2.300]}"), "13:42: .*'192.0.2.300' is neither"),
        (by("  - {by: address, any_of: [192.0.2.1/24]}"), "13:28: .*'192.0.2.1/24' is neither"),
        (by("  - {by: address, any-of: [192.0.2.1]}"), 'did you mean "any_of"'),
        (by(BY_SETTING, OPTIONAL), "14:3: verify: only addresses show who calls, and their setting may be left out"),
        (OPTIONAL.replace("Where from.,", "Where from., default: [nowhere],"), "11:59: .*'nowhere' is neither"),
        (
            OPTIONAL.replace("Where from.,", "Where from., default: nowhere,"),
            "a setting of type addresses has no such default",
        ),
    ],
)
def test_a_list_that_would_let_anybody_in_or_nobody_is_refused_with_its_place(tmp_path, text, told):
    with pytest.raises(DeclarationError, match=told):
        plugin(tmp_path, text)


@pytest.mark.parametrize(
    ("callers", "told"),
    [
        ([], "callers: a list of 1 to 1000 addresses and networks"),
        (["192.0.2.1/24"], "callers: '192.0.2.1/24' is neither an address nor a network such as 192.0.2.0/24"),
        (["hub.example.com"], "callers: 'hub.example.com' is neither"),
        ("192.0.2.1", "Expected `array"),
    ],
)
def test_a_setting_that_lists_no_addresses_is_refused(tmp_path, callers, told):
    kind = plugin(tmp_path, by(f"{BY_SECRET}\n{BY_SETTING}", OPTIONAL))
    with pytest.raises(msgspec.ValidationError, match=told):
        configured(kind.Config, {**SETTINGS, "callers": callers})


def test_the_simulator_calls_from_a_listed_address_and_the_suite_forges_another(tmp_path):
    kind = plugin(tmp_path, by(BY_SETTING, REQUIRED))
    simulator = simulator_of(kind)
    assert set(simulator.mutators) == {"called from elsewhere", "called from nobody knows where"}
    provider = simulator({**SETTINGS, "callers": ["192.0.2.16/28"]})
    assert provider.genuine(provider.message()).peer == "192.0.2.16"
