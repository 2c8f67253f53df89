"""From a file to a typed declaration. Raises DeclarationError, whose text says where and what was probably meant."""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import msgspec

from connectors.kit.declared.document import DeclarationError, Document, Where
from connectors.kit.declared.language import VERSION, Channel
from connectors.kit.declared.meanings import MEANINGS

_AT: Final = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_STEP: Final = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>[0-9]+|\.\.\.)\]")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")
_WORD: Final = re.compile(r"[Ii]nvalid (?:enum )?value '(?P<word>[^']*)'")


def load(file: Path) -> tuple[Channel, Document]:
    """The declaration, and the document that finds its places. Raises DeclarationError, OSError."""
    document = Document(file)
    version = document.values.get("version") if isinstance(document.values, dict) else None
    if version != VERSION:
        raise document.error(("version",), f"expected {VERSION}, the version of the language")
    try:
        channel = msgspec.convert(document.values, Channel)
    except msgspec.ValidationError as error:
        raise _placed(document, str(error)) from error
    tables: dict[Where, Iterable[str]] = {("errors",): channel.errors}
    if channel.send.template is not None:
        tables["send", "template", "errors"] = channel.send.template.errors
    for where, table in tables.items():
        for meaning in table:
            if meaning not in MEANINGS:
                known = tuple(MEANINGS)
                raise document.error((*where, meaning), "unknown meaning", known=known, at_key=True)
    return channel, document


def _placed(document: Document, text: str) -> DeclarationError:
    """msgspec's refusal, at the place it names."""
    at = _AT.search(text)
    message = text[: at.start()] if at else text
    path = _path(at["path"] if at else "")
    if unknown := _UNKNOWN.search(message):
        known = tuple(sorted(_keys(path, document.values)))
        return document.error((*path, unknown["name"]), "unknown key", known=known, at_key=True)
    word = _WORD.search(message)
    known = tuple(sorted(_words(path))) if word and path else ()
    said = message[:1].lower() + message[1:]
    return document.error(path, said, known=known, meant=word["word"] if word else "")


def _path(text: str) -> Where:
    """The steps of msgspec's path; it does not say which key of a mapping it was, so that step ends it."""
    path: Where = ()
    for step in _STEP.finditer(text):
        if step["index"] == "...":
            break
        path = (*path, int(step["index"]) if step["index"] else step["key"])
    return path


def _keys(path: Where, values: Any) -> Iterator[str]:
    """The keys that may stand at a path."""
    for struct in _structs(path):
        config = struct.__struct_config__
        told = _at(values, path).get(config.tag_field or "")
        if config.tag is not None and told != config.tag:
            continue
        yield from (field.encode_name for field in msgspec.structs.fields(struct))


def _words(path: Where) -> Iterator[str]:
    """The words that may stand at a path: tags, members, literals."""
    for each in _reached(path):
        yield from (str(word) for word in get_args(each) if isinstance(word, str))
        if isinstance(each, type) and issubclass(each, Enum):
            yield from (str(member.value) for member in each)
    for struct in _structs(path[:-1]):
        if struct.__struct_config__.tag_field == path[-1]:
            yield str(struct.__struct_config__.tag)


def _structs(path: Where) -> list[type[msgspec.Struct]]:
    return [each for each in _reached(path) if isinstance(each, type) and issubclass(each, msgspec.Struct)]


def _reached(path: Where) -> list[Any]:
    """The types of what stands at a path."""
    kinds = list(_members(Channel))
    for step in path:
        kinds = [inner for each in kinds for inner in _inner(each, step)]
    return kinds


def _inner(kind: Any, step: str | int) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            if field.encode_name == step:
                yield from _members(field.type)
    elif get_origin(kind) in (dict, Mapping):
        yield from _members(get_args(kind)[1])
    elif get_origin(kind) in (list, tuple):
        yield from _members(get_args(kind)[0])


def _members(kind: Any) -> Iterator[Any]:
    """The members of a union, or the type itself."""
    origin = get_origin(kind)
    if origin is not None and origin not in (dict, Mapping, list, tuple) and not _is_literal(kind):
        for member in get_args(kind):
            yield from _members(member)
    else:
        yield kind


def _is_literal(kind: Any) -> bool:
    return any(isinstance(word, str) for word in get_args(kind))


def _at(values: Any, path: Where) -> Mapping[str, Any]:
    for step in path:
        values = values[step]
    return values if isinstance(values, dict) else {}
