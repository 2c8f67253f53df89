"""`onethread trace`, as it is printed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hubs import ENVIRONMENT  # noqa: F401 - the folder's other helpers are found as this one is

from gateway.relay.changing import Placed, change
from gateway.relay.held import Changes, HeldEvent
from gateway.relay.standing import Attendance, Made, attend
from gateway.relay.subscription import Origin
from gateway.store.times import SECOND
from gateway.trace.story import Story
from gateway.tracing import trace_from
from normalizer.codec import decoder
from tests.relay.receiver import SECRET
from tests.send.conftest import Desk
from tests.send.conftest import run as work

DUE = 1_795_000_000 * SECOND
CONFIG = {
    "store": "sqlite:///hub.db",
    "subscriptions": {
        "archive": {"queue": True, "start": "oldest"},
        "crm": {"webhook": "https://crm.example.com/hook", "secret": SECRET, "types": ["message.*"], "start": "oldest"},
    },
}


@pytest.fixture
def desk(run) -> Iterator[Desk]:
    """An answer that left, of which one subscriber has all and the other refused something."""
    desk = Desk(Path())
    Path("onethread.yaml").write_text(json.dumps(CONFIG))
    desk.say("On its way.\x1b[2J")
    work(desk, accepted=1)
    for name in CONFIG["subscriptions"]:
        desk.writer.submit(change, Placed(name, Origin.FILE, True)).result(10)
        standing = desk.writer.submit(attend, Attendance(name, "relay", 60)).result(10)
        rows = [HeldEvent(n, "c", "message.received", 3 * (n == 4), DUE if n == 4 else None, None, DUE) for n in (4, 5)]
        rows[0] = rows[0]._replace(error=f"answered 500\n{SECRET}")
        held = Changes(added=tuple(rows)) if name == "crm" else Changes()
        made = Made(5, (), 5, None, None, held)
        desk.writer.submit(attend, Attendance(name, "relay", 0, fence=standing.fence, made=made)).result(10)
    yield desk
    desk.close()


def sections(text: str) -> list[list[str]]:
    return [block.splitlines() for block in text.split("\n\n")]


def test_each_subscriber_is_told_with_what_it_did_not_take(run, desk):
    told = sections(run("trace", "#1").out)
    assert told[-2:] == [
        ["subscriber archive (queue, active)", "  sent: 2-5", "  waiting: 6"],
        [
            "subscriber crm (webhook, active)",
            "  held: 4, 3 attempts, again at 2026-11-18 11:06:40.000: answered 500 ***",
            "  held: 5, behind 4",
            "  not wanted: 2-3, 6",
        ],
    ]


def test_a_message_is_told_with_its_trace(run, desk):
    [(raw,)] = desk.rows("SELECT id FROM raws")
    told = run("trace", trace_from(raw)).out
    assert f"{trace_from(raw)} is trace {trace_from(raw)}\n{trace_from(raw)} is raw {raw}\n" in told
    assert f"  trace {trace_from(raw)}\n" in told
    assert re.search(r"event 1 contact\.created", told)


def test_nothing_commands_the_terminal(run, desk):
    assert "\x1b" not in run("trace", "#1").out


def test_as_json_it_is_the_story(run, desk):
    story = msgspec.json.decode(run("trace", "#1", "--json").out.encode())
    assert decoder(Story).decode(msgspec.json.encode(story)).subscribers[1].name == "crm"
    assert [one["name"] for one in story["subscribers"]] == ["archive", "crm"]
    assert story["subscribers"][1]["held"][0] == {
        "position": 4,
        "state": "held",
        "attempts": 3,
        "error": "answered 500\n***",
        "due_at": "2026-11-18T11:06:40Z",
        "since": "2026-11-18T11:06:40Z",
        "behind": None,
    }
    assert SECRET not in json.dumps(story)


def test_what_is_not_found_is_said_and_of_a_trace_how_far_it_was_looked_for(run, desk):
    ran = run("trace", "nobody")
    assert (ran.code, ran.err.strip().endswith("nothing here goes by nobody")) == (1, True)
    ran = run("trace", "4bf92f3577b34da6a3ce929d0e0e4736")
    assert (ran.code, "of a trace the newest 250000 events were searched" in ran.err) == (1, True)


def test_of_a_long_history_a_bounded_part_is_told(run, desk):
    for n in range(40):
        desk.say(f"{n} " + "x" * 20_000)
    out = run("trace", "#1", "--json").out
    story = decoder(Story).decode(out.encode())
    assert (len(story.chapters), story.older) == (20, True)
    assert len(out) < 3_000_000
    text = run("trace", "#1").out
    assert len(text) < 300_000
    assert max(map(len, text.splitlines())) < 1_000
