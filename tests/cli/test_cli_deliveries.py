"""Deliveries from the command line, beside a hub or without one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.kit.errors import OutcomeUnknown
from tests.send.conftest import Desk
from tests.send.test_reports import answer, claimed


@pytest.fixture
def desk(run) -> Iterator[Desk]:
    """One delivery that is uncertain, and one that is queued."""
    desk = Desk(Path())
    Path("onethread.yaml").write_text("store: sqlite:///hub.db\n")
    desk.say("first\x1b[2J")
    answer(desk, claimed(desk), OutcomeUnknown("reset"))
    desk.say("second")
    yield desk
    desk.close()


def ids(desk: Desk) -> list[str]:
    return [id_ for (id_,) in desk.rows("SELECT id FROM deliveries ORDER BY id")]


def test_deliveries_are_listed_newest_first(run, desk):
    first, second = ids(desk)
    listed = json.loads(run("deliveries", "list", "--json").out)
    assert [one["delivery"]["id"] for one in listed] == [second, first]
    lines = run("deliveries", "list").out.splitlines()
    assert lines[0].split() == ["DELIVERY", "CONNECTOR", "STATUS", "SINCE", "MESSAGE"]
    assert lines[2].startswith(f"{first}  support    uncertain: reset (timed_out)")
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--status", "uncertain"], 1),
        (["--status", "failed"], 0),
        (["--connector", "support"], 2),
        (["--connector", "elsewhere"], 0),
        (["--limit", "1"], 1),
    ],
)
def test_only_some_are_listed(run, desk, options, found):
    assert len(json.loads(run("deliveries", "list", "--json", *options).out)) == found


def test_what_is_uncertain_is_settled(run, desk):
    first, _ = ids(desk)
    ran = run("deliveries", "settle", first, "delivered")
    assert (ran.code, ran.out) == (
        0,
        f"delivery {first}: delivered, last inbound route; settled as delivered by operator\n",
    )
    assert desk.updates()[-1]["status"] == "delivered"
    again = run("deliveries", "settle", first, "failed")
    assert again.code == 1
    assert again.err == "not settled: the delivery is delivered; only what is uncertain can be settled\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["list", "--status", "lost"], 2, 'there is no status "lost": choose queued, sending, uncertain'),
        (["settle", "nobody's", "lost"], 2, 'there is no outcome "lost": choose delivered, accepted, failed, retry'),
        (["settle", "nobody's", "failed"], 1, "not settled: there is no delivery nobody's"),
    ],
)
def test_what_cannot_be_done_is_said(run, desk, arguments, code, said):
    ran = run("deliveries", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(said)
