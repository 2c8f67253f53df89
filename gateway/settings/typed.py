"""From plain values to typed ones, noting every problem instead of stopping at the first."""

import re
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from connectors.kit.config import decode_secret
from gateway.settings.document import Document
from gateway.settings.problems import Path, nearest

AT = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
MAPPINGS = (dict, abc.Mapping)
LISTS: Mapping[Any, Any] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    abc.Sequence: list,
    abc.Set: frozenset,
}
STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>[0-9]+)\]")
UNQUOTED = re.compile(r"Expected `str(?: \\| null)?`, got `(?:int|float|bool)`")
"""What YAML reads as a number or a flag, such as `+447700900111` or `no`."""


class Untyped(Exception):
    """The value has problems, which are noted."""


@dataclass(frozen=True)
class Conversion:
    """Types the values of one document."""

    document: Document

    def value(self, kind: Any, value: Any, path: Path) -> Any:
        """The value as `kind`. Raises Untyped after noting what is wrong."""
        if self._is_broken(path):
            raise Untyped
        kind = _plain(kind, value)
        if (read := _reader(kind)) is not None:
            return self._read(read, value, path)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.struct(kind, value, path)
        origin, inner = get_origin(kind), get_args(kind)
        if origin in MAPPINGS and isinstance(value, dict):
            return self._every(value, dict.fromkeys(value, inner[1]), path, dict)
        if origin in LISTS and isinstance(value, list) and inner[1:] in ((), (...,)):
            items, build = dict(enumerate(value)), LISTS[origin]
            return self._every(items, dict.fromkeys(items, inner[0]), path, lambda typed: build(typed.values()))
        return self._convert(kind, value, path)

    def struct(self, kind: type[msgspec.Struct], value: Any, path: Path, *, known: tuple[str, ...] = ()) -> Any:
        """The value as a struct; `known` are further keys, read elsewhere. Raises Untyped."""
        value = {} if value is None else value
        if not isinstance(value, dict):
            self.document.report(path, f"expected a mapping, got {_name(value)}")
            raise Untyped
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        tag = kind.__struct_config__.tag_field
        complete = self._keys(fields, {*known, *([tag] if tag else [])}, value, path)
        given = {name: value[name] for name, field in fields.items() if _given(field, value)}
        typed = self._every(given, {name: fields[name].type for name in given}, path, dict)
        if not complete:
            raise Untyped
        try:
            return kind(**{fields[name].name: item for name, item in typed.items()})
        except (ValueError, TypeError) as error:
            self.document.report(path, str(error))
            raise Untyped from error

    def _keys(self, fields: Mapping[str, FieldInfo], further: set[str], value: Mapping[str, Any], path: Path) -> bool:
        names = [*fields, *sorted(further)]
        unknown = [name for name in value if name not in names]
        for name in unknown:
            self.document.report((*path, name), "unknown key", nearest=nearest(name, names), at_key=True)
        meant = {nearest(name, names) for name in unknown}
        missing = [name for name, field in fields.items() if field.required and not _given(field, value)]
        for name in missing:
            if name not in meant and (*path, name) not in self.document.broken:
                self.document.report((*path, name), "missing")
        return not unknown and not missing

    def _every(self, values: Mapping[Any, Any], kinds: Mapping[Any, Any], path: Path, build: Any) -> Any:
        typed, whole = {}, True
        for step, value in values.items():
            try:
                typed[step] = self.value(kinds[step], value, (*path, step))
            except Untyped:
                whole = False
        if not whole:
            raise Untyped
        return build(typed)

    def _read(self, read: Any, value: Any, path: Path) -> Any:
        try:
            return read(value)
        except ValueError as error:
            self.document.report(path, str(error))
            raise Untyped from error

    def _convert(self, kind: Any, value: Any, path: Path) -> Any:
        if any(broken[: len(path)] == path for broken in self.document.broken):
            raise Untyped
        allowed = _choices(kind)
        if allowed and isinstance(value, str) and value not in allowed:
            self.document.report(path, f"expected one of {', '.join(allowed)}", nearest=nearest(value, allowed))
            raise Untyped
        try:
            return msgspec.convert(value, kind, dec_hook=decode_secret)
        except msgspec.ValidationError as error:
            self._refused(error, path)
            raise Untyped from error

    def _refused(self, error: msgspec.ValidationError, path: Path) -> None:
        """Notes msgspec's refusal at the place it names, which is relative to `path`."""
        text = str(error)
        at = AT.search(text)
        named = at["path"].partition("[...]")[0] if at else ""  # which key or item it was, msgspec does not say
        for step in STEP.finditer(named):
            path = (*path, int(step["index"]) if step["index"] else step["key"])
        message = text[: at.start()] if at else text
        message += "; put it in quotes" if UNQUOTED.fullmatch(message) else ""
        self.document.report(path, message[:1].lower() + message[1:])

    def _is_broken(self, path: Path) -> bool:
        return path in self.document.broken


def _reader(kind: Any) -> Any:
    """What reads a value of this type, where the type says so itself."""
    metas = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    found = (meta.extra["read"] for meta in metas if isinstance(meta, msgspec.Meta) and meta.extra)
    return next(found, None)


def _plain(kind: Any, value: Any) -> Any:
    """`X` of `X | None` where there is a value."""
    if get_origin(kind) in (Union, UnionType) and value is not None:
        others = [inner for inner in get_args(kind) if inner is not NoneType]
        return others[0] if len(others) == 1 else kind
    return kind


def _given(field: FieldInfo, value: Mapping[str, Any]) -> bool:
    """A key without a value counts as left out, unless nothing is a value of it."""
    if field.encode_name not in value:
        return False
    return value[field.encode_name] is not None or NoneType in get_args(field.type) or field.type in (None, Any)


def _choices(kind: Any) -> tuple[str, ...]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    return tuple(str(choice) for choice in get_args(kind)) if get_origin(kind) is Literal else ()


def _name(value: Any) -> str:
    names = {
        NoneType: "nothing",
        str: "text",
        list: "a list",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), type(value).__name__)
