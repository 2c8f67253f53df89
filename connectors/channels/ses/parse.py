"""One request of SNS to what the hub records. Pure."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from msgspec import MsgspecError
from msgspec.json import Decoder, encode

from connectors.channels.ses.config import Config
from connectors.channels.ses.event import PUBLISHED, Bounce, Mail, Published
from connectors.channels.ses.s3 import Place
from connectors.families.aws.sns import CONFIRMATION, NOTIFICATION, Told, asked, told
from connectors.families.mail.mime import Octets
from connectors.families.mail.mime_fields import normal
from connectors.families.mail.reading import Envelope, read_mail
from connectors.families.mail.signing import expanded
from connectors.families.mail.statuses import code_of
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, ConsentChanged, Ignored, Inbound, Peer, Person, StatusChanged, Unreadable
from normalizer.model import ConsentState, Time
from normalizer.status import Status

CARRIER: Final = "onethread"
"""The tag that carries our token, in the letters a tag may have."""
RECEIVED: Final = "Received"
STATUS: Final[Mapping[str, Status]] = {
    "Send": Status.ACCEPTED,
    "Delivery": Status.DELIVERED,
    "Bounce": Status.FAILED,
    "Reject": Status.FAILED,
    "Open": Status.READ,
    "Click": Status.READ,
}
IGNORED: Final[Mapping[str, str]] = {
    "DeliveryDelay": "not delivered yet",
    "AmazonSnsSubscriptionSucceeded": "SES may write to the topic now",
}
VALIDATED: Final = "Successfully validated SNS topic for Amazon SES event publishing."
BOUNCES: Final[Mapping[str, ErrorCode]] = {
    "NoEmail": ErrorCode.INVALID_ADDRESS,
    "Suppressed": ErrorCode.INVALID_ADDRESS,
    "OnAccountSuppressionList": ErrorCode.OPTED_OUT,
    "UnsubscribedRecipient": ErrorCode.OPTED_OUT,
    "MailboxFull": ErrorCode.UNREACHABLE,
    "MessageTooLarge": ErrorCode.MEDIA_TOO_LARGE,
    "ContentRejected": ErrorCode.POLICY_REJECTED,
    "AttachmentRejected": ErrorCode.MEDIA_UNSUPPORTED,
}
"""By `bounceSubType`; of `General` and `Undetermined` the other server's words tell."""
RECIPIENTS, MAIL_FROM, DMARC = "rcpt-to", "mail-from", "dmarc"
"""Headers of a mail out of S3, by what its notification said: a list in JSON, an address, a verdict."""
KNOWN: Final = Decoder(tuple[str, ...])
NO_COMPLAINT: Final = "not-spam"


def parse(request: Request, config: Config) -> list[Inbound]:
    """Raises BadPayload."""
    given = told(request.body)
    if given.type == CONFIRMATION:
        return [asked(given)]
    if given.type != NOTIFICATION:
        raise BadPayload("the subscription to a topic was ended; nothing will come of it any more")
    if given.message.startswith(VALIDATED):
        return [Ignored(key=given.message_id, reason=IGNORED["AmazonSnsSubscriptionSucceeded"])]
    published = _published(given)
    if published.kind == RECEIVED:
        return _mail(request, published, config, given.message_id)
    return [_event(published, given.message_id, config)]


def mail_of(kept: Octets) -> Octets:
    """Of a request as the hub keeps it, or of a mail that lay in S3. Raises BadPayload."""
    if kept[:1] != b"{":  # with which no header begins
        return kept
    return _content(_published(told(bytes(kept))))


def place_of(body: bytes, config: Config) -> Place | None:
    """Where the mail lies that a notification tells of without holding it; None where it is of something else, or lies
    where the settings name no bucket. Raises BadPayload."""
    given = told(body)
    if given.type != NOTIFICATION or given.message.startswith(VALIDATED):
        return None
    published = _published(given)
    action, receipt = published.receipt.action, published.receipt
    if published.kind != RECEIVED or published.content is not None or not action.object_key:
        return None
    steps = action.object_key.split("/")
    if action.bucket_name not in config.buckets or not steps[-1] or {".", ".."} & set(steps):
        return None
    known = {RECIPIENTS: encode(receipt.recipients).decode(), DMARC: receipt.dmarc_verdict.status}
    known |= {MAIL_FROM: published.mail.source} if published.mail is not None and published.mail.source else {}
    return Place(action.bucket_name, action.object_key, known)


