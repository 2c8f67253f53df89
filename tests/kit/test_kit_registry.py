"""Plugins are found by name, and only those asked for are imported."""

import subprocess
import sys
from pathlib import Path

import pytest
from pigeon import Pigeon

from connectors.kit.capability import shows
from connectors.kit.registry import BrokenPlugin, UnknownPlugin, abilities, describe, load, plugin_names
from connectors.registry import BUILT_IN


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that publishes Pigeon, and some that cannot be used."""
    info = tmp_path / "pigeon_post-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-post\nVersion: 1.0\n")
    points = {
        "pigeon": "pigeon:Pigeon",
        "telegram": "pigeon:Pigeon",
        "absent": "no_such_module_here:Plugin",
        "nameless": "pigeon:Nobody",
        "no_plugin": "pigeon:Letter",
        "dove": "pigeon:Pigeon",
    }
    lines = "\n".join(f"{name} = {value}" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[onethread.plugins]\n{lines}\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_built_in_and_published_plugins_are_listed(published: None) -> None:
    assert set(plugin_names()) == {*BUILT_IN, "pigeon", "absent", "nameless", "no_plugin", "dove"}
    assert plugin_names() == sorted(plugin_names())


def test_a_published_plugin_is_loaded(published: None) -> None:
    assert load("pigeon") is Pigeon


def test_a_built_in_name_is_not_taken_over(published: None) -> None:
    assert load("telegram").__module__ == "connectors.channels.telegram"


def test_an_unknown_name_tells_the_nearest() -> None:
    with pytest.raises(UnknownPlugin) as caught:
        load("telegrm")
    assert (caught.value.name, caught.value.nearest) == ("telegrm", "telegram")
    assert str(caught.value) == "there is no plugin 'telegrm'; did you mean 'telegram'?"
    with pytest.raises(UnknownPlugin, match=r"there is no plugin 'zzz'$"):
        load("zzz")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent", "No module named"),
        ("nameless", "no attribute 'Nobody'"),
        ("no_plugin", "is no Plugin"),
        ("dove", "calls itself 'pigeon'"),
    ],
)
def test_a_plugin_that_cannot_be_used_says_why(published: None, name: str, why: str) -> None:
    with pytest.raises(BrokenPlugin, match=why):
        load(name)


def test_a_plugin_is_described(published: None) -> None:
    told = describe("pigeon")
    assert (told.name, told.channel, told.abilities) == ("pigeon", "pigeon", ("edits", "types"))
    assert told.capability == Pigeon.info.capability
    secret = told.config["$defs"]["Config"]["properties"]["api_key"]
    assert secret == {"type": "string", "format": "password", "writeOnly": True}
    assert abilities(Pigeon) == ("edits", "types")


def test_capability_names_what_is_promised() -> None:
    assert shows(Pigeon.info.capability) == {"text", "media:image", "replies", "edits", "typing"}


def test_listing_imports_neither_plugins_nor_their_libraries() -> None:
    script = (
        "import sys, connectors.kit.registry as r; r.plugin_names();"
        "print([m for m in sys.modules if m.startswith(('connectors.channels', 'telegram', 'twilio', 'pytest'))])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_simulator_needs_neither_pytest_nor_hypothesis() -> None:
    script = (
        "import sys, connectors.kit.testing.simulator, connectors.kit.testing.mutate;"
        "print([m for m in sys.modules if m in ('pytest', 'hypothesis')])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
