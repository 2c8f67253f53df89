"""JSON Schema (2020-12) of what crosses the house's borders, generated from the structs that encode and decode it."""

from typing import Any, get_args

import msgspec

from normalizer import commands, events, model, parts
from normalizer.capability import Capability
from normalizer.codec import decoder, encode
from normalizer.inbound import Inbound
from normalizer.payload import Rendered

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LOCAL = "#/$defs/{name}"
OPENAPI = "#/components/schemas/{name}"

COMMANDS: tuple[Any, ...] = (commands.SendMessage, *get_args(commands.Command))
ENTITIES: tuple[Any, ...] = (
    model.Inbox,
    model.Contact,
    model.ContactRef,
    model.Identity,
    model.Route,
    model.Conversation,
    model.Message,
    model.Attachment,
    model.Delivery,
    parts.Part,
    parts.Action,
    *dict.fromkeys(events.EVENTS.values()),
    *COMMANDS,
    Capability,
    Rendered,
)
"""What the API speaks of; what they are made of comes along."""


def event_schema(short_type: str) -> dict[str, Any]:
    """The schema of one event as a consumer gets it: the whole CloudEvent. KeyError for a type that does not exist."""
    shape = events.EVENTS[short_type]
    (_, data), defined = msgspec.json.schema_components((events.Envelope, shape), ref_template=LOCAL)
    whole = defined.pop(events.Envelope.__name__)
    whole["properties"] |= {
        "specversion": {"const": "1.0"},
        "type": {"const": events.wire_type(short_type)},
        "data": data,
    }
    whole["required"] = ["specversion", *whole["required"]]
    return _plain({"$schema": DIALECT, **whole, "title": short_type, "$defs": defined})


def command_schema() -> dict[str, Any]:
    """The schema of every command."""
    return _any_of("Command", COMMANDS)


def inbound_schema() -> dict[str, Any]:
    """The schema of what a plugin's `parse` yields."""
    return _any_of("Inbound", (Inbound,))


def model_components() -> dict[str, Any]:
    """The schemas of all entities by name, for `components/schemas` of OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(ENTITIES, ref_template=OPENAPI)
    return _plain(components)


def _any_of(title: str, kinds: tuple[Any, ...]) -> dict[str, Any]:
    schemas, defined = msgspec.json.schema_components(kinds, ref_template=LOCAL)
    return _plain({"$schema": DIALECT, "title": title, "anyOf": list(schemas), "$defs": defined})


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """As it will be read: defaults are tuples and enums in Python, which validators of Python values refuse."""
    return decoder(dict[str, Any]).decode(encode(schema))
