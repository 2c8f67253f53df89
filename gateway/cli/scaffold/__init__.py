"""The folder of a new plugin, from the templates beside this module.

In a template, `@name@` is the plugin's name, `@dashed@` the same with dashes, `@NAME@` in capitals, and `@Class@` its
class.
"""

import keyword
import re
from collections.abc import Mapping
from pathlib import Path

from gateway.cli.output import Exit, Failure

TEMPLATES = Path(__file__).parent
NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
MOST_NAME = 40
FILES: Mapping[str, str] = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "tests/test_@name@.py": "test_plugin.py",
    "onethread_@name@/__init__.py": "package.py",
    "onethread_@name@/@name@/__init__.py": "plugin.py",
    "onethread_@name@/@name@/simulator.py": "simulator.py",
    "onethread_@name@/@name@/README.md": "plugin_readme.md",
    "onethread_@name@/@name@/quality.yaml": "quality.yaml",
    "onethread_@name@/@name@/fixtures/config.json": "config.json",
    "onethread_@name@/@name@/fixtures/inbound/text.http": "inbound_text.http",
    "onethread_@name@/@name@/fixtures/inbound/text.json": "inbound_text.json",
    "onethread_@name@/@name@/fixtures/outbound/text.http": "outbound_text.http",
    "onethread_@name@/@name@/fixtures/outbound/text.json": "outbound_text.json",
}
"""What is written, and the template it is written from."""
DECLARED: Mapping[str, str] = {
    **{path: FILES[path] for path in ("pyproject.toml", "tests/test_@name@.py", "onethread_@name@/__init__.py")},
    "README.md": "declared/README.md",
    "onethread_@name@/@name@/__init__.py": "declared/plugin.py",
    "onethread_@name@/@name@/channel.yaml": "declared/channel.yaml",
    "onethread_@name@/@name@/simulator.py": "declared/simulator.py",
    "onethread_@name@/@name@/README.md": "declared/plugin_readme.md",
    "onethread_@name@/@name@/quality.yaml": "declared/quality.yaml",
    "onethread_@name@/@name@/fixtures/config.json": "declared/config.json",
    **{
        f"onethread_@name@/@name@/fixtures/{direction}/{case}.{kind}": f"declared/{direction}_{case}.{kind}"
        for direction, case in (("inbound", "text"), ("inbound", "stop"), ("inbound", "status"), ("outbound", "text"))
        for kind in ("http", "json")
    },
}
"""The same for a channel that is data."""


def create(name: str, into: Path, *, declared: bool = False) -> Path:
    """Writes the folder of a plugin and gives it back. Raises Failure; overwrites nothing."""
    from connectors.kit.registry import plugin_names

    if not NAME.fullmatch(name) or len(name) > MOST_NAME or keyword.iskeyword(name):
        raise Failure(f'"{name}" does not do as a name: a-z, 0-9 and _, beginning with a letter', Exit.USAGE)
    if name in plugin_names():
        raise Failure(f"there is a plugin {name} already", Exit.USAGE)
    words = {
        "@name@": name,
        "@dashed@": name.replace("_", "-"),
        "@NAME@": name.upper(),
        "@Class@": "".join(part.capitalize() for part in name.split("_")),
    }
    folder = into / f"onethread-{words['@dashed@']}"
    try:
        folder.mkdir(parents=True)
        for path, template in (DECLARED if declared else FILES).items():
            _write(folder / _filled(path, words), _filled((TEMPLATES / f"{template}.txt").read_text(), words))
    except FileExistsError as error:
        raise Failure(f"{folder} is there already; nothing is overwritten") from error
    except OSError as error:
        raise Failure(f"{folder} cannot be written: {error.strerror}") from error
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _filled(text: str, words: Mapping[str, str]) -> str:
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    return text
