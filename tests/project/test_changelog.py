"""Changelog fragments and decision records are where, and as, they are looked for."""

import re

import pytest

from tests.project.tree import ROOT

FRAGMENT = re.compile(r"(?P<area>[a-z][a-z0-9_]*)\.(?P<kind>added|changed|fixed|removed|security)\.md")
FRAGMENTS = sorted(path for path in (ROOT / "changelog").iterdir() if path.name != "README.md")
RECORDS = sorted(path for path in (ROOT / "docs" / "adr").iterdir() if path.name != "README.md")
SECTIONS = ("**Context.**", "**Choice.**", "**Cost.**", "**Revisit when**")
AREAS = {path.name for path in (ROOT / "connectors" / "channels").iterdir()} | {
    *(
        "api",
        "benchmarks",
        "bus",
        "cli",
        "core",
        "deploy",
        "docs",
        "feed",
        "kit",
        "lanes",
        "settings",
        "subscriptions",
        "web",
    ),
}


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_is_one_list_for_one_area(path):
    named = FRAGMENT.fullmatch(path.name)
    assert named is not None
    assert named["area"] in AREAS
    lines = path.read_text().splitlines()
    assert lines[0].startswith("- ")
    assert all(line.startswith(("- ", "  ")) for line in lines)


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name.partition("-")[0]) for path in RECORDS]
    assert numbers == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_a_decision_has_its_parts_in_order(path):
    text = path.read_text()
    assert text.startswith(f"# {path.name[:4]} · ")
    places = [text.find(section) for section in SECTIONS]
    assert -1 not in places
    assert places == sorted(places)
