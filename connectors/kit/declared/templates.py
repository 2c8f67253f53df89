"""Templates: texts with `{name}` in them, in whatever tree of mappings and lists a provider wants.

A name is a setting's or one of `VARIABLES`; `{name|filter}` passes it through a filter of `FILTERS`. `{{` and `}}`
stand for braces. A text of which some name has no value is left out of its mapping; one that is a name and nothing
else keeps the value's type.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import quote

import msgspec
import phonenumbers

from connectors.kit.declared.misworded import Misworded

FILES: Final = frozenset(("file_url", "file_urls", "file_kind", "file_type", "file_name", "file_id"))
"""Of the files that leave: the first one's address, all of theirs, and the provider's word, media type and name of the
first; of one that is fetched, its id."""
APPROVED: Final = frozenset(
    (
        *("template_name", "template_language", "template_values", "template_fields"),
        *("template_header", "template_buttons"),
    )
)
"""Of a text that the provider approved: its name and language, what fills its places as a list and as a mapping by
their names, and lists of what fills its header and its buttons. Only where `send.template` is declared."""
LISTS: Final = frozenset(("file_urls", "template_values", "template_fields", "template_header", "template_buttons"))
VARIABLES: Final = FILES | frozenset(
    ("to", "text", "gsm_text", "other_text", "encoding", "token", "access_token", "webhook_url", "message_id")
)
"""The recipient as the hub has it (E.164), the text, the text where GSM 03.38 expresses it and where not, the
provider's word for that alphabet, the request's own token, that of `login`, where reports may go, and the message."""
FILTERS: Final[Mapping[str, Callable[[str], str]]] = {
    "digits": lambda text: re.sub(r"[^0-9]", "", text),
    "hex_utf16": lambda text: text.encode("utf-16-be").hex().upper(),
    "national": lambda text: _national(text),
    "quote": lambda text: quote(text, safe=""),
}
WHOLE: Final[Mapping[str, Callable[[Any], str]]] = {
    "commas": lambda value: ",".join(map(str, value)) if isinstance(value, list) else str(value),
    "json": lambda value: msgspec.json.encode(value if isinstance(value, list | dict) else str(value)).decode(),
}
"""Filters that make a text of a list, too."""
PLACE: Final = "_base"
"""How the names of settings end that are addresses themselves."""
_NAME: Final = re.compile(r"\{\{|\}\}|\{(?P<name>[a-z][a-z0-9_]*)(?P<filters>(?:\|[a-z0-9_]+)*)\}|[{}]")

Values = Mapping[str, Any]


class Template:
    """One text. Raises Misworded for a brace or a name that means nothing."""

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self._pieces: list[str | tuple[str, tuple[str, ...]]] = []
        end = 0
        for found in _NAME.finditer(text):
            self._pieces += [text[end : found.start()], _meant(found, known, text)]
            end = found.end()
        self._pieces = [piece for piece in [*self._pieces, text[end:]] if piece]
        if any(_is_list(piece) for piece in self._pieces) and len(self._pieces) > 1:
            raise Misworded("a list stands alone, or goes through `json` or `commas`", text)

    def __call__(self, values: Values) -> Any:
        """The text of these values; None where one of them is missing."""
        filled = [piece if isinstance(piece, str) else _filled(piece, values) for piece in self._pieces]
        if any(piece is None for piece in filled):
            return None
        return filled[0] if len(filled) == 1 else "".join(map(str, filled))

    def address(self, values: Values) -> str:
        """An address: every value percent-encoded, but for addresses themselves. What is missing is nothing."""
        return "".join(piece if isinstance(piece, str) else _quoted(piece, values) for piece in self._pieces)


def named_in(tree: Any) -> frozenset[str]:
    """Every name within mappings, lists and structs of texts."""
    if isinstance(tree, str):
        return frozenset(found["name"] for found in _NAME.finditer(tree) if found["name"])
    if isinstance(tree, msgspec.Struct):
        tree = msgspec.to_builtins(tree)
    inner = [*tree, *tree.values()] if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else ()
    return frozenset(name for each in inner for name in named_in(each))


class Tree:
    """Mappings and lists of texts. Raises Misworded, as Template does."""

    def __init__(self, tree: Any, known: frozenset[str]) -> None:
        self._tree = _prepared(tree, known)

    def __call__(self, values: Values) -> Any:
        return _grown(self._tree, values)


def _prepared(tree: Any, known: frozenset[str]) -> Any:
    if isinstance(tree, dict):
        return {Template(name, known): _prepared(inner, known) for name, inner in tree.items()}
    if isinstance(tree, list):
        return [_prepared(inner, known) for inner in tree]
    return Template(tree, known) if isinstance(tree, str) else tree


def _grown(tree: Any, values: Values) -> Any:
    if isinstance(tree, dict):
        grown = {name(values): _grown(inner, values) for name, inner in tree.items()}
        # A mapping of which nothing is left says nothing either.
        kept = {name: value for name, value in grown.items() if name and value is not None}
        return kept if kept or not tree else None
    if isinstance(tree, list):
        return [value for value in (_grown(inner, values) for inner in tree) if value is not None]
    return tree(values) if isinstance(tree, Template) else tree


def _meant(found: re.Match[str], known: frozenset[str], text: str) -> str | tuple[str, tuple[str, ...]]:
    if found[0] in ("{{", "}}"):
        return found[0][0]
    name, filters = found["name"], tuple(filter(None, (found["filters"] or "").split("|")))
    if name is None:
        raise Misworded("a brace that belongs to no {name}; write it twice", text)
    if name not in known:
        words = ", ".join(sorted(known & (VARIABLES | APPROVED)))
        raise Misworded(f"{{{name}}} is neither a setting nor one of {words}{_meaning(name, known)}", text)
    for each in filters:
        if each not in FILTERS and each not in WHOLE:
            there = sorted({*FILTERS, *WHOLE})
            raise Misworded(f"there is no filter {each!r}; there are {', '.join(there)}", text)
    if name in LISTS and filters and filters[0] not in WHOLE:
        raise Misworded(f"a list goes through {' or '.join(sorted(WHOLE))}, not {filters[0]}", text)
    return name, filters


def _filled(piece: tuple[str, tuple[str, ...]], values: Values) -> Any:
    name, filters = piece
    value = values.get(name)
    if value is None or value == "":
        return None
    for each in filters:
        value = WHOLE[each](value) if each in WHOLE else FILTERS[each](str(value))
    return value


def _is_list(piece: str | tuple[str, tuple[str, ...]]) -> bool:
    return not isinstance(piece, str) and piece[0] in LISTS and not piece[1]


def _meaning(word: str, known: frozenset[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def _quoted(piece: tuple[str, tuple[str, ...]], values: Values) -> str:
    value = str(_filled(piece, values) or "")
    return value.rstrip("/") if piece[0].endswith(PLACE) else quote(value, safe="")


def _national(text: str) -> str:
    """A number without its country's code; what is none stays."""
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return text
