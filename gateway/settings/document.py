"""The YAML file as plain values, with the place of each.

Only the part of YAML that a configuration needs: one document of mappings, lists and scalars as YAML 1.2 reads them
(`no` and `9:00` are strings). Tags, aliases and repeated keys are refused; size and depth are bounded.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from gateway.settings.problems import Path as Where
from gateway.settings.problems import Place, Problem, SettingsError, dotted
from gateway.settings.references import Unresolved, resolve

MOST_OCTETS = 1 << 20
MOST_DEPTH = 32

TAG = "tag:yaml.org,2002:"
SCALARS: Mapping[str, tuple[str, str]] = {
    "null": (r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    "bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    "int": (r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    "float": (r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
}
"""The core schema of YAML 1.2, without infinities. Source: yaml.org/spec/1.2.2/#1032-tag-resolution (read 2026-11)."""
READ: Mapping[str, Callable[[str], Any]] = {
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": lambda text: int(text, 0) if text[:2] in ("0o", "0x") else int(text),
    "float": float,
    "str": str,
}
MOST_DIGITS = 40
HALVES: Mapping[str, str] = {
    "but found another document": "another document begins here; the file holds one",
    "second occurrence": "the same anchor once more",
}
"""Sentences of PyYAML's that it tells in two places, by their second half."""


@dataclass
class Document:
    """`values` are plain; `keys` and `places` say where each path's key and value stand."""

    file: str
    folder: Path
    values: dict[str, Any] = field(default_factory=dict)
    keys: dict[Where, Place] = field(default_factory=dict)
    places: dict[Where, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: set[Where] = field(default_factory=set)
    """Paths whose values could not be read, and are therefore not judged any further."""

    def report(self, path: Where, message: str, *, nearest: str | None = None, at_key: bool = False) -> None:
        place = (self.keys.get(path) if at_key else self.places.get(path)) or self._around(path)
        self.problems.append(
            Problem(
                file=self.file,
                line=place.line,
                column=place.column,
                path=dotted(path),
                message=message,
                nearest=nearest,
            )
        )

    def _around(self, path: Where) -> Place:
        """The place of the nearest thing around a value that is not there."""
        while path:
            path = path[:-1]
            if found := self.keys.get(path) or self.places.get(path):
                return found
        return Place(1, 1)


class _Loader(yaml.SafeLoader):
    """Composes nodes without aliases and not too deep."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._refuse("aliases are not allowed")
        self.depth += 1
        if self.depth > MOST_DEPTH:
            self._refuse(f"nested deeper than {MOST_DEPTH} levels")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _refuse(self, why: str) -> NoReturn:
        here = self.peek_event().start_mark  # type: ignore[no-untyped-call] # the stubs leave it untyped
        raise ConstructorError(None, None, why, here)


_Loader.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in SCALARS.items():
    _Loader.add_implicit_resolver(TAG + _name, re.compile(_pattern), [letter.strip("\0") for letter in _first])


def read(path: Path, environ: Mapping[str, str]) -> Document:
    """The file's values with references resolved; problems of single values are noted in it.

    Raises SettingsError where the file cannot be read at all.
    """
    document = Document(file=str(path), folder=path.absolute().parent)
    node = _compose(_text(path), document)
    if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == TAG + "null"):
        return document
    if not isinstance(node, yaml.MappingNode):
        document.report((), "expected a mapping of settings")
        raise SettingsError(document.problems)
    document.values = _Builder(document, environ).mapping(node, ())
    return document


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise SettingsError([Problem(file=str(path), message=f"cannot be read: {error.strerror}")]) from error
    if len(content) > MOST_OCTETS:
        raise SettingsError([Problem(file=str(path), message=f"is larger than {MOST_OCTETS} octets")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_in(content[: error.start].decode())
        raise SettingsError(
            [Problem(file=str(path), line=place.line, column=place.column, message="not UTF-8 text")]
        ) from error


def _compose(text: str, document: Document) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        message = HALVES.get(error.problem or "", error.problem) or "not YAML"
    except ReaderError as error:
        place, message = _place_in(text[: error.position]), f"control character #x{ord(text[error.position]):02x}"
    problem = Problem(file=document.file, line=place.line, column=place.column, message=message)
    raise SettingsError([problem])


def _place(mark: yaml.Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _place_in(before: str) -> Place:
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))


@dataclass
class _Builder:
    document: Document
    environ: Mapping[str, str]

    def mapping(self, node: yaml.MappingNode, path: Where) -> dict[str, Any]:
        self.document.places[path] = _place(node.start_mark)
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.document.places[(*path, "?")] = _place(key.start_mark)
                self.document.report((*path, "?"), "a key is a plain word")
                continue
            name, where = key.value, (*path, key.value)
            if name in values:
                first = self.document.keys[where]
                self.document.keys[where] = _place(key.start_mark)
                self.document.report(where, f"set twice, first in line {first.line}", at_key=True)
                continue
            self.document.keys[where] = _place(key.start_mark)
            values[name] = self.value(value, where)
        return values

    def value(self, node: yaml.Node, path: Where) -> Any:
        self.document.places[path] = _place(node.start_mark)
        if isinstance(node, yaml.MappingNode) and node.tag == TAG + "map":
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == TAG + "seq":
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        kind = node.tag.removeprefix(TAG)
        if not isinstance(node, yaml.ScalarNode) or kind not in READ:
            return self._broken(path, "tags are not allowed")
        try:
            return self._scalar(kind, node)
        except Unresolved as error:
            return self._broken(path, str(error))
        except ValueError:
            return self._broken(path, f"does not read as {kind}")

    def _scalar(self, kind: str, node: yaml.ScalarNode) -> Any:
        if kind == "str":
            return resolve(node.value, self.environ, self.document.folder)
        if len(node.value) > MOST_DIGITS:
            raise ValueError
        return READ[kind](node.value)

    def _broken(self, path: Where, message: str) -> None:
        self.document.broken.add(path)
        self.document.report(path, message)
