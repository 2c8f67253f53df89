"""AsyncAPI 3.0 of what flows beside requests: events to queues, topic, webhooks and streams, commands from the bus.

Written as the hub sees it: it sends events and receives commands. Made from the same shapes as everything else; schemas
stand in what JSON Schema draft-07, which AsyncAPI reads, and 2020-12 have in common.
Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0 (read 2026-11).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from inspect import cleandoc
from typing import Any

import msgspec

from gateway.api.openapi import released
from gateway.api.schemas import ASKED, COMMANDS, SENT, CommandEnvelope, cloud_event, untag
from gateway.api.shapes import EventsQuery
from gateway.bus.contract import CONTENT_TYPE
from gateway.bus.names import TOPIC, commands_of, queue_of
from normalizer.codec import decoder, encode
from normalizer.events import EVENTS, Envelope, wire_type
from normalizer.schema import OPENAPI

ANSWERS = ("command.accepted", "command.rejected")
COPY = "Copy"
BINDING = {"amqp": "0.3.0", "http": "0.3.0"}
"""Versions of the bindings; see https://github.com/asyncapi/bindings (read 2026-11)."""
TEXT: dict[str, Any] = {"type": "string"}
DIGITS: dict[str, Any] = {"type": "string", "pattern": "^[0-9]+$"}
ABOUT = (
    "Everything that happens is an event, a CloudEvent 1.0 in structured JSON, delivered at least once and in order"
    " within its conversation. What is asked of the hub is a command in the same envelope; its `id` is its idempotency"
    " key. Each schema is also served, as JSON Schema 2020-12, at `/v1/schemas/<name>.json`; requests are described at"
    " `/v1/openapi.json`."
)
SERVERS: Mapping[str, Any] = {
    "bus": {
        "host": "{broker}",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": "The broker the hub is configured with (`bus:`). Without one there are only webhooks and feed.",
        "variables": {"broker": {"description": "Host and port.", "default": "localhost:5672"}},
        "security": [{"$ref": "#/components/securitySchemes/broker"}],
    },
    "hub": {
        "host": "{hub}",
        "protocol": "https",
        "description": "The hub itself.",
        "variables": {"hub": {"description": "Host of `public_url`.", "default": "localhost:8080"}},
        "security": [{"$ref": "#/components/securitySchemes/key"}],
    },
    "subscriber": {
        "host": "{subscriber}",
        "protocol": "https",
        "description": "Where a subscription's `webhook:` points.",
        "variables": {"subscriber": {"description": "Host of the webhook."}},
    },
}
SECURITY: Mapping[str, Any] = {
    "broker": {"type": "userPassword", "description": "A user of the broker; queues are guarded by its permissions."},
    "key": {"type": "http", "scheme": "bearer", "description": "An API key of the scope `read`."},
}
COPY_HEADERS: Mapping[str, Any] = {
    "position": DIGITS | {"description": "The event's position in the feed."},
    "previous": DIGITS
    | {"description": "Position of the copy sent before it: where that did not come, there is a hole to fetch."},
    "traceparent": TEXT | {"description": "W3C Trace Context, where the event came of a traced request."},
    "replayed": TEXT | {"description": "There on copies that an operator had sent again."},
}
COPIED: Mapping[str, Any] = {
    "description": "What stands beside an event in a copy made for one subscription.",
    "type": "object",
    "properties": {
        "previous": COPY_HEADERS["previous"],
        "replayed": {"type": "boolean", "description": "There, and true, on copies that were sent again."},
    },
    "required": ["previous"],
}
WEBHOOK_HEADERS: Mapping[str, Any] = {
    "webhook-id": TEXT | {"description": "The event's id; the same in every attempt."},
    "webhook-timestamp": DIGITS | {"description": "When this attempt was made: seconds since 1970 UTC."},
    "webhook-signature": TEXT
    | {"description": "By spaces, one for each secret: `v1,` and the HMAC-SHA256 of id, timestamp and body in base64."},
    "traceparent": COPY_HEADERS["traceparent"],
}


