"""One request of SNS to what the hub records. Pure.

Source: docs.aws.amazon.com/sms-voice/latest/userguide: configuration-sets-event-format, configuration-sets-event-types,
two-way-sms, keywords-required (read 2026-11).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

from connectors.families.aws.sns import CONFIRMATION, NOTIFICATION, asked, told
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, ConsentChanged, Inbound, MessageReceived, Peer, Person, StatusChanged
from normalizer.model import ConsentState, Proof
from normalizer.status import Status

CARRIER: Final = "onethread"
"""The entry of a message's context that carries our token."""
NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
Name = Annotated[str, msgspec.Meta(max_length=2000)]
STATUS: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("TEXT_QUEUED", "TEXT_PENDING"), Status.ACCEPTED),
    **dict.fromkeys(("TEXT_SENT", "TEXT_SUCCESSFUL"), Status.ACCEPTED),
    "TEXT_DELIVERED": Status.DELIVERED,
}
FAILED: Final[Mapping[str, ErrorCode]] = {
    "TEXT_INVALID": ErrorCode.INVALID_ADDRESS,
    "TEXT_INVALID_MESSAGE": ErrorCode.CONTENT_UNSUPPORTED,
    "TEXT_UNREACHABLE": ErrorCode.UNREACHABLE,
    "TEXT_CARRIER_UNREACHABLE": ErrorCode.UNREACHABLE,
    **dict.fromkeys(
        ("TEXT_BLOCKED", "TEXT_CARRIER_BLOCKED", "TEXT_SPAM", "TEXT_PROTECT_BLOCKED"), ErrorCode.POLICY_REJECTED
    ),
    "TEXT_TTL_EXPIRED": ErrorCode.EXPIRED,
    "TEXT_UNKNOWN": ErrorCode.UNKNOWN,
}
KEYWORDS: Final[Mapping[str, ConsentState]] = {
    **dict.fromkeys(
        ("ARRET", "CANCEL", "END", "OPT-OUT", "OPTOUT", "QUIT", "REMOVE", "STOP", "TD", "UNSUBSCRIBE"),
        ConsentState.OPTED_OUT,
    ),
    **dict.fromkeys(("START", "UNSTOP"), ConsentState.OPTED_IN),
}
"""Only where a message says nothing else."""


class Published(msgspec.Struct, frozen=True, rename="camel"):
    """A message that came, or an event of one that left."""

    event_type: Name | None = None
    event_timestamp: Annotated[int, msgspec.Meta(ge=0, le=1 << 42)] | None = None
    message_id: Name = ""
    context: dict[str, Any] = {}
    origination_number: Name = ""
    message_body: str = ""
    inbound_message_id: Name = ""


PUBLISHED: Final = msgspec.json.Decoder(Published)


def parse(request: Request, *, keywords: bool) -> list[Inbound]:
    """Raises BadPayload."""
    given = told(request.body)
    if given.type == CONFIRMATION:
        return [asked(given)]
    if given.type != NOTIFICATION:
        raise BadPayload("the subscription to a topic was ended; nothing will come of it any more")
    published = decode(given.message.encode("utf-8", "replace"), PUBLISHED)
    if published.event_type is not None:
        return [_event(published, given.message_id)]
    return _received(published, request.received_at, keywords=keywords)


def _event(published: Published, key: str) -> Inbound:
    kind = published.event_type or ""
    if kind not in STATUS and kind not in FAILED:
        raise BadPayload(f"an event of the unknown kind {kind[:64]!r}")
    if not published.message_id or published.event_timestamp is None:
        raise BadPayload("an event without a message or a time")
    token = published.context.get(CARRIER)
    return StatusChanged(
        key=key,
        external_id=published.message_id,
        token=token if isinstance(token, str) else None,
        status=STATUS.get(kind, Status.FAILED),
        error_code=FAILED.get(kind),
        provider_code=kind if kind in FAILED else None,
        occurred_at=datetime.fromtimestamp(published.event_timestamp / 1000, UTC),
    )


def _received(published: Published, at: datetime, *, keywords: bool) -> list[Inbound]:
    id_, body = published.inbound_message_id, published.message_body
    if not id_ or not NUMBER.fullmatch(published.origination_number):
        raise BadPayload("neither an event nor a message of a number")
    peer = Peer(person=Person(address=Address(scheme="tel", value=published.origination_number)), proof=Proof.CHANNEL)
    found: list[Inbound] = [
        MessageReceived(
            key=f"message:{id_}",
            external_id=id_,
            peer=peer,
            text=body if body.strip() else "[empty message]",
            occurred_at=at,
        )
    ]
    word = body.strip().upper()
    if keywords and word in KEYWORDS:
        state, source = KEYWORDS[word], f"keyword {word}"
        found.append(ConsentChanged(key=f"consent:{id_}", peer=peer, state=state, source=source, occurred_at=at))
    return found
