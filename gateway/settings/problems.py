"""What is wrong with a configuration file: every problem at once, each with its place."""

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

Path = tuple[str | int, ...]
"""Where a value stands: `("connectors", "support", "origins", 0)`."""


class Place(msgspec.Struct, frozen=True):
    """Counted from 1, as editors count; 0 where the problem is the whole file's."""

    line: int = 0
    column: int = 0


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Prints as `hub.yaml:12:5: connectors.support.tokn: unknown key; did you mean "token"?`. Holds no secret."""

    file: str
    line: int = 0
    column: int = 0
    path: str = ""
    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        hint = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        return ": ".join(part for part in (place, self.path, self.message) if part) + hint


class SettingsError(Exception):
    """The configuration cannot be used; `problems` lists all that was found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: Path) -> str:
    """The path as people write it: `connectors.app.origins[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word that was probably meant; `cutoff` from 0 (any) to 1 (the same)."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)
