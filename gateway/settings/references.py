"""Values that stand elsewhere: `${NAME}` in the environment, and `file:/run/secrets/name` in a file.

`${NAME}` may be the whole string or stand inside it; `$${` writes a literal `${`. A file's text is taken without the
line end at its end. Only strings are looked at, and what was put in is not looked at again.
"""

import re
from collections.abc import Mapping
from pathlib import Path

REFERENCE = re.compile(r"(\$?)\$\{([^{}]*)\}")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FILE = "file:"
MOST_OCTETS = 64 * 1024


class Unresolved(Exception):
    """What is referred to is not there; the text names it and never a value."""


def resolve(text: str, environ: Mapping[str, str], folder: Path) -> str:
    """The string with its references put in; relative files are looked for in `folder`. Raises Unresolved."""
    resolved = REFERENCE.sub(lambda match: _variable(match, environ), text)
    return _content(resolved.removeprefix(FILE), folder) if text.startswith(FILE) else resolved


def _variable(match: re.Match[str], environ: Mapping[str, str]) -> str:
    escaped, name = match.groups()
    if escaped:
        return "${" + name + "}"
    if not NAME.fullmatch(name):
        raise Unresolved(f"${{{name}}} does not name an environment variable")
    value = environ.get(name, "")
    if not value:
        raise Unresolved(f"the environment variable {name} is not set")
    return value


def _content(name: str, folder: Path) -> str:
    try:
        with (folder / name).open("rb") as file:
            content = file.read(MOST_OCTETS + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise Unresolved(f"the file {name} cannot be read: {reason}") from error
    if len(content) > MOST_OCTETS:
        raise Unresolved(f"the file {name} is larger than {MOST_OCTETS} octets")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Unresolved(f"the file {name} is not UTF-8 text") from error
