"""A batch of reviews, and of what became of our answers, to what the hub records. Pure."""

from datetime import datetime
from hashlib import sha256
from typing import Final

from connectors.channels.appstore_reviews.event import BATCH, KIND, RESPONSE, REVIEW, Response, Review
from connectors.families.reviews import digest, marked, review, told
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.context import Context, Said
from normalizer.inbound import (
    Address,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    Peer,
    Person,
    StatusChanged,
    Unreadable,
)
from normalizer.model import Visibility
from normalizer.status import Status

SCHEME: Final = "appstore_review"
REVIEWS: Final = "customerReviews"
RESPONSES: Final = "customerReviewResponses"
PUBLISHED: Final = "PUBLISHED"


def parse(request: Request) -> list[Inbound]:
    """Raises BadPayload where it is no batch at all."""
    resources = [bytes(raw) for raw in decode(request.body, BATCH).data]
    edited = marked(request.headers, len(resources))
    found: dict[str, Inbound] = {}
    for raw, changed in zip(resources, edited, strict=True):
        try:
            item = _item(raw, request.received_at, changed=changed)
        except BadPayload as error:
            item = Unreadable(key=f"unread:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail)
        found[item.key] = item
    return list(found.values())


def mark(one: Review) -> str:
    """By which a review is known to read as before."""
    return digest(one.attributes.rating, one.attributes.title, one.attributes.body)


def _item(raw: bytes, came: datetime, *, changed: bool) -> Inbound:
    kind = decode(raw, KIND)
    if kind.type == RESPONSES:
        return _answer(decode(raw, RESPONSE))
    if kind.type != REVIEWS:
        raise BadPayload(f"neither a review nor an answer: {kind.type[:64]}")
    one = decode(raw, REVIEW)
    said = one.attributes
    text = told(said.rating, said.title, said.body)
    native = review({"rating": said.rating, "title": said.title, "body": said.body, "territory": said.territory})
    if changed:
        return MessageEdited(
            key=f"edited:{one.id}:{mark(one)}", external_id=one.id, text=text, parts=(native,), occurred_at=came
        )
    return MessageReceived(
        key=f"review:{one.id}",
        external_id=one.id,
        peer=_peer(one),
        text=text,
        parts=(native,),
        occurred_at=said.created_date,
        context=Context(location=Said(value=said.territory)) if said.territory else None,
    )


def _peer(one: Review) -> Peer:
    """Apple does not tell who it is: the review is all there is of them."""
    address = Address(scheme=SCHEME, value=one.id)
    return Peer(
        person=Person(address=address, name=one.attributes.reviewer_nickname or None), visibility=Visibility.PUBLIC
    )


def _answer(one: Response) -> Inbound:
    said = one.attributes
    at = said.last_modified_date
    key = f"answer:{one.id}:{said.state or ''}:{at.isoformat() if at else ''}"
    if said.state != PUBLISHED:
        return Ignored(key=key, reason="an answer that is not published yet")
    return StatusChanged(key=key, external_id=one.id, status=Status.DELIVERED, occurred_at=at)
