"""Whether credentials work: asked with a request that changes nothing, by channels that declare one."""

import asyncio
from importlib import import_module

import pytest
from declared_channels import DECLARED, FOLDERS
from declared_files import ACME, SETTINGS, plugin

from connectors.kit import registry
from connectors.kit.base import Account, Checks, Tools
from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.fixtures import read_fixtures
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Reply

CHECK = 'check: {url: "{api_base}/account", headers: {x-key: "{word}"}, name: data.name}\n'
CHECKED = ACME.replace("send:\n", f"{CHECK}send:\n").replace(
    "simulated:\n", "simulated:\n  check: {json: {data: {name: Acme}}}\n"
)
CHECKING = [name for name in DECLARED if issubclass(registry.load(name), Checks)]


def checked(provider):
    async def run():
        kind = provider.plugin
        config = configured(kind.Config, provider.settings())
        http = Http("acme", trusted=kind.trusted_origins(config))
        try:
            return await kind(config, Tools("acme", http)).check()
        finally:
            await http.close()

    return asyncio.run(run())


def test_an_account_has_its_name(tmp_path):
    with simulator_of(plugin(tmp_path, CHECKED))(SETTINGS) as provider:
        assert checked(provider) == Account(name="Acme")
        (request,) = provider.requests
        assert (request.method, request.path, request.headers["x-key"]) == ("GET", "/account", SETTINGS["word"])
        assert not provider.is_send(request)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401), Misconfigured),
        (Reply.json({}), Misconfigured),
        (Reply(200, b"<html>"), Misconfigured),
        (Reply(429), Temporary),
        (Reply(502), Temporary),
    ],
)
def test_an_account_that_cannot_be_read_is_told(tmp_path, reply, error):
    class Answering(simulator_of(plugin(tmp_path, CHECKED))):
        async def answer(self, request):  # noqa: ARG002 - whatever is asked
            return reply

    with Answering(SETTINGS) as provider, pytest.raises(error):
        checked(provider)


def test_an_account_that_no_answer_names_is_called_as_settings_say(tmp_path):
    text = CHECKED.replace("name: data.name", 'called: "account {sender}"')
    with simulator_of(plugin(tmp_path, text))({**SETTINGS, "sender": "5"}) as provider:
        assert checked(provider) == Account(name="account 5")


@pytest.mark.parametrize("how", ["", ', name: a, called: "b"'])
def test_an_account_has_one_name(tmp_path, how):
    with pytest.raises(DeclarationError, match="has either a `name` in the answer, or is `called` as settings say"):
        plugin(tmp_path, CHECKED.replace(", name: data.name", how))


def test_without_a_check_there_is_nothing_to_ask(tmp_path):
    assert not issubclass(plugin(tmp_path), Checks)


def test_a_check_is_answered_by_the_simulator(tmp_path):
    with pytest.raises(DeclarationError, match="`check` is missing: what its request is answered"):
        plugin(tmp_path, ACME.replace("send:\n", f"{CHECK}send:\n"))


@pytest.mark.parametrize("name", CHECKING)
def test_every_channel_that_checks_finds_its_account(name):
    simulator = import_module(f"{registry.load(name).__module__}.simulator").Simulator
    with simulator(read_fixtures(FOLDERS[name] / "fixtures").config) as provider:
        assert checked(provider).name


def test_some_channels_check():
    known = {"africastalking", "bandwidth", "clicksend", "jasmin", "messagebird", "plivo", "signalwire", "sinch"}
    assert known | {"burst_sms", "clickatell", "telnyx", "vonage_sms", "zenvia_sms", "zenvia_whatsapp"} <= set(CHECKING)
