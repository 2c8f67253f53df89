"""Who wants what: by envelope fields only, and answers to commands by whose they are."""

import json
from pathlib import Path

import msgspec
import pytest

from gateway.bus.names import commands_of
from gateway.relay.events import Head, filter_of
from gateway.settings.subscribing import SubscriptionEntry
from tests.relay.hubs import Said, hub_in, run, running, tell
from tests.relay.test_queues import QUEUE, reading, unique


def head(source: str = "/conversations/a", **more: str | None) -> Head:
    return Head(id="1", source=source, partitionkey="a", priority="normal", **more)


ANSWER = head("/subscriptions/desk")


@pytest.mark.parametrize(
    ("wanted", "fields", "wants"),
    [
        ({}, {}, True),
        ({"channels": ("sms",)}, {"channel": "sms"}, True),
        ({"channels": ("sms",)}, {"channel": "email"}, False),
        ({"channels": ("sms",)}, {}, False),
        ({"connectors": ("one", "two")}, {"connector": "two"}, True),
        ({"connectors": ("one",), "inboxes": ("main",)}, {"connector": "one", "inbox": "side"}, False),
    ],
)
def test_every_filter_must_let_it_through(wanted: dict, fields: dict, wants: bool) -> None:
    entry = SubscriptionEntry(queue=True, **wanted)
    assert filter_of("desk", entry).wants("message.received", head(**fields)) is wants


@pytest.mark.parametrize(
    ("name", "entry", "wants", "reads"),
    [
        ("desk", {}, True, ()),
        ("desk", {"types": ("message.*",)}, True, ("message.*",)),
        ("desk", {"types": ("message.*",), "commands": ("write",)}, True, ("message.*", "command.*")),
        ("desk", {"channels": ("sms",)}, True, ()),
        ("other", {}, False, ()),
        ("other", {"types": ("message.*",), "commands": ("write",)}, False, ("message.*", "command.*")),
        ("other", {"types": ("command.*",)}, True, ("command.*",)),
        ("other", {"types": ("command.rejected",), "commands": ("write",)}, True, ("command.rejected",)),
    ],
)
def test_answers_to_commands_go_to_who_gave_them_and_to_who_names_them(
    name: str, entry: dict, wants: bool, reads: tuple[str, ...]
) -> None:
    wanted = filter_of(name, SubscriptionEntry(queue=True, **entry))
    assert wanted.wants("command.rejected", ANSWER) is wants
    assert wanted.types == reads


def test_the_topic_exchange_has_everything() -> None:
    assert filter_of("onethread.events", SubscriptionEntry(queue=True), everything=True).wants("command.x", ANSWER)


def test_a_command_in_a_subscriptions_queue_is_answered_in_its_own_queue_only(tmp_path: Path) -> None:
    async def story() -> None:
        desk, other = unique("desk"), unique("other")
        entry = {**QUEUE, "types": ["message.*"], "commands": True}
        async with (
            running(hub_in(tmp_path, **{desk: entry, other: QUEUE})) as hub,
            reading(hub.bus, desk) as answers,
            reading(hub.bus, other) as others,
        ):
            command = {
                "specversion": "1.0",
                "id": "cmd-1",
                "type": "onethread.message.send.v1",
                "source": "/desk",
                "data": {"conversation_id": "00000000-0000-7000-8000-000000000000", "text": "hi"},
            }
            body = json.dumps(command).encode()
            await hub.bus.declare(commands_of(desk))
            await hub.bus.publish("", commands_of(desk), body, {}, mandatory=True, message_id="cmd-1")
            [answer] = await answers.until(1)
            told = msgspec.json.decode(answer.body)
            assert told["type"] == "onethread.command.rejected.v1"
            assert told["data"]["command_id"] == "cmd-1"
            await tell(hub, Said("a"))
            [message] = await others.until(1)
            assert msgspec.json.decode(message.body)["type"] == "onethread.message.received.v1"

    run(story)
