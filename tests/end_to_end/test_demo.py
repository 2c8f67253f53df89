"""The demonstration, as somebody runs it who has just installed the hub."""

import json
import subprocess
import sys

import msgspec
import pytest

from connectors.cast import CAST
from connectors.channels.chat.actor import Visitor
from connectors.kit.acting import Scene
from gateway.demo.story import Ending, Reply

CONNECTORS = ("app", "mail", "sms-uk", "support-telegram")
DEMO = (sys.executable, "-m", "gateway.cli", "demo", "--once")


def answered(connector: str) -> dict[str, object]:
    text = f"Thank you, Ana: it comes tomorrow. (by {connector})"
    return {"connector": connector, "text": text, "status": "accepted", "heard": True, "why": "named route"}


def test_one_person_on_four_channels_is_one_conversation_and_answered_on_each() -> None:
    ran = subprocess.run([*DEMO, "--json"], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == {
        "contacts": 1,
        "identities": 4,
        "conversations": 1,
        "messages": 10,
        "replies": [answered(connector) for connector in CONNECTORS],
    }


def test_the_history_is_printed_as_it_grows_without_the_code_that_proves_who_it_is() -> None:
    ran = subprocess.run(DEMO, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0
    lines = [line.split(maxsplit=3) for line in ran.stdout.splitlines() if "message.received" in line]
    assert [(connector, said) for _, _, connector, said in lines] == [
        ("app", "Ana Lima: Hi! My parcel has not come yet."),
        ("mail", "Ana Lima: I forgot to say by mail: the order number is 1042."),
        ("sms-uk", "Ana Lima: And now by SMS: is it still on its way?"),
        ("support-telegram", "Customer 1001: Hello, it is me again, from Telegram now."),
        ("support-telegram", "Ana Lima: ••••••"),
    ]
    assert ran.stdout.splitlines()[-1] == "One person with 4 identities, one conversation, 4 replies."


def reply(connector: str, status: str = "accepted", *, heard: bool = True) -> Reply:
    return Reply(connector=connector, text="", status=status, heard=heard, why="")


GOOD = Ending(contacts=1, identities=4, conversations=1, messages=10, replies=tuple(map(reply, CONNECTORS)))
LAST = CONNECTORS[-1]


@pytest.mark.parametrize(
    ("ending", "good"),
    [
        ({}, True),
        ({"contacts": 2}, False),
        ({"identities": 3}, False),
        ({"conversations": 2}, False),
        ({"replies": GOOD.replies[:3]}, False),
        ({"replies": (*GOOD.replies[:3], GOOD.replies[0])}, False),
        ({"replies": (*GOOD.replies[:3], reply(LAST, "failed"))}, False),
        ({"replies": (*GOOD.replies[:3], reply(LAST, heard=False))}, False),
    ],
)
def test_it_ends_well_only_with_one_person_and_a_reply_on_each_channel(ending: dict[str, object], good: bool) -> None:
    actors = [Visitor(Scene("http://127.0.0.1:1", ("127.0.0.1", 1))) for _ in CAST]
    for actor, connector in zip(actors, CONNECTORS, strict=True):
        actor.connector = connector  # type: ignore[misc]  # only the name counts here
    assert msgspec.structs.replace(GOOD, **ending).good(actors) is good
