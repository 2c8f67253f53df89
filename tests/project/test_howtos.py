"""The page that tells how to set a channel up is there, and true to what its plugin can do."""

import re
from textwrap import dedent
from typing import Any

import pytest
import yaml

from connectors.kit import registry
from gateway.settings.loading import OWN_KEYS
from tests.project.tree import ROOT

OURS = sorted(path.name for path in (ROOT / "connectors" / "channels").iterdir() if (path / "quality.yaml").exists())
BLOCK = re.compile(r"^( *)```yaml\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"onethread (?:connectors (?:check|authorize|forget|webhook [a-z]+)|simulate) ([a-z0-9][a-z0-9_-]*)")
BY_ABILITY = {
    "checks": "onethread connectors check",
    "registers": "onethread connectors webhook set",
    "authorizes": "onethread connectors authorize",
}


def page(plugin: str) -> str:
    return (ROOT / "docs" / "how-to" / f"connect-{plugin.replace('_', '-')}.md").read_text()


def connectors(text: str) -> dict[str, Any]:
    """All that its blocks configure, by name."""
    found = [yaml.safe_load(dedent(block)) for _, block in BLOCK.findall(text)]
    return {name: entry for one in found if isinstance(one, dict) for name, entry in one.get("connectors", {}).items()}


@pytest.mark.parametrize("plugin", OURS)
def test_it_configures_the_plugin_by_settings_there_are(plugin: str) -> None:
    entries = [entry for entry in connectors(page(plugin)).values() if entry["plugin"] == plugin]
    assert entries != []
    known = set(registry.load(plugin).Config.__struct_fields__) | {*OWN_KEYS}
    assert [name for entry in entries for name in entry if name not in known] == []


@pytest.mark.parametrize("plugin", OURS)
def test_it_names_what_the_plugin_can_do_for_the_operator_and_nothing_else(plugin: str) -> None:
    abilities = registry.describe(plugin).abilities
    assert {name: command in page(plugin) for name, command in BY_ABILITY.items()} == {
        name: name in abilities for name in BY_ABILITY
    }


@pytest.mark.parametrize("plugin", OURS)
def test_its_commands_are_about_the_connectors_it_configures(plugin: str) -> None:
    text = page(plugin)
    assert set(NAMED.findall(text)) <= connectors(text).keys()


@pytest.mark.parametrize("plugin", OURS)
def test_it_has_the_file_checked_and_leads_on(plugin: str) -> None:
    text = page(plugin)
    for told in ("onethread config check", f"channels/{plugin}/README.md", "reference/connectors.md"):
        assert told in text
