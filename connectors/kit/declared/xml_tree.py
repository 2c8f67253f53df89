"""XML as a tree that paths look at, and back.

    <message id="1"><to>2</to><to>3</to><body kind="a">hi</body></message>
    {"message": {"@id": "1", "to": ["2", "3"], "body": {"@kind": "a", "#text": "hi"}}}

An element with neither attributes nor elements is its text; names are local, without prefixes. There are no document
types, so no entities but the five of XML itself.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from connectors.kit.errors import BadPayload

MOST_DEPTH: Final = 30
MOST_ELEMENTS: Final = 10_000
TEXT: Final = "#text"
ATTRIBUTE: Final = "@"
_FORBIDDEN: Final = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)


class _Reader:
    def __init__(self) -> None:
        self._open: list[tuple[str, dict[str, Any], list[str]]] = [("", {}, [])]
        self._elements = 0

    def read(self, body: bytes) -> dict[str, Any]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._begins, self._ends
        parser.CharacterDataHandler = self._says
        parser.StartDoctypeDeclHandler = self._has_a_type
        parser.Parse(body, True)
        return self._open[0][1]

    def _begins(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._open) > MOST_DEPTH:
            raise BadPayload("XML of too many elements, or nested too deeply")
        told = {f"{ATTRIBUTE}{_local(key)}": value for key, value in attributes.items()}
        self._open.append((_local(name), told, []))

    def _says(self, text: str) -> None:
        self._open[-1][2].append(text)

    def _ends(self, _: str) -> None:
        name, values, texts = self._open.pop()
        text = "".join(texts)
        value: Any = text
        if values:
            value = {**values, **({TEXT: text} if text.strip() else {})}
        beside = self._open[-1][1]
        if name not in beside:
            beside[name] = value
        elif isinstance(beside[name], list):
            beside[name].append(value)
        else:
            beside[name] = [beside[name], value]

    def _has_a_type(self, *_: Any) -> None:
        raise BadPayload("XML with a document type")


def read(body: bytes) -> dict[str, Any]:
    """The tree of a document. Raises BadPayload."""
    try:
        return _Reader().read(body)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadPayload(f"not XML: {type(error).__name__}") from None


def written(tree: Mapping[str, Any]) -> bytes:
    """A document in UTF-8; what XML cannot express becomes U+FFFD. Raises ValueError for a name that is none."""
    return ('<?xml version="1.0" encoding="UTF-8"?>' + "".join(_elements(tree))).encode()


def _elements(tree: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in tree.items():
        found += [_element(name, each) for each in (value if isinstance(value, list) else [value])]
    return found


def _element(name: str, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"<{_named(name)}>{escape(_clean(value))}</{name}>"
    attributes = {key[1:]: text for key, text in value.items() if key.startswith(ATTRIBUTE)}
    inner = {key: each for key, each in value.items() if key != TEXT and not key.startswith(ATTRIBUTE)}
    told = "".join(f" {_named(key)}={quoteattr(_clean(text))}" for key, text in attributes.items())
    content = escape(_clean(value.get(TEXT, ""))) + "".join(_elements(inner))
    return f"<{_named(name)}{told}>{content}</{name}>"


def _clean(value: Any) -> str:
    return _FORBIDDEN.sub("\ufffd", str(value))


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"no name of an element: {name!r}")
    return name


def _local(name: str) -> str:
    return name.rpartition(":")[2]
