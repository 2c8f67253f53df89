"""One request to what the hub records: a mail, or a batch of events of which each stands for itself. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from connectors.channels.sendgrid import inbound
from connectors.channels.sendgrid.config import Config
from connectors.channels.sendgrid.event import BATCH, EVENT, Event
from connectors.families.mail.form import read_form
from connectors.families.mail.mime_fields import normal
from connectors.families.mail.reading import LONGEST_ID, Envelope, read_mail
from connectors.families.mail.statuses import code_of
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, ConsentChanged, Ignored, Inbound, Peer, Person, StatusChanged, Unreadable
from normalizer.model import ConsentState
from normalizer.status import Status

STATUS: Final[Mapping[str, Status]] = {
    "processed": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "bounce": Status.FAILED,
    "dropped": Status.FAILED,
    "open": Status.READ,
    "click": Status.READ,
}
CONSENT: Final[Mapping[str, ConsentState]] = {
    "spamreport": ConsentState.OPTED_OUT,
    "unsubscribe": ConsentState.OPTED_OUT,
    "group_unsubscribe": ConsentState.OPTED_OUT,
    "group_resubscribe": ConsentState.OPTED_IN,
}
IGNORED: Final[Mapping[str, str]] = {"deferred": "not delivered yet"}
DROPPED: Final[Mapping[str, ErrorCode]] = {
    "Bounced Address": ErrorCode.INVALID_ADDRESS,
    "Invalid": ErrorCode.INVALID_ADDRESS,
    "Unsubscribed Address": ErrorCode.OPTED_OUT,
    "Spam Reporting Address": ErrorCode.OPTED_OUT,
    "Recipient List over Package Quota": ErrorCode.RATE_LIMITED,
}
"""Reasons SendGrid gives where it does not even try; the others are about the content."""


def is_batch(body: bytes) -> bool:
    """Events come as a list, mails as a form."""
    return body[:64].lstrip().startswith(b"[")


def parse(request: Request, config: Config) -> list[Inbound]:
    """Raises BadPayload."""
    if is_batch(request.body):
        items = [_item(bytes(one)) for one in decode(request.body, BATCH)]
        return list({item.key: item for item in items}.values())
    form = read_form(request.body)
    told = inbound.envelope(form)
    envelope = Envelope(
        request.received_at,
        told.to,
        mail_from=told.sender,
        raw=request.raw,
        vouched=inbound.vouched(form),
    )
    return read_mail(inbound.whole(form), envelope, config)


def _item(one: bytes) -> Inbound:
    try:
        return _event(decode(one, EVENT))
    except BadPayload as error:
        return Unreadable(key=f"event:{sha256(one).hexdigest()}", slice=one, reason=error.detail)


def _event(event: Event) -> Inbound:
    key = f"event:{event.sg_event_id}"
    at = datetime.fromtimestamp(event.timestamp, UTC)
    if event.event in IGNORED:
        return Ignored(key=key, reason=IGNORED[event.event])
    if event.event in CONSENT:
        return _consent(event, key, at)
    if event.event not in STATUS:
        raise BadPayload(f"an event of the unknown kind {event.event[:64]!r}")
    if event.sg_machine_open:
        return Ignored(key=key, reason="opened by a machine")
    token, external_id = _token(event), _message_id(event)
    if token is None and external_id is None:
        return Ignored(key=key, reason="an event about no mail of ours")
    failed = STATUS[event.event] is Status.FAILED
    return StatusChanged(
        key=key,
        external_id=external_id or token or "",
        token=token,
        status=STATUS[event.event],
        error_code=_code(event) if failed else None,
        provider_code=(event.status or event.reason or "")[:40] or None if failed else None,
        occurred_at=at,
    )


def _consent(event: Event, key: str, at: datetime) -> Inbound:
    value = normal(event.email)
    if value is None:
        raise BadPayload("consent of an address that is none")
    return ConsentChanged(
        key=key,
        peer=Peer(person=Person(address=Address(scheme="mailto", value=value))),
        token=_token(event),
        state=CONSENT[event.event],
        source=f"SendGrid: {event.event}",
        occurred_at=at,
    )


def _code(event: Event) -> ErrorCode:
    if event.event == "dropped":
        return DROPPED.get(event.reason or "", ErrorCode.POLICY_REJECTED)
    told = code_of(f"{event.status or ''} {event.reason or ''}"[:2000])
    if told is not ErrorCode.UNKNOWN:
        return told
    return ErrorCode.POLICY_REJECTED if event.type == "blocked" else ErrorCode.UNREACHABLE


def _token(event: Event) -> str | None:
    return event.onethread if isinstance(event.onethread, str) and event.onethread else None


def _message_id(event: Event) -> str | None:
    """The Message-ID, else what SendGrid called the mail when it took it."""
    seen = (event.smtp_id or "").strip("<> ")
    told = seen or (event.sg_message_id or "").partition(".")[0]
    return told if told and len(told) <= LONGEST_ID else None
