"""Templates: the account's list of them, and what is sent of one.

What the list does not have, or does not have approved, or wants filled differently, is refused before anything leaves.
Source: developers.facebook.com/docs/whatsapp/business-management-api/message-templates and
/cloud-api/guides/send-message-templates (read 2026-11).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.families.meta.template import PLACE, component, standing
from connectors.kit import approved
from connectors.kit.approved import Name, refused
from normalizer.parts import TemplatePart

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


Templates = approved.Templates[Template]


def templates(ask: Callable[[], Awaitable[Sequence[Template]]], now: Callable[[], datetime], lasts: float) -> Templates:
    """The account's, as `ask` lists them; a list is kept for `lasts` seconds."""

    async def shelved() -> Mapping[Name, Template]:
        return {(one.name, one.language): one for one in await ask()}

    return Templates(shelved, now, lasts, lambda one: standing(one.status))


def filled(template: Template, part: TemplatePart, head: Callable[[str], Any] | None) -> dict[str, Any]:
    """A template as it is sent. `head` gives the file at its head, as a message of that kind says it; None where there
    is none. Raises Refused."""
    components = [*_head(template, part, head), *_body(template, part), *_buttons(template, part)]
    wire: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    return {**wire, "components": components} if components else wire


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


def _texts(template: Template, where: str, found: Component | None, values: Sequence[str]) -> list[dict[str, Any]]:
    return component(where, found.text if found is not None else "", values, template.parameter_format)


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
