"""Scripts as they go over the wire: a module and all that it imports as one, without comments and spaces.

The files in the folder are modules a browser could load one by one; joined they are one request, and smaller. What they
keep to for that, `tests/browser/test_browser_script.py` looks after: every `import {…} from "./x.js";` stands on a line
of its own at the beginning, and no two modules name anything the same.
"""

import re
from pathlib import Path

from rjsmin import jsmin

_IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def script(path: Path) -> bytes:
    """The module with those it imports before it. What it exports itself, it still does."""
    *before, last = modules(path)
    joined = [_EXPORT.sub("", _IMPORT.sub("", module.read_text("utf-8"))) for module in before]
    joined.append(_IMPORT.sub("", last.read_text("utf-8")))
    return str(jsmin("".join(joined))).encode()


def modules(path: Path) -> list[Path]:
    """The module, and before it those it imports, each once and after its own."""
    found: list[Path] = []

    def add(module: Path, above: frozenset[Path]) -> None:
        if module in found or module in above:
            return
        for name in _IMPORT.findall(module.read_text("utf-8")):
            add(module.with_name(name), above | {module})
        found.append(module)

    add(path, frozenset())
    return found
