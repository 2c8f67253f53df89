"""What Postmark posts, as far as it is read.

Source: postmarkapp.com/developer/webhooks (read 2026-11).
"""

from typing import Annotated

import msgspec

from normalizer.model import Time

Name = Annotated[str, msgspec.Meta(max_length=500)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Kind(msgspec.Struct, frozen=True, rename="pascal"):
    """Enough to tell one webhook from another; a mail bears no such word."""

    record_type: Name | None = None


class Mailbox(msgspec.Struct, frozen=True, rename="pascal"):
    email: str = ""
    name: str = ""


class Header(msgspec.Struct, frozen=True, rename="pascal"):
    name: str
    value: str = ""


class Attachment(msgspec.Struct, frozen=True, rename="pascal"):
    name: str = ""
    content: str = ""
    content_type: str = ""
    content_id: str | None = msgspec.field(name="ContentID", default=None)


class Mail(msgspec.Struct, frozen=True, rename="pascal"):
    message_id: str = msgspec.field(name="MessageID", default="")
    """Postmark's own, not that of the mail."""
    original_recipient: str = ""
    raw_email: str | None = None
    from_full: Mailbox = Mailbox()
    to_full: tuple[Mailbox, ...] = ()
    cc_full: tuple[Mailbox, ...] = ()
    reply_to: str = ""
    subject: str = ""
    date: str = ""
    text_body: str = ""
    html_body: str = ""
    headers: tuple[Header, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class _About(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    message_id: Name | None = msgspec.field(name="MessageID", default=None)
    metadata: dict[str, str] = {}


class Bounce(_About, frozen=True, kw_only=True, rename="pascal"):
    """`SpamComplaint` reads as one, too."""

    id: int = msgspec.field(name="ID")
    type: Name
    email: Name
    bounced_at: Time
    description: str = ""


class Delivery(_About, frozen=True, kw_only=True, rename="pascal"):
    recipient: Name
    delivered_at: Time


class Seen(_About, frozen=True, kw_only=True, rename="pascal"):
    """`Open` and `Click`."""

    recipient: Name
    received_at: Time


class Subscription(_About, frozen=True, kw_only=True, rename="pascal"):
    recipient: Name
    changed_at: Time
    suppress_sending: bool
    suppression_reason: Name | None = None
    origin: Name | None = None


KIND = msgspec.json.Decoder(Kind)
MAIL = msgspec.json.Decoder(Mail)
BOUNCE = msgspec.json.Decoder(Bounce)
DELIVERY = msgspec.json.Decoder(Delivery)
SEEN = msgspec.json.Decoder(Seen)
SUBSCRIPTION = msgspec.json.Decoder(Subscription)
