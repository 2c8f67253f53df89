"""How finished a plugin is, by the same rules for all: the file `quality.yaml` in its folder.

    in: done
    media: {todo: pictures that leave go as links}
    reactions: {exempt: a text message has none}

Every rule of `RULES` stands there once: `done`, or what is still to do, or why the channel needs nothing. The
conformance suite holds each line against the plugin, its capability and its fixtures, where a machine can.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

FILE: Final = "quality.yaml"
RULES: Final[Mapping[str, str]] = {
    "in": "what customers write comes in",
    "out": "what we write goes out",
    "media": "files come in, go out, or both, as far as the provider carries them",
    "status": "what the provider reports of a message sent is told",
    "edits": "what was changed or taken back is told, or can be done by us",
    "reactions": "reactions are told, or can be given",
    "typing": "who is writing is shown, here or there",
    "read": "it is told what the customer has read",
    "templates": "templates that the provider approved are checked and sent",
    "backfill": "what came while the hub was down is asked for",
    "check": "credentials can be tried without sending anything",
    "register": "the hub tells the provider its webhook by itself",
    "simulator": "the provider can be played on loopback, failures included",
    "docs": "set-up, limits, quirks and sources are written down",
}


class Standing(StrEnum):
    DONE = "done"
    TODO = "todo"
    EXEMPT = "exempt"


@dataclass(frozen=True)
class Line:
    standing: Standing
    why: str = ""
    """What is to do, or why nothing is; empty for what is done."""


class QualityError(ValueError):
    """The file does not read as documented; the text names it and says what is wrong."""


def read_quality(folder: Path) -> Mapping[str, Line]:
    """The lines of a plugin's `quality.yaml`, in the order of RULES. Raises QualityError."""
    path = folder / FILE
    try:
        told = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise QualityError(f"{path} is missing") from error
    except yaml.YAMLError as error:
        raise QualityError(f"{path}: {error}") from error
    if not isinstance(told, dict):
        raise QualityError(f"{path}: wanted one line for each of {', '.join(RULES)}")
    faults = {"no line for": RULES.keys() - told.keys(), "no such rule:": told.keys() - RULES.keys()}
    if any(faults.values()):
        said = [f"{words} {', '.join(sorted(map(str, names)))}" for words, names in faults.items() if names]
        raise QualityError(f"{path}: {'; '.join(said)}")
    return {rule: _line(f"{path}: {rule}", told[rule]) for rule in RULES}


def _line(where: str, told: Any) -> Line:
    if told == Standing.DONE.value:
        return Line(Standing.DONE)
    if isinstance(told, dict) and len(told) == 1:
        ((standing, why),) = told.items()
        if standing in (Standing.TODO, Standing.EXEMPT) and isinstance(why, str) and why.strip():
            return Line(Standing(standing), why.strip())
    raise QualityError(
        f"{where}: wanted `done`, `{{todo: what}}` or `{{exempt: why}}` (quote a reason that has a comma)"
    )
