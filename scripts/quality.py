"""How finished each plugin is, side by side and with the reasons: the page `docs/reference/quality.md`."""

import inspect
from collections.abc import Mapping
from pathlib import Path

from connectors.kit import registry
from connectors.kit.quality import RULES, Line, Standing, read_quality
from scripts.markdown import page, table

INTRODUCTION = """\
Every plugin's folder holds a `quality.yaml` with the same rules; the conformance suite holds what is said there against
the plugin's abilities, capability and fixtures. Empty: nothing is needed, for the reason given below."""
SIGNS: Mapping[Standing, str] = {Standing.DONE: "done", Standing.TODO: "**to do**", Standing.EXEMPT: ""}


def quality() -> str:
    found = {name: read_quality(_folder(name)) for name in registry.plugin_names()}
    rows = [(_name(name), *(SIGNS[line.standing] for line in lines.values())) for name, lines in found.items()]
    return page(
        "Quality",
        [
            INTRODUCTION,
            "## Rules",
            table(("rule", "kept when"), [(f"`{rule}`", meaning) for rule, meaning in RULES.items()]),
            "## Side by side",
            table(("plugin", *RULES), rows),
            "## To do",
            table(("plugin", "rule", "what"), _reasons(found, Standing.TODO)),
            "## Not needed",
            table(("plugin", "rule", "why"), _reasons(found, Standing.EXEMPT)),
        ],
    )


def _folder(name: str) -> Path:
    return Path(inspect.getfile(registry.load(name))).parent


def _name(name: str) -> str:
    return f"[`{name}`](connectors.md#{name})"


def _reasons(found: Mapping[str, Mapping[str, Line]], standing: Standing) -> list[tuple[str, str, str]]:
    return [
        (_name(name), f"`{rule}`", line.why)
        for name, lines in found.items()
        for rule, line in lines.items()
        if line.standing is standing
    ]
