"""Simulators of declared channels as their READMEs start them: of no connector, and good for any."""

from importlib import import_module

import pytest
from declared_channels import DECLARED, FOLDERS

from connectors.kit import registry
from connectors.kit.base import Checks, Registers, Sent
from connectors.kit.declared.simulator import DeclaredSimulator, alone
from connectors.kit.errors import KitError
from connectors.kit.testing.subject import Subject, perform

NAMED = {"webhook_id": f"whk_{'0' * 26}"}
"""What has a form of its own."""
SIGNED = [name for name in DECLARED if registry.load(name).declaration.send.sign is not None]  # type: ignore[attr-defined]


def provider(name: str, arguments: list[str]) -> DeclaredSimulator:
    module = import_module(f"{registry.load(name).__module__}.simulator")
    return alone(module.Simulator, arguments)


def subject(name: str) -> Subject:
    module = import_module(f"{registry.load(name).__module__}.simulator")
    return Subject.of(registry.load(name), FOLDERS[name] / "fixtures", module.Simulator)


def credentials(tried: Subject, name: str) -> list[str]:
    """What signs, as options."""
    sign = registry.load(name).declaration.send.sign  # type: ignore[attr-defined]
    return [f"--{each.replace('_', '-')}={tried.fixtures.config[each]}" for each in (sign.id, sign.key)] if sign else []


@pytest.mark.parametrize("name", DECLARED)
def test_it_takes_messages_of_a_connector_it_never_heard_of(name: str) -> None:
    tried = subject(name)
    with provider(name, credentials(tried, name)) as simulator:
        settings = {**tried.fixtures.config, "api_base": simulator.url}
        sent = tried.sending(settings, lambda plugin: perform(plugin, tried.plain_send()))
    assert isinstance(sent, Sent)


@pytest.mark.parametrize("name", [name for name in DECLARED if issubclass(registry.load(name), Checks)])
def test_it_knows_whatever_credentials_are_tried(name: str) -> None:
    tried = subject(name)
    with provider(name, []) as simulator:
        settings = {**tried.fixtures.config, "api_base": simulator.url}
        account = tried.sending(settings, lambda plugin: plugin.check())  # type: ignore[attr-defined]
    assert account.name


@pytest.mark.parametrize("name", [name for name in DECLARED if issubclass(registry.load(name), Registers)])
def test_it_keeps_the_webhook_of_a_hub_it_never_heard_of(name: str) -> None:
    tried = subject(name)
    declared = registry.load(name).declaration.register  # type: ignore[attr-defined]
    needed = {each: NAMED.get(each, "1234567") for each in declared.needs if each not in tried.fixtures.config}
    url = "https://elsewhere.example.net/in/some-sms"
    with provider(name, []) as simulator:
        settings = {**tried.fixtures.config, **needed, "api_base": simulator.url}
        registration = tried.sending(settings, lambda plugin: plugin.register(url))  # type: ignore[attr-defined]
    assert registration.url is not None
    assert registration.url.startswith(url)


@pytest.mark.parametrize("name", SIGNED)
def test_it_refuses_who_signs_with_another_key_than_it_was_told(name: str) -> None:
    tried = subject(name)
    with provider(name, []) as simulator:
        settings = {**tried.fixtures.config, "api_base": simulator.url}
        with pytest.raises(KitError):
            tried.sending(settings, lambda plugin: perform(plugin, tried.plain_send()))
    assert simulator.performed != []


def test_what_it_may_be_told_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        provider("telnyx", ["--help"])
    assert "--public-key" in capsys.readouterr().out
