"""A declaration's file as plain values, with the place of each, and its errors.

Of YAML there is what a declaration needs: one document of mappings, lists and scalars, where only `true` and `false`
are flags. Aliases, tags and repeated keys are refused; size and depth are bounded.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml

MOST_OCTETS: Final = 256 << 10
MOST_DEPTH: Final = 20
TAG: Final = "tag:yaml.org,2002:"
Where = tuple[str | int, ...]
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_FRACTION: Final = re.compile(r"-?[0-9]{1,17}\.[0-9]{1,17}", re.ASCII)
PLAIN: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}


class DeclarationError(Exception):
    """Prints as `channel.yaml:12:5: receive.bdy: unknown key; did you mean "body"?`."""

    def __init__(self, file: str, place: tuple[int, int], path: str, message: str, nearest: str | None = None) -> None:
        self.file, self.place, self.path, self.message, self.nearest = file, place, path, message, nearest
        hint = f'; did you mean "{nearest}"?' if nearest else ""
        super().__init__(": ".join(filter(None, (f"{file}:{place[0]}:{place[1]}", path, message))) + hint)


class Document:
    """`values` are plain; an error about a path finds its place."""

    def __init__(self, file: Path) -> None:
        self._file = file.name
        self._keys: dict[Where, tuple[int, int]] = {}
        self._places: dict[Where, tuple[int, int]] = {}
        self.values: Any = self._read(file)

    def error(
        self, path: Where, message: str, *, known: tuple[str, ...] = (), meant: str = "", at_key: bool = False
    ) -> DeclarationError:
        """`known` are the words of which one was probably `meant`, by which the path's last step stands unless told."""
        word = meant or (str(path[-1]) if path else "")
        near = next(iter(get_close_matches(word, known, n=1)), None)
        return DeclarationError(self._file, self._place(path, at_key=at_key), dotted(path), message, near)

    def where(self, text: str, within: Where) -> Where:
        """The path of the first value that is this text, or what it is looked for within."""
        beneath = [path for path in self._places if path[: len(within)] == within]
        return next((path for path in beneath if _at(self.values, path) == text), within)

    def _place(self, path: Where, *, at_key: bool) -> tuple[int, int]:
        found = self._keys.get(path) if at_key else self._places.get(path)
        while found is None and path:
            path = path[:-1]
            found = self._keys.get(path) or self._places.get(path)
        return found or (1, 1)

    def _read(self, file: Path) -> Any:
        content = file.read_bytes()
        if len(content) > MOST_OCTETS:
            raise DeclarationError(self._file, (1, 1), "", f"larger than {MOST_OCTETS} octets")
        try:
            text = content.decode()
            if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
                raise DeclarationError(self._file, (1, 1), "", "aliases are not allowed")
            node = yaml.compose(text, yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise DeclarationError(self._file, place, "", error.problem or "not YAML") from error
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            raise DeclarationError(self._file, (1, 1), "", "not YAML in UTF-8") from error
        return self._value(node, ()) if node is not None else {}

    def _value(self, node: yaml.Node, path: Where) -> Any:
        self._places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if len(path) > MOST_DEPTH:
            raise self.error(path, f"nested deeper than {MOST_DEPTH}")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            where = (*path, str(key.value))
            self._keys[where] = (key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, yaml.ScalarNode) or key.value in values:
                raise self.error(where, "set twice" if key.value in values else "a key is a plain word", at_key=True)
            values[key.value] = self._value(value, where)
        return values


def _at(values: Any, path: Where) -> Any:
    for step in path:
        values = values[step]
    return values


def dotted(path: Where) -> str:
    """`receive.kinds[0].when`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if isinstance(node, yaml.ScalarNode) and node.style is not None:  # quoted, or a block
        return text
    if text.lower() in PLAIN:
        return PLAIN[text.lower()]
    readers: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = ((_WHOLE, int), (_FRACTION, float))
    return next((read(text) for form, read in readers if form.fullmatch(text)), text)
