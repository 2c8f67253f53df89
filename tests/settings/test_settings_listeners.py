"""Listeners in the configuration."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from connectors.kit.secret import Secret
from gateway.settings import settings_schema
from gateway.settings.listening import Listener
from gateway.settings.loading import load
from gateway.settings.problems import SettingsError


def loaded(folder: Path, text: str):
    path = folder / "onethread.yaml"
    path.write_text(f"listeners:\n{text}")
    return load(path, {})


def test_an_address_alone_is_a_listener_for_this_machine(tmp_path):
    assert loaded(tmp_path, '  smtp: "127.0.0.1:2525"\n  lmtp: "[::1]:2424"\n').listeners == {
        "smtp": Listener(name="smtp", host="127.0.0.1", port=2525, networks=("127.0.0.0/8", "::1/128")),
        "lmtp": Listener(name="lmtp", host="::1", port=2424, networks=("127.0.0.0/8", "::1/128")),
    }


def test_a_mapping_says_more_and_its_secrets_are_known(tmp_path):
    text = (
        "  smtp:\n    address: 0.0.0.0:25\n    networks: [10.1.0.0/16, 192.0.2.7]\n    sessions: 20\n"
        "    tls: {cert: cert.pem, key: /etc/key.pem}\n    require_tls: true\n    users: {relay: opensesame}\n"
    )
    settings = loaded(tmp_path, text)
    assert settings.listeners["smtp"] == Listener(
        name="smtp",
        host="0.0.0.0",
        port=25,
        networks=("10.1.0.0/16", "192.0.2.7/32"),
        sessions=20,
        tls=(tmp_path / "cert.pem", Path("/etc/key.pem")),
        require_tls=True,
        users={"relay": Secret("opensesame")},
    )
    assert list(settings.secrets()) == [Secret("opensesame")]
    assert "opensesame" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  smpt: 127.0.0.1:2525\n", '2:3: listeners.smpt: unknown key; did you mean "smtp"?'),
        ("  smtp: 2525\n", "2:9: listeners.smtp: expected a mapping, got a number"),
        ("  smtp: 127.0.0.1\n", "2:3: listeners.smtp.address: expected an address and port such as 127.0.0.1:8080"),
        ("  smtp: {address: '127.0.0.1:25', sesions: 3}\n", 'sesions: unknown key; did you mean "sessions"?'),
        ("  smtp: {address: '127.0.0.1:25', networks: [10.0.0.1/8]}\n", "10.0.0.1/8 has host bits set"),
        ("  smtp: {address: '127.0.0.1:25', networks: []}\n", "`networks` names nobody"),
        ("  smtp: {address: '127.0.0.1:25', require_tls: true}\n", "`require_tls` and `users` need `tls`"),
        ("  smtp: {address: '127.0.0.1:25', users: {a: bcdefg}}\n", "`require_tls` and `users` need `tls`"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, text, problem):
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    assert problem in str(caught.value)
    assert "bcdefg" not in str(caught.value)


def test_the_schema_takes_both_forms():
    validator = Draft202012Validator(settings_schema([]))
    assert validator.is_valid({"listeners": {"smtp": "127.0.0.1:2525", "lmtp": {"address": "127.0.0.1:2424"}}})
    assert not validator.is_valid({"listeners": {"smtp": {"sessions": 3}}})
    assert not validator.is_valid({"listeners": {"imap": "127.0.0.1:2525"}})
