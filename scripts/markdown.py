"""Just enough Markdown to write a reference page."""

import re
from collections.abc import Iterable, Sequence

MADE = "<!-- Written by `make docs` from the code. Change the code, not this page. -->"


def page(title: str, blocks: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", MADE, *(block for block in blocks if block)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; without rows, nothing."""
    lines = [head, ["---"] * len(head), *rows]
    if len(lines) == 2:
        return ""
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def joined(text: str) -> str:
    """A text of several lines on one."""
    return re.sub(r"\s*\n\s*", " ", text.strip())
