"""Texts that the provider approved before: the list of them, what is sent of one, and what is refused beforehand."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Final

import msgspec

from connectors.kit.base import Outbound
from connectors.kit.declared.access import Access, asked_with
from connectors.kit.declared.answers import first_word
from connectors.kit.declared.asks import Places, Templated, Templates
from connectors.kit.declared.fields import optional
from connectors.kit.declared.language import Channel
from connectors.kit.declared.meanings import Codes
from connectors.kit.declared.misworded import Misworded
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.declared.wire import Wire
from connectors.kit.errors import BadPayload, KitError, Misconfigured, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode
from normalizer.parts import TemplatePart

MOST_PAGES: Final = 50
MOST: Final = 5000
"""Templates of a list that are known."""
MOST_PLACES: Final = 100
LARGEST: Final = 8 << 20
"""Octets of a page."""
LONGEST_TEXT: Final = 10_000
"""Characters of a template that are looked at."""
SOON: Final = timedelta(seconds=30)
"""So old a list must be for a template it lacks to be looked for again."""
PAUSE: Final = 5.0
"""Seconds after too many requests."""
PAGE: Final = frozenset({"page", "offset"})
NEAR: Final = 3
"""Names that are told of those that were perhaps meant."""
_ANY: Final = msgspec.json.Decoder(Any)


@dataclass(frozen=True)
class Entry:
    """A template of the list. `state` is the provider's word where it may not be sent, `places` their names in the
    order in which they are filled; None where nobody tells."""

    state: str | None = None
    places: tuple[str, ...] | None = None


Key = tuple[str, str | None]
"""A name and, where the list tells it, a language."""


@dataclass
class Shelf:
    """The templates that one connector knows, as they were when last asked for."""

    entries: Mapping[Key, Entry] = field(default_factory=dict)
    asked_at: datetime | None = None
    whole: bool = True
    """The list was read to its end."""


class Listed:
    """How a declaration asks for the list. Raises ValueError where it cannot work."""

    def __init__(self, channel: Channel, templates: Templates) -> None:
        if taken := PAGE & channel.settings.keys():
            raise ValueError(f"no name for a setting beside it: {', '.join(sorted(taken))}")
        self._wire = Wire(templates, PAGE | asked_with(channel))
        self._first, self._full, self.setting = templates.first, templates.full, templates.setting
        self._lasts = timedelta(seconds=templates.lasts)
        self._items, self._name = Path(templates.items), Path(templates.name)
        self._language = Path(templates.language) if templates.language is not None else None
        self._usable = Path(templates.usable)
        self._state = Path(templates.state) if templates.state is not None else None
        self._places = places_of(templates.places) if templates.places is not None else None
        self._codes, self._codes_at = Codes(channel.errors), [Path(each) for each in channel.send.error.code]

    async def find(self, access: Access, shelf: Shelf, part: TemplatePart, now: datetime) -> Entry:
        """Raises Refused for a template that cannot be sent, and Temporary and Misconfigured where there is no list."""
        key = (part.name, part.language if self._language is not None else None)
        age = None if shelf.asked_at is None else now - shelf.asked_at
        if age is None or age >= self._lasts or (key not in shelf.entries and age >= SOON):
            shelf.entries, shelf.whole = await self._asked(access)
            shelf.asked_at = now
        found = shelf.entries.get(key)
        if found is None:
            raise refused(_absent(shelf, part))
        if found.state is not None:
            raise refused(f"the template {part.name[:64]!r} may not be sent: {found.state[:64]!r}")
        return found

    async def _asked(self, access: Access) -> tuple[dict[Key, Entry], bool]:
        """What is on all pages, and whether these were all."""
        found: dict[Key, Entry] = {}
        settings, told = access.settings, 0
        for page in range(self._first, self._first + MOST_PAGES):
            answer = await access.ask(self._wire, {**settings, "page": page, "offset": told}, reads=True, most=LARGEST)
            items, known = self._told(answer), len(found)
            told += len(items)
            found |= {key: entry for item in items if (read := self._read(item)) for key, entry in (read,)}
            if len(found) > MOST:
                break
            if not self._wire.names & PAGE or len(found) == known or (self._full and len(items) < self._full):
                return found, True
        return found, False

    def _told(self, answer: Answer) -> list[Any]:
        """Raises Temporary, Misconfigured, Refused."""
        try:
            tree = bounded(decode(answer.body, _ANY))
            items = self._items(tree) if answer.status < 300 else None
            fault = "an answer without one"
        except BadPayload as error:
            tree, items, fault = None, None, error.detail
        if isinstance(items, list):
            return items
        raise self._failure(answer, first_word(self._codes_at, tree), fault)

    def _failure(self, answer: Answer, code: str | None, fault: str) -> KitError:
        meaning = self._codes.meaning(code)
        detail = "the list of templates is not to be had"
        if meaning is not None and meaning.error is Misconfigured:
            return Misconfigured(detail, code=meaning.code, provider_code=code)
        if meaning is not None and meaning.error is Temporary:
            wait = PAUSE if meaning.code is ErrorCode.RATE_LIMITED else None
            return Temporary(detail, retry_after=wait, code=meaning.code, provider_code=code)
        if answer.status >= 300:
            return by_status(answer, PAUSE, Temporary)
        return Temporary(f"{detail}: {fault}", code=ErrorCode.PROVIDER_DOWN, provider_code=code)

    def _read(self, item: Any) -> tuple[Key, Entry] | None:
        """None for what has no name that reads, which nobody can send."""
        try:
            name = optional(self._name(item), "the name")
            language = optional(self._language(item), "the language") if self._language is not None else None
            state = None if self._usable.holds(item) else (self._word(item) or "not approved")
            places = self._places(item) if self._places is not None else None
        except BadPayload:
            return None
        return ((name, language), Entry(state, places)) if name is not None else None

    def _word(self, item: Any) -> str | None:
        return optional(self._state(item), "the state") if self._state is not None else None


def places_of(declared: str | Places) -> Callable[[Any], tuple[str, ...]]:
    """Finds the names of an item's places. Raises ValueError; finding raises BadPayload."""
    places = Places(path=declared) if isinstance(declared, str) else declared
    path, form = Path(places.path), _form(places.form) if places.form is not None else None
    if form is not None and form.groups != 1:
        raise Misworded("a place's form has one group, which is its name", places.form or "")

    def find(item: Any) -> tuple[str, ...]:
        told = path(item)
        if told is None:
            return ()
        if form is None:
            names = told
        else:
            names = [found[1] for found in form.finditer(told[:LONGEST_TEXT])] if isinstance(told, str) else None
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise BadPayload("places that cannot be read")
        order = tuple(dict.fromkeys(names))
        if len(order) > MOST_PLACES:
            raise BadPayload(f"more than {MOST_PLACES} places")
        # Numbered places are filled by their number, wherever they stand in the text.
        numbered = all(name.isascii() and name.isdigit() for name in order)
        return tuple(sorted(order, key=lambda name: int(name[:9]))) if numbered else order

    return find


