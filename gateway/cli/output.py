"""What commands print, and how they end."""

import unicodedata
from collections.abc import Iterable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any


class Exit(IntEnum):
    """74, 75 and 78 as in sysexits.h, so that service managers can tell what a restart may mend."""

    FAILED = 1
    USAGE = 2
    STORE = 74
    TEMPORARY = 75
    CONFIGURATION = 78


class Failure(Exception):
    """The command could not do it; the text is one sentence for people."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def show(value: Any, *, as_json: bool, plain: str) -> None:
    """Prints the value as one line of JSON, or its plain text."""
    if as_json:
        import msgspec

        print(msgspec.json.encode(value, enc_hook=_shown).decode(), flush=True)
    elif plain:
        print(plain, flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows in columns; without rows, only the head."""
    lines = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def one_line(text: str, most: int = 100) -> str:
    """A stranger's text for a terminal: on one line, cut, and without what could command the terminal or turn the
    direction of what follows."""
    line = visible(" ".join(text[: 4 * most].split()))
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


def visible(line: str) -> str:
    """The line with a mark for each sign that does something instead of showing something."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in UNSHOWN else sign for sign in line)


UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, formats (bidirectional marks among them), halves of surrogate pairs, and separators of lines."""


def plain_values(value: Any) -> Any:
    """Structs as mappings of plain values; secrets as `***`."""
    import msgspec

    return msgspec.to_builtins(value, enc_hook=_shown)


def _shown(value: Any) -> str:
    from connectors.kit.secret import Secret
    from gateway.settings.sealing import Seal

    if isinstance(value, Path | Secret | Seal):
        return str(value)
    raise NotImplementedError(f"nothing to print for {type(value)}")
