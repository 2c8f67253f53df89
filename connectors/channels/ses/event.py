"""What SES publishes, as far as it is read.

Source: docs.aws.amazon.com/ses/latest/dg: receiving-email-notifications-contents, notification-contents,
event-publishing-retrieving-sns-contents (read 2026-11).
"""

from typing import Annotated, Any, Final

import msgspec

from normalizer.model import Time

Name = Annotated[str, msgspec.Meta(max_length=2000)]


class Verdict(msgspec.Struct, frozen=True):
    status: Name = ""


class Action(msgspec.Struct, frozen=True, rename="camel"):
    type: Name = ""
    encoding: Name | None = None
    bucket_name: Name | None = None
    object_key: Name | None = None


class Receipt(msgspec.Struct, frozen=True, rename="camel"):
    recipients: tuple[str, ...] = ()
    dmarc_verdict: Verdict = Verdict()
    action: Action = Action()


class Header(msgspec.Struct, frozen=True):
    name: str
    value: str = ""


class Mail(msgspec.Struct, frozen=True, rename="camel"):
    message_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    source: Name | None = None
    timestamp: Time | None = None
    tags: dict[str, Any] = {}
    """Each with a list of values."""


class Recipient(msgspec.Struct, frozen=True, rename="camel"):
    email_address: Name = ""
    status: Name | None = None
    diagnostic_code: Name | None = None


class Bounce(msgspec.Struct, frozen=True, rename="camel"):
    bounce_type: Name = ""
    bounce_sub_type: Name = ""
    bounced_recipients: tuple[Recipient, ...] = ()
    timestamp: Time | None = None


class Complaint(msgspec.Struct, frozen=True, rename="camel"):
    complained_recipients: tuple[Recipient, ...] = ()
    complaint_feedback_type: Name | None = None
    timestamp: Time | None = None


class Moment(msgspec.Struct, frozen=True):
    timestamp: Time | None = None


class Published(msgspec.Struct, frozen=True, rename="camel"):
    """A notification of an identity (`notificationType`) or an event of a configuration set (`eventType`)."""

    notification_type: Name | None = None
    event_type: Name | None = None
    mail: Mail | None = None
    receipt: Receipt = Receipt()
    content: str | None = None
    bounce: Bounce = Bounce()
    complaint: Complaint = Complaint()
    delivery: Moment = Moment()
    open: Moment = Moment()
    click: Moment = Moment()

    @property
    def kind(self) -> str:
        return self.event_type or self.notification_type or ""


PUBLISHED: Final = msgspec.json.Decoder(Published)