class Approved:
    """What a declaration sends of a template. `names` are those of its request. Raises ValueError where it cannot
    work."""

    def __init__(self, channel: Channel, templated: Templated, names: frozenset[str]) -> None:
        self._names = names
        self._form = _form(templated.values) if templated.values is not None else None
        listed = channel.templates
        if "template_name" not in names:
            raise ValueError("a request by a template names `{template_name}`")
        if "template_fields" in names and (listed is None or listed.places is None or listed.setting is not None):
            raise ValueError("only a list of `templates` with `places`, which no flag turns off, names template_fields")

    def check(self, outbound: Outbound, part: TemplatePart) -> None:
        """Raises Refused for what this channel's templates do not have."""
        lacking = {
            "file at its head": outbound.payload.media and "file_url" not in self._names,
            "values in its header": part.header and "template_header" not in self._names,
            "values in its text": part.body and not self._names & {"template_values", "template_fields"},
            "values in its buttons": part.buttons and "template_buttons" not in self._names,
        }
        if wanting := [what for what, lacks in lacking.items() if lacks]:
            raise refused(f"a template has no {' and no '.join(wanting)} on this channel")
        form = self._form
        if form is not None and not all(map(form.fullmatch, (*part.header, *part.body, *part.buttons))):
            raise refused("a value of the template has characters that cannot be sent on this channel")

    def values(self, part: TemplatePart, entry: Entry | None) -> dict[str, Any]:
        """What the request may name. Raises Refused where the template has another number of places."""
        places = entry.places if entry is not None else None
        if places is not None and len(places) != len(part.body):
            told = f" ({', '.join(places)})"[:200] if places else ""
            raise refused(f"the template has {len(places)} places{told}, not {len(part.body)}")
        return {
            "template_name": part.name,
            "template_language": part.language or None,
            "template_values": list(part.body) or None,
            "template_fields": dict(zip(places or (), part.body, strict=False)) or None,
            "template_header": list(part.header) or None,
            "template_buttons": list(part.buttons) or None,
        }


def refused(detail: str) -> Refused:
    return Refused(detail, code=ErrorCode.TEMPLATE_INVALID)


def _absent(shelf: Shelf, part: TemplatePart) -> str:
    """That it is not there, with what is near."""
    name = part.name[:64]
    languages = sorted(language for each, language in shelf.entries if each == part.name and language is not None)
    if languages:
        return f"there is no template {name!r} in {part.language[:16]!r}; there is one in {', '.join(languages[:NEAR])}"
    near = get_close_matches(part.name[:256], _names(shelf), n=NEAR)
    hint = f"; there is {', '.join(repr(each[:64]) for each in near)}" if near else ""
    among = "" if shelf.whole else f" among the first {len(shelf.entries)}"
    return f"there is no template {name!r}{among}{hint}"


def _names(shelf: Shelf) -> Sequence[str]:
    """Of what may be sent."""
    return sorted({name for (name, _), entry in shelf.entries.items() if entry.state is None})


def _form(text: str) -> re.Pattern[str]:
    """Raises Misworded."""
    try:
        return re.compile(text)
    except re.error as error:
        raise Misworded("no regular expression", text) from error
