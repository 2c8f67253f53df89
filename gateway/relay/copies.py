"""A subscriber's copy of an event: the event, and what is said beside it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from gateway.ids import new_id
from gateway.relay.events import Event
from normalizer.codec import encode
from normalizer.events import Envelope, wire_type
from normalizer.model import Priority

MEDIA_TYPE = "application/cloudevents+json"
"""https://github.com/cloudevents/spec, HTTP and AMQP bindings, structured mode (read 2026-11)."""
CURSOR = "bus.cursor"


class Copy(msgspec.Struct, frozen=True):
    """`headers` say again what the body says, for who looks at headers only; values are text."""

    id: str
    """The event's."""
    type: str
    channel: str | None
    connector: str | None
    traceparent: str | None
    body: bytes
    headers: Mapping[str, str]


class CursorData(msgspec.Struct, frozen=True):
    """Every event up to `position` that the subscription wants was sent; the last of them had `previous`."""

    position: str
    previous: str


def copy_of(event: Event, previous: int, *, replayed: bool = False) -> Copy:
    """`previous` is the position sent before it, to this subscription or in this replay."""
    head = event.head
    headers = {"position": str(event.position), "previous": str(previous)}
    if head.traceparent:
        headers["traceparent"] = head.traceparent
    if replayed:
        headers["replayed"] = "true"
    said = b'{"previous":"%d",' % previous + (b'"replayed":true,' if replayed else b"")
    return Copy(
        id=head.id,
        type=event.type,
        channel=head.channel,
        connector=head.connector,
        traceparent=head.traceparent,
        body=said + event.body[1:],
        headers=headers,
    )


def cursor_copy(subscription: str, position: int, previous: int, at: datetime) -> Copy:
    """Tells an idle subscriber how far the feed is: who misses `previous` lost the end. It stands in no feed itself."""
    id_ = new_id()
    envelope = Envelope(
        id=id_,
        type=wire_type(CURSOR),
        source=f"/subscriptions/{subscription}",
        subject=subscription,
        time=at,
        partitionkey=subscription,
        priority=Priority.BULK,
        data=CursorData(position=str(position), previous=str(previous)),
    )
    return Copy(
        id=id_,
        type=CURSOR,
        channel=None,
        connector=None,
        traceparent=None,
        body=b'{"previous":"%d",' % previous + encode(envelope)[1:],
        headers={"previous": str(previous)},
    )
