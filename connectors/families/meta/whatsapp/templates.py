"""Templates: the account's list of them, and what is sent of one.

What the list does not have, or does not have approved, or wants filled differently, is refused before anything leaves.
Source: developers.facebook.com/docs/whatsapp/business-management-api/message-templates and
/cloud-api/guides/send-message-templates (read 2026-11).
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import TemplatePart

PLACE: Final = re.compile(r"\{\{\s*(\w{1,64})\s*\}\}")
SENDABLE: Final = "APPROVED"
NAMED: Final = "NAMED"
SOON: Final = timedelta(seconds=30)
"""So old a list must be for a template it lacks to be looked for again."""
FILLED: Final[Mapping[str, tuple[str, str]]] = {
    "URL": ("url", "text"),
    "COPY_CODE": ("copy_code", "coupon_code"),
    "QUICK_REPLY": ("quick_reply", "payload"),
}
"""Buttons that take something: the word for each when sending, and for what it takes."""
HEADS: Final = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})


class Button(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    url: str = ""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    format: str = "TEXT"
    text: str = ""
    buttons: list[Button] = []


class Template(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    language: str
    status: str
    parameter_format: str | None = None
    components: list[Component] = []


Shelf = Mapping[tuple[str, str], Template]
"""By name and language."""


class Templates:
    """The account's templates, as they were when last asked for. `ask` asks, `now` is the hub's clock."""

    def __init__(
        self, ask: Callable[[], Awaitable[Sequence[Template]]], now: Callable[[], datetime], lasts: float
    ) -> None:
        self._ask = ask
        self._now = now
        self._lasts = timedelta(seconds=lasts)
        self._shelf: Shelf = {}
        self._asked_at: datetime | None = None

    async def all(self) -> Shelf:
        """Asked for now. Raises what asking raises."""
        self._shelf = {(one.name, one.language): one for one in await self._ask()}
        self._asked_at = self._now()
        return self._shelf

    async def find(self, name: str, language: str) -> Template:
        """Raises Refused for one that cannot be sent, and what asking raises."""
        known = (name, language) in self._shelf
        age = None if self._asked_at is None else self._now() - self._asked_at
        if age is None or age >= self._lasts or (not known and age >= SOON):
            await self.all()
        found = self._shelf.get((name, language))
        if found is None:
            raise refused(f"there is no template {name[:64]!r} in {language[:16]!r}")
        if found.status.upper() != SENDABLE:
            raise refused(f"the template {name[:64]!r} is {found.status[:32].lower()}")
        return found


def filled(template: Template, part: TemplatePart, head: Callable[[str], Any] | None) -> dict[str, Any]:
    """A template as it is sent. `head` gives the file at its head, as a message of that kind says it; None where there
    is none. Raises Refused."""
    components = [*_head(template, part, head), *_body(template, part), *_buttons(template, part)]
    wire: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    return {**wire, "components": components} if components else wire


def refused(detail: str) -> Refused:
    return Refused(detail, code=ErrorCode.TEMPLATE_INVALID)


def _head(template: Template, part: TemplatePart, head: Callable[[str], Any] | None) -> list[dict[str, Any]]:
    found = _component(template, "HEADER")
    kind = found.format.upper() if found is not None else "TEXT"
    if kind in HEADS:
        if head is None or part.header:
            raise refused(f"the template's head is a file: {kind.lower()}")
        word = kind.lower()
        return [{"type": "header", "parameters": [{"type": word, word: head(word)}]}]
    if kind != "TEXT":
        raise refused(f"a head of the kind {kind[:32].lower()} is not sent here")
    if head is not None:
        raise refused("the template has no file at its head")
    return _texts(template, "header", found, part.header)


def _body(template: Template, part: TemplatePart) -> list[dict[str, Any]]:
    return _texts(template, "body", _component(template, "BODY"), part.body)


def _texts(template: Template, where: str, component: Component | None, values: Sequence[str]) -> list[dict[str, Any]]:
    places = list(dict.fromkeys(PLACE.findall(component.text))) if component is not None else []
    if len(places) != len(values):
        raise refused(f"the template's {where} has {len(places)} places, not {len(values)}")
    named = (template.parameter_format or "").upper() == NAMED
    # Numbered places are filled by their number, wherever they stand in the text.
    order = places if named else sorted(places, key=lambda place: int(place) if place.isdecimal() else 0)
    parameters = [
        {"type": "text", **({"parameter_name": place} if named else {}), "text": value}
        for place, value in zip(order, values, strict=True)
    ]
    return [{"type": where, "parameters": parameters}] if parameters else []


def _buttons(template: Template, part: TemplatePart) -> list[dict[str, Any]]:
    found = _component(template, "BUTTONS")
    buttons = list(enumerate(found.buttons)) if found is not None else []
    needy = [(n, one) for n, one in buttons if one.type.upper() == "COPY_CODE" or PLACE.search(one.url)]
    quick = [(n, one) for n, one in buttons if one.type.upper() == "QUICK_REPLY"]
    wanted = needy if len(part.buttons) == len(needy) else sorted([*needy, *quick], key=lambda pair: pair[0])
    if len(wanted) != len(part.buttons):
        raise refused(f"the template's buttons want {len(needy)} values, not {len(part.buttons)}")
    return [_button(n, one, value) for (n, one), value in zip(wanted, part.buttons, strict=True)]


def _button(n: int, button: Button, value: str) -> dict[str, Any]:
    word, takes = FILLED.get(button.type.upper(), FILLED["URL"])
    return {"type": "button", "sub_type": word, "index": str(n), "parameters": [{"type": takes, takes: value}]}


def _component(template: Template, kind: str) -> Component | None:
    return next((one for one in template.components if one.type.upper() == kind), None)
