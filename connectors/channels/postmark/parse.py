"""One webhook to what the hub records. Pure.

A mail proves its sender to nobody here: Postmark tells no verdict of DMARC, and a header that spoke of one could be the
sender's own.
"""

from collections.abc import Callable, Mapping
from typing import Final

from connectors.channels.postmark.config import Config
from connectors.channels.postmark.event import (
    BOUNCE,
    DELIVERY,
    KIND,
    MAIL,
    SEEN,
    SUBSCRIPTION,
    Bounce,
    Delivery,
    Seen,
    Subscription,
)
from connectors.channels.postmark.inbound import whole
from connectors.families.mail.mime_fields import normal
from connectors.families.mail.reading import Envelope, read_mail
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, ConsentChanged, Ignored, Inbound, Peer, Person, StatusChanged
from normalizer.model import ConsentState, Time
from normalizer.status import Status

CARRIER: Final = "onethread"
"""The field of `Metadata` that carries our token."""
GONE: Final[Mapping[str, ErrorCode]] = {
    "HardBounce": ErrorCode.INVALID_ADDRESS,
    "BadEmailAddress": ErrorCode.INVALID_ADDRESS,
    "DnsError": ErrorCode.INVALID_ADDRESS,
    "SoftBounce": ErrorCode.UNREACHABLE,
    "Undeliverable": ErrorCode.UNREACHABLE,
    "Blocked": ErrorCode.POLICY_REJECTED,
    "SpamNotification": ErrorCode.POLICY_REJECTED,
    "VirusNotification": ErrorCode.POLICY_REJECTED,
    "DMARCPolicy": ErrorCode.POLICY_REJECTED,
    "TemplateRenderingFailed": ErrorCode.TEMPLATE_INVALID,
    "SMTPApiError": ErrorCode.CONTENT_UNSUPPORTED,
    "InboundError": ErrorCode.UNKNOWN,
    "ManuallyDeactivated": ErrorCode.OPTED_OUT,
    "Unsubscribe": ErrorCode.OPTED_OUT,
    "SpamComplaint": ErrorCode.OPTED_OUT,
    "Unknown": ErrorCode.UNKNOWN,
}
"""Bounces that say it did not arrive. Of the others (`Transient`, `AutoResponder`, `AddressChange`, `OpenRelayTest`,
`ChallengeVerification`, …) none says so for good. Source: postmarkapp.com/developer/api/bounce-api (read 2026-11)."""
LEFT: Final = frozenset({"ManualSuppression", "SpamComplaint"})
"""Reasons for not sending that are the person's own."""


def parse(request: Request, config: Config) -> list[Inbound]:
    """Raises BadPayload."""
    kind = decode(request.body, KIND).record_type
    if kind in (None, "Inbound"):
        mail = decode(request.body, MAIL)
        recipients = [mail.original_recipient] if mail.original_recipient else []
        return read_mail(whole(mail), Envelope(request.received_at, recipients, raw=request.raw), config)
    reader = READERS.get(kind)
    if reader is None:
        raise BadPayload(f"a webhook of the unknown type {kind[:64]!r}")
    return [reader(request.body)]


def _bounce(body: bytes) -> Inbound:
    told = decode(body, BOUNCE)
    key = f"bounce:{told.id}"
    if told.type not in GONE:
        return Ignored(key=key, reason=f"a bounce that settles nothing ({told.type[:64]})")
    return _status(key, told, Status.FAILED, told.bounced_at, code=GONE[told.type], told_as=told.type)


def _delivery(body: bytes) -> Inbound:
    told = decode(body, DELIVERY)
    return _status(f"delivery:{told.message_id}:{told.recipient}", told, Status.DELIVERED, told.delivered_at)


def _seen(body: bytes) -> Inbound:
    told = decode(body, SEEN)
    return _status(f"seen:{told.message_id}:{told.recipient}", told, Status.READ, told.received_at)


def _complaint(body: bytes) -> Inbound:
    told = decode(body, BOUNCE)
    return _consent(f"complaint:{told.id}", told, told.email, ConsentState.OPTED_OUT, told.bounced_at, "complaint")


def _subscription(body: bytes) -> Inbound:
    told = decode(body, SUBSCRIPTION)
    key = f"subscription:{told.recipient}:{told.changed_at.isoformat()}"
    if told.suppress_sending and told.suppression_reason not in LEFT:
        return Ignored(key=key, reason="not sent to any more because of a bounce")
    state = ConsentState.OPTED_OUT if told.suppress_sending else ConsentState.OPTED_IN
    return _consent(key, told, told.recipient, state, told.changed_at, "subscription")


def _status(
    key: str,
    told: Bounce | Delivery | Seen,
    status: Status,
    at: Time,
    *,
    code: ErrorCode | None = None,
    told_as: str | None = None,
) -> Inbound:
    token = told.metadata.get(CARRIER)
    external_id = told.message_id or token
    if not external_id:
        return Ignored(key=key, reason="a report about no mail of ours")
    return StatusChanged(
        key=key,
        external_id=external_id,
        token=token,
        status=status,
        error_code=code,
        provider_code=told_as,
        occurred_at=at,
    )


def _consent(
    key: str, told: Bounce | Subscription, address: str, state: ConsentState, at: Time, source: str
) -> Inbound:
    value = normal(address)
    if value is None:
        raise BadPayload("consent of an address that is none")
    peer = Peer(person=Person(address=Address(scheme="mailto", value=value)))
    token = told.metadata.get(CARRIER)
    return ConsentChanged(key=key, peer=peer, token=token, state=state, source=f"Postmark: {source}", occurred_at=at)


READERS: Final[Mapping[str, Callable[[bytes], Inbound]]] = {
    "Bounce": _bounce,
    "Delivery": _delivery,
    "Open": _seen,
    "Click": _seen,
    "SpamComplaint": _complaint,
    "SubscriptionChange": _subscription,
}
