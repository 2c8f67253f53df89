"""Rounds of an earlier run, to which a run with `--add` adds its own: long measurements can be taken in pieces."""

import json
from pathlib import Path
from typing import Any


def earlier(result: Path, add: bool) -> dict[str, list[Any]]:
    """The rounds in a file of results, by what they are of."""
    found: dict[str, list[Any]] = json.loads(result.read_text())["rounds"] if add and result.exists() else {}
    return found
