"""Utility messages: texts that Meta approved for the page, sent by name, also after the 24 hours.

The page's template is looked up first; one that it does not have, or not approved, or that wants other values, is
refused before anything leaves. Templates are made in Meta's own tools. Source:
developers.facebook.com/docs/messenger-platform/send-messages/utility-messages and
/docs/graph-api/reference/page/message_templates (read 2026-11).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from connectors.families.meta.graph import Graph
from connectors.families.meta.template import PLACE, component, standing
from connectors.kit.approved import absent, barred, refused
from normalizer.parts import TemplatePart
from normalizer.payload import Payload

FIELDS: Final = "name,language,status,parameter_format,components"
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
        *component("header", head.text, part.header, template.parameter_format),
        *component("body", template.component("BODY").text, part.body, template.parameter_format),
        *_buttons(template.component("BUTTONS").buttons, part.buttons),
    ]
    return {"name": template.name, "language": {"code": template.language}, "components": components}


async def _found(graph: Graph, page: str, part: TemplatePart) -> Template:
    query = {"name": part.name, "fields": FIELDS, "limit": MOST}
    shelf = await graph.ask("GET", f"{page}/message_templates", SHELF, query=query)
    for one in shelf.data:
        if (one.name, one.language) == (part.name, part.language):
            told = standing(one.status)
            if told is not None:
                raise barred(part.name, told)
            return one
    raise absent(part.name, part.language)


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
