"""What the code says of itself: fields with the text after them, defaults, commands."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

LONG = 12
"""More names than this are counted, not listed."""
WORDS = {
    Any: "any",
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    bytes: "base64",
    datetime: "time",
}


@cache
def attribute_docs(kind: type) -> dict[str, str]:
    """The text after each annotated attribute, also of the classes it is derived from, which Python itself does not
    keep; nothing where a class was not written but made, as those of declared channels."""
    told: dict[str, str] = {}
    for base in kind.__bases__:
        told |= attribute_docs(base)
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):
        return told
    (body,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(body, ast.ClassDef)
    for before, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            told[before.target.id] = str(ast.literal_eval(after.value))
    return told


def default(field: Any) -> str:
    """How a field's default is written in a file; nothing where it is empty."""
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, msgspec.Struct) or value in ({}, (), None):
        return ""
    return f"`{value}`" if isinstance(value, str) else f"`{msgspec.json.encode(value).decode()}`"


def plain(value: Any) -> str:
    """A value in words: yes, no, none, names in order."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {plain(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list):
        names = sorted(map(str, value))
        return f"{len(names)} of them" if len(names) > LONG else ", ".join(names) or "none"
    return {None: "none", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else str(value)


def shape(kind: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(kind), [each for each in get_args(kind) if each is not Ellipsis]
    if origin is Annotated:
        return shape(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys("null" if each is NoneType else shape(each) for each in inner))
    if origin in (tuple, list, frozenset):
        return f"list of {shape(inner[0])}"
    if origin is dict:
        return f"mapping to {shape(inner[1])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{each.value}`" for each in kind)
    return WORDS.get(kind) or (kind.__name__ if isinstance(kind, type) else "any")


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """The structs a type is made of, itself first."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs_in(field.type)
    for each in get_args(kind):
        yield from structs_in(each)


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for each, found in sorted(inner.items()):
        yield from commands(f"{name} {each}", found)


def spelt(parameter: Any) -> str:
    """How an argument or option is written."""
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
