"""Templates, and that somebody read and writes: of WhatsApp alone. Vonage's SDK is the judge of the latter."""

from dataclasses import replace
from types import SimpleNamespace

import msgspec
import pytest
from vonage_account import ANA, HELLO, SETTINGS, WHATSAPP, during, private_key
from vonage_messages import Messages
from vonage_messages.models import ReplyingIndicatorText

from connectors.channels.vonage.config import Config
from connectors.channels.vonage.simulator import Simulator, problem
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, Refused, Temporary
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.parts import TemplatePart
from normalizer.payload import Payload
from tests.channels import beside

WITH_LIST = {**WHATSAPP, "business_account_id": "102290129340398"}
PLAIN = {"name": "closed", "language": "en", "status": "APPROVED", "components": [{"type": "BODY", "text": "We rest."}]}
CAME = "aaaaaaaa-bbbb-4ccc-8ddd-0000000000aa"


@pytest.fixture
def provider():
    with Simulator(WITH_LIST) as simulator:
        simulator.templates.append(PLAIN)
        yield simulator


def template(name, *body):
    return replace(HELLO, payload=Payload(template=TemplatePart(name=name, language="en", body=body)))


def test_a_template_reaches_who_wrote_long_ago(provider):
    provider.closed.add(ANA)
    with pytest.raises(Refused, match="window"):
        during(provider, lambda plugin: plugin.send(HELLO))
    during(provider, lambda plugin: plugin.send(template("closed")))
    told = {"type": "template", "template": {"name": "closed", "language": {"code": "en"}}}
    assert [(one["message_type"], one["custom"]) for one in provider.sent.values()] == [("custom", told)]


def test_the_list_is_asked_for_once_in_a_while(provider):
    async def twice(plugin):
        await plugin.send(template("closed"))
        await plugin.send(template("closed"))

    during(provider, twice)
    assert [one.method for one in provider.requests] == ["GET", "GET", "GET", "POST", "POST"]


@pytest.mark.parametrize(
    ("outbound", "why"),
    [
        (template("nowhere"), "there is no template 'nowhere'"),
        (template("sale"), "'sale' is rejected"),
        (template("closed", "one too many"), "has 0 places, not 1"),
    ],
)
def test_what_the_list_does_not_hold_so_never_leaves(provider, outbound, why):
    with pytest.raises(Refused, match=why) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.sent) == (ErrorCode.TEMPLATE_INVALID, {})


@pytest.mark.parametrize("settings", [WHATSAPP, SETTINGS])
def test_without_the_account_a_template_is_refused_and_the_setting_is_named(settings):
    with Simulator(settings) as provider, pytest.raises(Refused, match="set business_account_id") as raised:
        during(provider, lambda plugin: plugin.send(template("closed")))
    assert (raised.value.code, provider.requests) == (ErrorCode.TEMPLATE_INVALID, [])


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (problem(404, "not-found", "no such account"), Misconfigured),
        (Reply(401), Misconfigured),
        (Reply(400), Misconfigured),
        (Reply(429), Temporary),
        (Reply(503), Temporary),
        (Reply(200, b"<html>"), Temporary),
    ],
)
def test_a_list_that_is_not_to_be_had_leaves_no_message_in_doubt(reply, error):
    with beside.answering(Simulator, WITH_LIST, reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(template("closed")))


def test_the_account_is_of_whatsapp_alone():
    with pytest.raises(msgspec.ValidationError, match="business_account_id: only with the channel whatsapp"):
        configured(Config, {**SETTINGS, "business_account_id": "1"})


class Noting:
    """In place of the SDK's HTTP client."""

    api_host = "api-eu.vonage.com"
    auth = SimpleNamespace(application_id="78d335fa-323d-0114-9c3d-d6f0d48968cf")

    def __init__(self):
        self.asked = []

    def patch(self, host, path, body, auth):
        self.asked.append((host, path, body, auth))


def test_the_sdk_marks_a_message_read_as_we_do():
    with Simulator({**WHATSAPP, "private_key": private_key()}) as provider:
        during(provider, lambda plugin: plugin.typing_under(HELLO.address, CAME))
    (ours,) = provider.requests
    judge = Noting()
    Messages(judge).mark_whatsapp_message_read(CAME, ReplyingIndicatorText(show=True))
    ((_, path, body, auth),) = judge.asked
    assert (ours.method, ours.path, msgspec.json.decode(ours.body)) == ("PATCH", path, body)
    assert (auth, ours.headers["authorization"].startswith("Bearer ")) == ("jwt", True)
    assert provider.marked == {CAME: body}


def test_a_name_stays_one_piece_of_the_path(provider):
    during(provider, lambda plugin: plugin.typing_under(HELLO.address, "../a?b"))
    assert provider.requests[0].path == "/v1/messages/..%2Fa%3Fb"


def test_other_channels_show_nobody_writing():
    with Simulator(SETTINGS) as provider, pytest.raises(Refused, match="only WhatsApp"):
        during(provider, lambda plugin: plugin.typing_under(HELLO.address, CAME))
    assert provider.requests == []
