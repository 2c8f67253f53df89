"""What a simulated provider understands of templates: which it has, and which one a send names."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from connectors.kit.declared import xml_tree
from connectors.kit.declared.language import Send, Templates
from connectors.kit.declared.paths import Path
from connectors.kit.declared.wire import FORM, JSON
from connectors.kit.fixtures import WireRequest

NAME = "{template_name}"
BODIES = ("json", "form", "xml")


def names_listed(templates: Templates, answer: Any) -> frozenset[str]:
    """Of those in the list that may be sent."""
    usable, name = Path(templates.usable), Path(templates.name)
    return frozenset(str(name(item)) for item in Path(templates.items)(answer) or () if usable.holds(item))


def asked_template(send: Send, request: WireRequest) -> str | None:
    """The name that stands in a send where the declaration has the template's; None where there is none."""
    body, query = _body(request), dict(parse_qsl(request.path.partition("?")[2]))
    parts = [part for part in (send.template, send) if part is not None]
    pairs: list[tuple[Any, Any]] = [(getattr(part, place), body) for part in parts for place in BODIES]
    pairs += [(part.query, query) for part in parts]
    return next((found for tree, told in pairs if (found := _where(tree, told)) is not None), None)


def _body(request: WireRequest) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == FORM:
        return dict(parse_qsl(request.body.decode()))
    if kind == JSON:
        return msgspec.json.decode(request.body or b"null")
    return xml_tree.read(request.body) if kind.endswith("xml") else None


def _where(tree: Any, told: Any) -> str | None:
    """What stands at the place of the name, where both are of one shape so far."""
    if tree == NAME:
        return str(told) if told is not None else None
    if isinstance(tree, dict) and isinstance(told, dict):
        pairs = [(inner, told[key]) for key, inner in tree.items() if key in told]
    elif isinstance(tree, list) and isinstance(told, list):
        pairs = list(zip(tree, told, strict=False))
    else:
        return None
    return next((found for inner, each in pairs if (found := _where(inner, each)) is not None), None)
