"""One event of a batch, as far as it is read.

Source: twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(max_length=4000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]


class Event(msgspec.Struct, frozen=True):
    event: Annotated[str, msgspec.Meta(max_length=100)]
    sg_event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    timestamp: Seconds
    email: Name = ""
    smtp_id: Name | None = msgspec.field(name="smtp-id", default=None)
    """The Message-ID."""
    sg_message_id: Name | None = None
    """Begins with what the answer to the send named."""
    reason: Name | None = None
    status: Name | None = None
    type: Name | None = None
    sg_machine_open: bool = False
    onethread: Any = None
    """Our token: fields of our own stand among SendGrid's."""


BATCH = msgspec.json.Decoder(list[msgspec.Raw])
EVENT = msgspec.json.Decoder(Event)