@cache
def describe() -> dict[str, Any]:
    """The whole document, as plain data."""
    document = {
        "asyncapi": "3.0.0",
        "info": {"title": "onethread", "version": released(), "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "defaultContentType": CONTENT_TYPE,
        "servers": SERVERS,
        "channels": _channels(),
        "operations": _operations(),
        "components": {"schemas": _schemas(), "securitySchemes": SECURITY},
    }
    return decoder(dict[str, Any]).decode(encode(document))


def _channels() -> dict[str, Any]:
    return {
        "queue": {
            "address": queue_of("{subscription}"),
            "title": "A subscription's queue",
            "description": "A copy of every event the subscription asks for. One queue each: nobody waits for another.",
            "servers": _on("bus"),
            "parameters": {"subscription": {"description": "Name of a subscription with `queue: true`."}},
            "messages": _messages(SENT, copied=COPY_HEADERS),
            "bindings": {"amqp": _queue()},
        },
        "topic": {
            "address": "{entity}.{verb}.{channel}.{connector}",
            "title": "The topic of all events",
            "description": f"The exchange `{TOPIC}`, for consumers that bind queues of their own. Keys are always four"
            " words of `a-z0-9_-`, other characters being `_`, and `-` where an event has no channel or connector.",
            "servers": _on("bus"),
            "parameters": _words(),
            "messages": _messages(SENT, copied=COPY_HEADERS),
            "bindings": {"amqp": _topic()},
        },
        "commands": {
            "address": commands_of("{subscription}"),
            "title": "A subscription's commands",
            "description": "Who may write to the queue is the subscription, and may ask what its `commands:` allow.",
            "servers": _on("bus"),
            "parameters": {"subscription": {"description": "Name of a subscription with `commands:`."}},
            "messages": _messages(COMMANDS, known_as=ASKED),
            "bindings": {"amqp": _queue()},
        },
        "webhook": {
            "address": None,
            "title": "A subscription's webhook",
            "description": "The URL of a subscription's `webhook:`. Signed as Standard Webhooks says; 2xx takes it.",
            "servers": _on("subscriber"),
            "messages": _messages(SENT, copied=WEBHOOK_HEADERS),
        },
        "feed": {
            "address": "/v1/events",
            "title": "The feed, streamed",
            "description": "Server-sent events: `id` is the position, `event` the short type, `data` the event."
            " `Last-Event-ID` goes on where a stream broke off.",
            "servers": _on("hub"),
            "messages": _messages(EVENTS),
        },
    }


def _operations() -> dict[str, Any]:
    return {
        "copyToQueue": _operation("send", "queue", "A copy to a subscription's queue", amqp=_publish(mandatory=True)),
        "publishToTopic": _operation("send", "topic", "Every event to the topic", amqp=_publish(mandatory=False)),
        "takeCommand": _operation("receive", "commands", "A command from a subscription", amqp={"ack": True})
        | {"reply": _answers()},
        "postToWebhook": _operation("send", "webhook", "An event to a webhook, signed", http={"method": "POST"}),
        "streamEvents": _operation("send", "feed", "The feed as it grows", http={"method": "GET", "query": _query()}),
    }


def _answers() -> dict[str, Any]:
    """They come as events, whichever way the subscription gets its events."""
    return {"channel": {"$ref": "#/channels/queue"}, "messages": [_in("queue", name) for name in ANSWERS]}


def _in(channel: str, message: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}


def _operation(action: str, channel: str, summary: str, **bindings: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "bindings": {kind: {**binding, "bindingVersion": BINDING[kind]} for kind, binding in bindings.items()},
    }


def _publish(*, mandatory: bool) -> dict[str, Any]:
    return {"deliveryMode": 2, "mandatory": mandatory}


def _queue() -> dict[str, Any]:
    queue = {"durable": True, "exclusive": False, "autoDelete": False}
    return {"is": "queue", "queue": queue, "bindingVersion": BINDING["amqp"]}


def _topic() -> dict[str, Any]:
    exchange = {"name": TOPIC, "type": "topic", "durable": True, "autoDelete": False}
    return {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING["amqp"]}


def _words() -> dict[str, Any]:
    entities, verbs = zip(*(name.split(".") for name in SENT), strict=True)
    return {
        "entity": {"description": "What it is about.", "enum": list(dict.fromkeys(entities))},
        "verb": {"description": "What became of it.", "enum": list(dict.fromkeys(verbs))},
        "channel": {"description": "The kind of channel, such as `sms`, or `-`."},
        "connector": {"description": "Name of the connector, or `-`."},
    }


def _query() -> dict[str, Any]:
    return dict(msgspec.json.schema_components([EventsQuery], ref_template=OPENAPI)[1][EventsQuery.__name__])


def _on(server: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/servers/{server}"}]


def _messages(
    names: Iterable[str], *, copied: Mapping[str, Any] | None = None, known_as: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """`copied`: the headers of copies, where it is these that are sent; `known_as`: names of schemas that are not the
    message's."""
    schemas = known_as or {}
    headers = {"headers": {"type": "object", "properties": copied}} if copied else {}
    return {
        name: {
            "name": wire_type(name),
            "title": name,
            "contentType": CONTENT_TYPE,
            "payload": {"allOf": [_defined(name), _defined(COPY)]} if copied else _defined(schemas.get(name, name)),
            **headers,
        }
        for name in names
    }


def _defined(name: str) -> dict[str, str]:
    return {"$ref": OPENAPI.format(name=name)}


def _schemas() -> dict[str, Any]:
    """One for each event and command by its short name, beside those they are made of."""
    kinds = list(dict.fromkeys([Envelope, CommandEnvelope, *SENT.values(), *COMMANDS.values()]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=OPENAPI)
    data = dict(zip(kinds, schemas, strict=True))
    event, command = components.pop(Envelope.__name__), components.pop(CommandEnvelope.__name__)
    for kind in COMMANDS.values():
        untag(components[kind.__name__])
    named = {name: cloud_event(event, name, data[kind]) for name, kind in SENT.items()}
    named |= {ASKED[name]: cloud_event(command, name, data[kind]) for name, kind in COMMANDS.items()}
    return {COPY: COPIED} | {name: _shared(schema) for name, schema in (named | components).items()}


def _shared(schema: Any) -> Any:
    """Without OpenAPI's discriminators, which AsyncAPI writes otherwise; the tags are in the schemas themselves."""
    if isinstance(schema, list | tuple):
        return [_shared(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _shared(value) for name, value in schema.items() if name != "discriminator"}
    if isinstance(about := kept.get("description"), str):
        kept["description"] = cleandoc(about)
    return kept
