"""From what is to be said to what left, for whoever carries it to WhatsApp."""

from typing import Annotated, Final

import msgspec

from connectors.families.meta.graph import Graph
from connectors.families.meta.whatsapp import wire
from connectors.families.meta.whatsapp.templates import Templates, filled
from connectors.kit.base import Outbound, Sent


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1)]


class _SentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    messages: Annotated[list[_Named], msgspec.Meta(min_length=1)]


SENT: Final = msgspec.json.Decoder(_SentAnswer)


async def composed(
    outbound: Outbound, templates: Templates, list_label: str, refer: wire.Refer = wire.by_address
) -> wire.Body:
    """The body of a message; a template is looked up and held against the list first. Raises Refused, Unreachable, and
    what asking for the list raises."""
    part = outbound.payload.template
    if part is None:
        return wire.message(outbound, list_label, None, refer)
    found = await templates.find(part.name, part.language)
    has_file = bool(outbound.payload.media)
    template = filled(found, part, (lambda kind: wire.head(outbound, kind, refer)) if has_file else None)
    return wire.message(outbound, list_label, template, refer)


async def post(graph: Graph, path: str, body: wire.Body) -> Sent:
    """Raises the sending errors."""
    answer = await graph.send(path, body, SENT)
    return Sent(tuple(one.id for one in answer.messages))
