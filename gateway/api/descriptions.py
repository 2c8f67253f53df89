"""Rows of the route table by which the hub describes itself, beside OpenAPI. They ask for no key."""

from gateway.api import asyncapi, operations, schemas, shapes
from gateway.api.route import Route

DESCRIPTIONS = (
    Route(
        method="GET",
        path="/v1/asyncapi.json",
        do=lambda _: asyncapi.describe(),
        scope=None,
        summary="What flows beside requests: events and commands",
        about="AsyncAPI 3.0. Asks for no key: it says nothing of this hub.",
        answer=dict,
    ),
    Route(
        method="GET",
        path="/v1/schemas/{name}",
        do=schemas.give,
        scope=None,
        summary="JSON Schema of one event or command",
        about="`message.received.json`, `message.send.json`: the whole CloudEvent, in JSON Schema 2020-12. A"
        " command that an event shares its name with goes by `conversation.read.command.json`. Asks for no key: it says"
        " nothing of this hub.",
        answer_media=(schemas.MEDIA_TYPE,),
        errors=(404,),
    ),
    Route(
        method="GET",
        path="/v1/schemas/events",
        do=operations.event_schemas,
        scope=None,
        summary="JSON Schema of every event",
        about="Asks for no key: it says nothing of this hub.",
        answer=shapes.EventSchemas,
    ),
)
