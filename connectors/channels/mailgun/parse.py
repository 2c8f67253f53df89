"""One request to what the hub records. Pure.

A mail proves its sender to nobody here: what Mailgun says of SPF and DKIM stands in the mail's own header, where the
sender could have written it, and of DMARC it says nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from connectors.channels.mailgun.config import Config
from connectors.channels.mailgun.event import POSTED, Event
from connectors.channels.mailgun.inbound import whole
from connectors.channels.mailgun.signature import is_event
from connectors.families.mail.form import read_form
from connectors.families.mail.mime_fields import normal
from connectors.families.mail.reading import LONGEST_ID, Envelope, read_mail
from connectors.families.mail.statuses import code_of
from connectors.kit.collects import COLLECT
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, ConsentChanged, Ignored, Inbound, Peer, Person, StatusChanged
from normalizer.model import ConsentState
from normalizer.status import Status

CARRIER: Final = "onethread"
"""The variable that carries our token."""
RECIPIENTS, MAIL_FROM = "rcpt-to", "mail-from"
"""Headers of a mail that Mailgun stored: addresses with commas between them, and an address."""
STATUS: Final[Mapping[str, Status]] = {
    "accepted": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "failed": Status.FAILED,
    "rejected": Status.FAILED,
    "opened": Status.READ,
    "clicked": Status.READ,
}
LEFT: Final = frozenset({"complained", "unsubscribed"})
REASONS: Final[Mapping[str, ErrorCode]] = {
    "suppress-bounce": ErrorCode.INVALID_ADDRESS,
    "suppress-complaint": ErrorCode.OPTED_OUT,
    "suppress-unsubscribe": ErrorCode.OPTED_OUT,
    "old": ErrorCode.EXPIRED,
}
"""Of failures for good, where the other server's words do not tell. Source: documentation.mailgun.com, *Events*
(read 2026-11)."""


def parse(request: Request, config: Config) -> list[Inbound]:
    """Raises BadPayload."""
    if request.method == COLLECT:
        return read_stored(request, config)
    if is_event(request.body):
        return [told(decode(request.body, POSTED).event_data)]
    form = read_form(request.body)
    envelope = Envelope(
        request.received_at,
        [each.strip() for each in (form.text("recipient") or "").split(",") if each.strip()],
        mail_from=form.text("sender"),
        raw=request.raw,
    )
    return read_mail(whole(form), envelope, config)


def told(event: Event) -> Inbound:
    at = datetime.fromtimestamp(event.timestamp, UTC)
    key = f"{event.event[:40]}:{event.id}:{at.date()}"
    if event.event in LEFT:
        return _left(event, key, at)
    if event.event not in STATUS:
        raise BadPayload(f"an event of the unknown kind {event.event[:64]!r}")
    if event.event == "failed" and event.severity != "permanent":
        return Ignored(key=key, reason="not delivered yet")
    token, external_id = token_of(event), _message_id(event)
    if token is None and external_id is None:
        return Ignored(key=key, reason="an event about no mail of ours")
    status = STATUS[event.event]
    failed = status is Status.FAILED
    return StatusChanged(
        key=key,
        external_id=external_id or token or "",
        token=token,
        status=status,
        error_code=_code(event) if failed else None,
        provider_code=_told(event) if failed else None,
        occurred_at=at,
    )


def read_stored(request: Request, config: Config) -> list[Inbound]:
    """A mail that Mailgun stored. Raises BadPayload."""
    known = request.headers
    recipients = [each for each in known.get(RECIPIENTS, "").split(",") if each]
    return read_mail(
        request.body,
        Envelope(request.received_at, recipients, mail_from=known.get(MAIL_FROM), raw=request.raw),
        config,
    )


def _left(event: Event, key: str, at: datetime) -> Inbound:
    value = normal(event.recipient)
    if value is None:
        raise BadPayload("consent of an address that is none")
    peer = Peer(person=Person(address=Address(scheme="mailto", value=value)))
    state, source = ConsentState.OPTED_OUT, f"Mailgun: {event.event}"
    return ConsentChanged(key=key, peer=peer, token=token_of(event), state=state, source=source, occurred_at=at)


def _code(event: Event) -> ErrorCode:
    if event.event == "rejected":
        return ErrorCode.POLICY_REJECTED
    if (known := REASONS.get(event.reason or "")) is not None:
        return known
    told = code_of(f"{event.delivery_status.message or ''} {event.delivery_status.description or ''}"[:2000])
    return ErrorCode.UNREACHABLE if told is ErrorCode.UNKNOWN else told


def _told(event: Event) -> str | None:
    code = event.delivery_status.code
    return str(code)[:40] if code is not None else event.reason


def token_of(event: Event) -> str | None:
    token = event.user_variables.get(CARRIER)
    return token if isinstance(token, str) and token else None


def _message_id(event: Event) -> str | None:
    id_ = event.message.headers.get("message-id")
    return id_.strip("<> ") or None if isinstance(id_, str) and len(id_) <= LONGEST_ID else None