def read_collected(request: Request, config: Config) -> list[Inbound]:
    """A mail out of S3. Raises BadPayload."""
    try:
        recipients = KNOWN.decode(request.headers.get(RECIPIENTS, "[]"))
    except MsgspecError as error:
        raise BadPayload(f"recipients: {error}") from error
    envelope = Envelope(
        request.received_at,
        recipients,
        mail_from=request.headers.get(MAIL_FROM),
        raw=request.raw,
        vouched=("*",) if request.headers.get(DMARC) == "PASS" else (),
    )
    return read_mail(request.body, envelope, config)


def _published(given: Told) -> Published:
    return decode(given.message.encode("utf-8", "replace"), PUBLISHED)


def _mail(request: Request, published: Published, config: Config, key: str) -> list[Inbound]:
    if published.content is None:
        action = published.receipt.action
        where = f"{action.bucket_name}/{action.object_key}" if action.bucket_name else "nowhere that is told"
        reason = f"a mail that is not in its notification; it lies in {where}, and `buckets` has to name the bucket"
        return [Unreadable(key=key, slice=request.body[: 16 << 10], reason=reason)]
    envelope = Envelope(
        request.received_at,
        published.receipt.recipients,
        mail_from=published.mail.source if published.mail else None,
        raw=request.raw,
        vouched=("*",) if published.receipt.dmarc_verdict.status == "PASS" else (),
    )
    return read_mail(_content(published), envelope, config)


def _content(published: Published) -> bytes:
    if published.content is None:
        raise BadPayload("a notification without a mail")
    if (published.receipt.action.encoding or "").upper() != "BASE64":
        return published.content.encode("utf-8", "replace")
    try:
        return b64decode(published.content)
    except ValueError as error:
        raise BadPayload("a mail that is no base64") from error


def _event(published: Published, key: str, config: Config) -> Inbound:
    kind, mail = published.kind, published.mail
    if kind in IGNORED:
        return Ignored(key=key, reason=IGNORED[kind])
    if mail is None or (kind not in STATUS and kind != "Complaint"):
        raise BadPayload(f"a notification of the unknown kind {kind[:64]!r}")
    if kind == "Complaint":
        return _complaint(published, mail, key)
    failed = STATUS[kind] is Status.FAILED
    code, said = _bounce(published.bounce) if kind == "Bounce" else (ErrorCode.POLICY_REJECTED, "Reject")
    return StatusChanged(
        key=key,
        external_id=f"{mail.message_id}@{config.mail_domain}",
        token=_token(mail),
        status=STATUS[kind],
        error_code=code if failed else None,
        provider_code=said if failed else None,
        occurred_at=_at(published, mail),
    )


def _bounce(bounce: Bounce) -> tuple[ErrorCode, str]:
    first = bounce.bounced_recipients[0] if bounce.bounced_recipients else None
    said = f"{first.status or ''} {first.diagnostic_code or ''}" if first else ""
    told_as = (first.status if first else None) or f"{bounce.bounce_type}/{bounce.bounce_sub_type}"
    code = BOUNCES.get(bounce.bounce_sub_type) or code_of(said)
    return (ErrorCode.UNREACHABLE if code is ErrorCode.UNKNOWN else code), told_as[:80]


def _complaint(published: Published, mail: Mail, key: str) -> Inbound:
    if published.complaint.complaint_feedback_type == NO_COMPLAINT:
        return Ignored(key=key, reason="feedback that is no complaint")
    people = published.complaint.complained_recipients
    # Each of our mails goes to one person; where SES lists more, it does not know who it was.
    value = normal(people[0].email_address) if len(people) == 1 else None
    token = _token(mail)
    if value is None and token is None:
        raise BadPayload("a complaint that names nobody")
    return ConsentChanged(
        key=key,
        peer=Peer(person=Person(address=Address(scheme="mailto", value=value))) if value else None,
        token=token,
        state=ConsentState.OPTED_OUT,
        source="Amazon SES: complaint",
        occurred_at=_at(published, mail),
    )


def _at(published: Published, mail: Mail) -> Time:
    told_at = (part.timestamp for part in (published.bounce, published.complaint, published.delivery))
    seen_at = (part.timestamp for part in (published.open, published.click))
    at = next((one for one in (*told_at, *seen_at, mail.timestamp) if one is not None), None)
    if at is None:
        raise BadPayload("a notification without a time")
    return at


def _token(mail: Mail) -> str | None:
    values = mail.tags.get(CARRIER)
    short = values[0] if isinstance(values, list) and values else None
    return expanded(short) if isinstance(short, str) and len(short) <= 256 else None
