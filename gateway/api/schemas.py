"""JSON Schema (2020-12) of each event and command, by its name, as it crosses the bus: a whole CloudEvent."""

from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gateway.api.problems import not_found
from gateway.api.route import Answer, Call
from gateway.bus.asked import KINDS
from gateway.relay.copies import CURSOR, CursorData
from normalizer.codec import decoder, encode
from normalizer.events import EVENTS, Envelope, wire_type
from normalizer.model import Time
from normalizer.schema import DIALECT, LOCAL

MEDIA_TYPE = "application/schema+json"
SUFFIX = ".json"
COMMANDS: dict[str, Any] = {name: kind.shape for name, kind in KINDS.items()}
"""What may be asked of the hub, by its short name, and the shape of its `data`."""
SENT: dict[str, Any] = {**EVENTS, CURSOR: CursorData}
"""What subscribers get, likewise: events, and beside them how far the feed is."""
ASKED: dict[str, str] = {name: f"{name}.command" if name in SENT else name for name in COMMANDS}
"""What a command's schema goes by: its short name, unless an event of that name has it."""
_HEADERS = {"content-type": MEDIA_TYPE, "cache-control": "no-store", "x-content-type-options": "nosniff"}


class CommandEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """A command as a CloudEvent. The same `id` from the same subscription is the same command, and is done once."""

    id: Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,255}$")]
    type: str
    source: str
    """Who asks, as a URI reference. What it may ask is decided by the queue, not by this."""
    time: Time | None = None
    expirytime: Time | None = None
    """From then on it is rejected rather than carried out."""
    datacontenttype: str = "application/json"
    traceparent: str | None = None
    data: Any
    """The shape of the command; its own `type`, where it has one, may be left out."""


@cache
def published() -> dict[str, dict[str, Any]]:
    """Every schema by name: `message.received`, `message.send`."""
    events = {name: _schema(name, Envelope, data) for name, data in SENT.items()}
    return events | {ASKED[name]: _schema(name, CommandEnvelope, data) for name, data in COMMANDS.items()}


def give(call: Call) -> Answer:
    """Raises Problem: 404."""
    name = call.path["name"]
    found = published().get(name.removesuffix(SUFFIX)) if name.endswith(SUFFIX) else None
    if found is None:
        raise not_found("schema; its name is that of an event or a command, such as message.received.json")
    return Answer(content=encode(found), headers=_HEADERS)


def cloud_event(envelope: dict[str, Any], name: str, data: dict[str, Any]) -> dict[str, Any]:
    """The schema of an envelope, for one type of event or command."""
    told = {"specversion": {"const": "1.0"}, "type": {"const": wire_type(name)}, "data": data}
    required = dict.fromkeys(["specversion", *envelope["required"]])
    return {**envelope, "properties": {**envelope["properties"], **told}, "required": list(required)}


def untag(command: dict[str, Any]) -> None:
    """Lets a command's own `type` be left out, which its envelope says already."""
    command["required"] = [field for field in command.get("required", ()) if field != "type"]


def _schema(name: str, envelope: type[msgspec.Struct], shape: type[msgspec.Struct]) -> dict[str, Any]:
    (_, data), defined = msgspec.json.schema_components((envelope, shape), ref_template=LOCAL)
    if name in COMMANDS:
        untag(defined[shape.__name__])
    whole = cloud_event(defined.pop(envelope.__name__), name, data)
    whole = {"$schema": DIALECT, **whole, "title": name, "$defs": defined}
    return decoder(dict[str, Any]).decode(encode(whole))
