"""The stories that are the same on every channel in code: each in a hub of its own, beside its provider.

Those of channels that are data stand in `tests/declared`, for they have one engine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from connectors.kit import registry
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Failure, LoopbackSimulator
from connectors.kit.testing.subject import Subject
from connectors.registry import BUILT_IN
from gateway.send.asks import Accepted
from gateway.store.times import now
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, Beside, kept, running

ROOT = Path(__file__).parents[2]
OTHERWISE: Mapping[str, str] = {
    "apns": "nobody writes there",
    "appstore_reviews": "what is written is asked for",
    "chat": "who writes is connected to the hub itself",
    "email": "what is written comes by SMTP and IMAP",
    "fcm": "nobody writes there",
    "googleplay_reviews": "what is written is asked for",
    "smpp": "what is written comes by a session",
    "twilio_voice": "callers are heard in turns",
    "web_push": "nobody writes there",
}
"""What is not told here of a channel, because its provider does not call with what somebody wrote: its own tests do."""
FOLDERS = {name: ROOT.joinpath(*where.partition(":")[0].split(".")) for name, where in BUILT_IN.items()}
IN_CODE = {name for name, folder in FOLDERS.items() if not (folder / "channel.yaml").exists()}
CALLED = sorted(IN_CODE - OTHERWISE.keys())
Story = Callable[[Beside, LoopbackSimulator], Awaitable[None]]


def subject(name: str) -> Subject:
    plugin = registry.load(name)
    return Subject.of(plugin, FOLDERS[name] / "fixtures", import_module(f"{plugin.__module__}.simulator").Simulator)


def tell(folder: Path, of: Subject, story: Story) -> None:
    """`story`, in a hub in `folder` with this channel as `support`."""

    async def run(provider: LoopbackSimulator) -> None:
        async with running(folder, of.info.name, provider) as beside:
            await story(beside, provider)

    with of.simulator(of.fixtures.config, HOOK) as provider:
        asyncio.run(run(provider))


def sent(provider: LoopbackSimulator) -> int:
    """How many messages the provider took."""
    return sum(map(provider.is_send, provider.performed))


@pytest.mark.parametrize("name", CALLED)
def test_what_comes_twice_is_there_once_and_an_answer_leaves_and_no_secret_is_kept(tmp_path, name):
    of = subject(name)

    async def story(beside, provider):
        message = provider.genuine(provider.message("my order #881"))
        assert [await beside.heard(message) // 100 for _ in range(2)] == [2, 2]
        assert isinstance(await beside.say("It left."), Accepted)
        await eventually(lambda: beside.statuses() == ["accepted"])
        assert texts(beside.hub) == ["my order #881", "It left."]
        assert sent(provider) == 1
        await eventually(lambda: rows(beside.hub, "SELECT id FROM exchanges"))

    tell(tmp_path, of, story)
    octets = kept(tmp_path)
    assert b"my order #881" in octets
    assert [secret for secret in of.secrets() if secret.encode() in octets] == []


@pytest.mark.parametrize("name", CALLED)
def test_what_is_forged_is_refused_and_leaves_nothing(tmp_path, name):
    of = subject(name)

    async def story(beside, provider):
        genuine = as_request(provider.genuine(provider.message("let me in")), HOOK, now())
        forged = [changed for forge in of.simulator.mutators.values() if (changed := forge(genuine)) != genuine]
        answers = [(await beside.received(request)).status for request in forged]
        assert (len(answers) > 0, [status for status in answers if status < 400]) == (True, [])
        assert rows(beside.hub, "SELECT id FROM raws") == rows(beside.hub, "SELECT id FROM messages") == []

    tell(tmp_path, of, story)


@pytest.mark.parametrize("name", CALLED)
def test_a_rate_limit_is_waited_for_and_costs_no_attempt(tmp_path, name):
    async def story(beside, provider):
        await beside.heard(provider.genuine(provider.message("my order #881")))
        provider.next(Failure.RATE_LIMITED)
        await beside.say("It left.")
        standing = "SELECT status, attempt, json_extract(CAST(body AS TEXT), '$.traffic') FROM deliveries"
        await eventually(lambda: rows(beside.hub, standing) == [("queued", 1, 1)])
        assert sent(provider) == 0

    tell(tmp_path, subject(name), story)


@pytest.mark.parametrize("name", CALLED)
def test_a_send_whose_answer_was_lost_is_in_doubt_and_is_not_repeated(tmp_path, name):
    async def story(beside, provider):
        await beside.heard(provider.genuine(provider.message("my order #881")))
        provider.next(Failure.LOST_ANSWER)
        await beside.say("It left.")
        await eventually(lambda: beside.statuses() == ["uncertain"])
        assert sent(provider) == 1

    tell(tmp_path, subject(name), story)


def test_only_channels_with_a_reason_are_left_out():
    assert OTHERWISE.keys() <= IN_CODE
