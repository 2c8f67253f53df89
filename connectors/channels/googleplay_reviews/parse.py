"""A batch of reviews to what the hub records. Pure."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from connectors.channels.googleplay_reviews.event import BATCH, REVIEW, Review, Timestamp, UserComment
from connectors.families.reviews import digest, marked, review, told
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.context import Context, Said
from normalizer.inbound import Address, Inbound, MessageEdited, MessageReceived, Peer, Person, Unreadable
from normalizer.model import Visibility

SCHEME: Final = "googleplay_review"
TAB: Final = "\t"
"""Between title and body, where a review has both."""


def parse(request: Request) -> list[Inbound]:
    """Raises BadPayload where it is no batch at all."""
    came = [bytes(raw) for raw in decode(request.body, BATCH).reviews]
    found: dict[str, Inbound] = {}
    for raw, changed in zip(came, marked(request.headers, len(came)), strict=True):
        try:
            item = _item(raw, changed=changed)
        except BadPayload as error:
            item = Unreadable(key=f"unread:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail)
        found[item.key] = item
    return list(found.values())


def comment(one: Review) -> UserComment:
    """Raises BadPayload."""
    if one.said is None:
        raise BadPayload("a review in which nobody says anything")
    return one.said


def mark(one: Review) -> str:
    """By which a review is known to read as before."""
    said = comment(one)
    return digest(said.star_rating, said.text)


def moment(at: Timestamp) -> datetime:
    return datetime.fromtimestamp(at.seconds, UTC).replace(microsecond=at.nanos // 1000)


def _item(raw: bytes, *, changed: bool) -> Inbound:
    one = decode(raw, REVIEW)
    said = comment(one)
    title, _, body = said.text.rpartition(TAB)
    text = told(said.star_rating, title, body)
    native = review(
        {
            "rating": said.star_rating,
            "title": title.strip(),
            "body": body.strip(),
            "language": said.reviewer_language,
            "app_version_code": said.app_version_code,
        }
    )
    at = moment(said.last_modified)
    if changed:
        key = f"edited:{one.review_id}:{mark(one)}:{at.isoformat()}"
        return MessageEdited(key=key, external_id=one.review_id, text=text, parts=(native,), occurred_at=at)
    return MessageReceived(
        key=f"review:{one.review_id}",
        external_id=one.review_id,
        peer=_peer(one, said),
        text=text,
        parts=(native,),
        occurred_at=at,
        context=_context(said),
    )


def _peer(one: Review, said: UserComment) -> Peer:
    """Google does not tell who it is: the review is all there is of them."""
    address = Address(scheme=SCHEME, value=one.review_id)
    person = Person(address=address, name=one.author_name or None, locale=said.reviewer_language or None)
    return Peer(person=person, visibility=Visibility.PUBLIC)


def _context(said: UserComment) -> Context | None:
    """The telephone's word of itself, passed on by Google."""
    metadata = said.device_metadata
    made = (metadata.manufacturer, metadata.product_name) if metadata else ()
    device = " ".join(filter(None, made)) or said.device
    version = said.app_version_name or (str(said.app_version_code) if said.app_version_code is not None else None)
    system = f"Android API {said.android_os_version}" if said.android_os_version is not None else None
    if not (device or version or system):
        return None
    return Context(
        device=Said(value=device) if device else None,
        os=Said(value=system) if system else None,
        app_version=Said(value=version) if version else None,
    )
