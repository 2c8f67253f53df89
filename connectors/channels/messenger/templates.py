"""Utility messages: texts that Meta approved for the page, sent by name, also after the 24 hours.

The page's template is looked up first; one that it does not have, or not approved, or that wants other values, is
refused before anything leaves. Templates are made in Meta's own tools. Source:
developers.facebook.com/docs/messenger-platform/send-messages/utility-messages and
/docs/graph-api/reference/page/message_templates (read 2026-11).
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from connectors.families.meta.graph import Graph
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import TemplatePart
from normalizer.payload import Payload

FIELDS: Final = "name,language,status,parameter_format,components"
PLACE: Final = re.compile(r"\{\{\s*(\w{1,64})\s*\}\}")
APPROVED: Final = "APPROVED"
NAMED: Final = "NAMED"
TAKES: Final = {"POSTBACK": "payload", "URL": "url"}
"""Buttons that take something, and what it is called."""
MOST: Final = "100"
"""Templates whose names hold the one that is looked for, in as many languages."""


class Button(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    url: str = ""
    payload: str = ""

    @property
    def wants(self) -> bool:
        return bool(PLACE.search(self.url) or PLACE.search(self.payload))


class Component(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    format: str = "TEXT"
    text: str = ""
    buttons: list[Button] = []


class Template(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    language: str = ""
    status: str = ""
    parameter_format: str | None = None
    components: list[Component] = []

    def component(self, kind: str) -> Component:
        return next((one for one in self.components if one.type.upper() == kind), Component())


class _Shelf(msgspec.Struct, frozen=True, kw_only=True):
    data: list[Template] = []


SHELF: Final = msgspec.json.Decoder(_Shelf)


async def message(graph: Graph, page: str, payload: Payload) -> dict[str, Any]:
    """The message that a payload's template makes. Raises Refused, and what asking raises."""
    part = payload.template
    assert part is not None
    if payload.media:
        raise refused("a file at a template's head is not sent")
    return {"template": filled(await _found(graph, page, part), part)}


def filled(template: Template, part: TemplatePart) -> dict[str, Any]:
    """Raises Refused."""
    head = template.component("HEADER")
    if head.format.upper() != "TEXT":
        raise refused(f"a head of the kind {head.format[:32].lower()} is not sent")
    components = [
        *_texts(template, "header", head.text, part.header),
        *_texts(template, "body", template.component("BODY").text, part.body),
        *_buttons(template.component("BUTTONS").buttons, part.buttons),
    ]
    return {"name": template.name, "language": {"code": template.language}, "components": components}


def refused(detail: str) -> Refused:
    return Refused(detail, code=ErrorCode.TEMPLATE_INVALID)


async def _found(graph: Graph, page: str, part: TemplatePart) -> Template:
    query = {"name": part.name, "fields": FIELDS, "limit": MOST}
    shelf = await graph.ask("GET", f"{page}/message_templates", SHELF, query=query)
    for one in shelf.data:
        if (one.name, one.language) == (part.name, part.language):
            if one.status.upper() != APPROVED:
                raise refused(f"the template {part.name[:64]!r} is {one.status[:32].lower() or 'not approved'}")
            return one
    raise refused(f"there is no template {part.name[:64]!r} in {part.language[:16]!r}")


def _texts(template: Template, where: str, text: str, values: Sequence[str]) -> list[dict[str, Any]]:
    places = list(dict.fromkeys(PLACE.findall(text)))
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


def _buttons(buttons: Sequence[Button], values: Sequence[str]) -> list[dict[str, Any]]:
    wanting = [one for one in buttons if one.wants]
    if len(wanting) != len(values):
        raise refused(f"the template's buttons want {len(wanting)} values, not {len(values)}")
    if not wanting:
        return []
    if len(wanting) != len(buttons) or any(one.type.upper() not in TAKES for one in wanting):
        raise refused("buttons of which some want a value and others none are not sent: Meta does not say how")
    parameters = [
        {"type": one.type.upper(), TAKES[one.type.upper()]: value} for one, value in zip(wanting, values, strict=True)
    ]
    return [{"type": "buttons", "parameters": parameters}]
