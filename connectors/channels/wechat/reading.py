"""XML as WeChat writes it, to plain values: bounded, and without document types or entities."""

from typing import Any, Final, NoReturn
from xml.parsers import expat

from connectors.kit.errors import BadPayload

LARGEST: Final = 1 << 20
"""Octets of a document."""
DEEPEST: Final = 8
MOST: Final = 1000
"""Elements of a document."""
ROOT: Final = "xml"

Tree = dict[str, Any]
"""An element by the names of those in it: text, or a tree, or a list of either where a name comes more than once."""


def read(body: bytes) -> Tree:
    """Raises BadPayload."""
    if len(body) > LARGEST:
        raise BadPayload(f"a document of more than {LARGEST} octets")
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise BadPayload(f"not XML: {expat.ErrorString(error.code)}") from None
    if not isinstance(reader.whole, dict):
        raise BadPayload("not a document of elements")
    return reader.whole


def _refuse(*_: object) -> NoReturn:
    raise BadPayload("a document type or an entity, which WeChat never writes")


class _Reader:
    """Hears of a document from its beginning to its end."""

    def __init__(self) -> None:
        self.whole: Tree | str | None = None
        self._open: list[tuple[str, Tree, list[str]]] = []
        self._count = 0

    def start(self, name: str, _: object) -> None:
        self._count += 1
        if not self._open and name != ROOT:
            raise BadPayload("not a document of WeChat's")
        if len(self._open) >= DEEPEST:
            raise BadPayload("nested too deeply")
        if self._count > MOST:
            raise BadPayload(f"more than {MOST} elements")
        self._open.append((name, {}, []))

    def text(self, words: str) -> None:
        self._open[-1][2].append(words)

    def end(self, name: str) -> None:
        _, inner, words = self._open.pop()
        value: Tree | str = inner or "".join(words)
        if not self._open:
            self.whole = value
            return
        around = self._open[-1][1]
        before = around.get(name)
        if before is None:
            around[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            around[name] = [before, value]
