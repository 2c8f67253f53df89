"""One webhook to what the hub records. Pure.

A post goes by the name `<topic>/<number>`, which its edits, its deletion and the answers to it name too. Who wrote is
one route for each topic: public, but for private messages.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from connectors.channels.discourse.config import Config
from connectors.channels.discourse.event import LIKE, NAMED, TOLD, Post
from connectors.channels.discourse.uploads import held
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.context import Context, Said
from normalizer.inbound import (
    Address,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    Peer,
    Person,
    ReactionChanged,
    Unreadable,
)
from normalizer.model import Visibility

SCHEME: Final = "discourse"
HEART: Final = "❤️"
"""What a like is."""
REGULAR: Final = 1
"""The type of a post that somebody wrote; the others are the forum's own notes, and what staff whispers."""
VISIBILITY: Final[Mapping[str, Visibility]] = {
    "regular": Visibility.PUBLIC,
    "banner": Visibility.PUBLIC,
    "private_message": Visibility.PRIVATE,
}
"""By a topic's archetype."""
EVENT: Final = "x-discourse-event"
NUMBERED: Final = "x-discourse-event-id"


def parse(request: Request, config: Config) -> list[Inbound]:
    """Raises BadPayload where it is no webhook at all."""
    event = request.headers.get(EVENT, "")[:64]
    body = request.body
    about = decode(body, NAMED)
    told = about.post
    other = f"{event}:{request.headers.get(NUMBERED, '')[:32]}:{sha256(body).hexdigest()}"
    if about.like is not None:
        return [_liked(request, config, other)]
    if told is None:
        return [Ignored(key=other, reason=f"nothing about a post: {event or 'an event without a name'}")]
    reader = READERS.get(event)
    if reader is None:
        return [Unreadable(key=other, slice=body, reason=f"an event we do not know: {event}")]
    try:
        post = decode(body, TOLD).post
        reason = _passed_over(post, config)
        return [reader(post, config) if reason is None else Ignored(key=other, reason=reason)]
    except BadPayload as error:
        return [Unreadable(key=other, slice=body, reason=error.detail)]


def listed(post: Post, config: Config) -> Inbound:
    """Of a list of posts, under the key of its webhook. Raises BadPayload."""
    reason = _passed_over(post, config)
    return _created(post, config) if reason is None else Ignored(key=f"created:{post.id}", reason=reason)


def named(topic: int, number: int) -> str:
    """A post as reports and quotes name it."""
    return f"{topic}/{number}"


def _passed_over(post: Post, config: Config) -> str | None:
    """Why it is not kept, if it is not."""
    if post.post_type != REGULAR:
        return "a note of the forum's, or of its staff among themselves"
    if post.username.lower() == config.username.lower():
        return "our own post"
    if not config.staff and (post.staff or post.admin or post.moderator):
        return "a post of somebody else of the staff"
    return None


def _created(post: Post, config: Config) -> Inbound:
    if post.raw is None:
        raise BadPayload("a post without its text")
    answered = post.reply_to_post_number
    return MessageReceived(
        key=f"created:{post.id}",
        external_id=named(post.topic_id, post.post_number),
        peer=_peer(post),
        text=post.raw or "[empty post]",
        media=held(post.raw),
        subject=post.topic_title if post.post_number == 1 else None,
        reply_to=named(post.topic_id, answered) if answered and answered > 0 else None,
        occurred_at=post.created_at,
        context=Context(page=Said(value=_page(post, config), signed=True)),
    )


def _edited(post: Post, _: Config) -> Inbound:
    if post.raw is None:
        raise BadPayload("a post without its text")
    at = post.updated_at or post.created_at
    return MessageEdited(
        key=f"edited:{post.id}:{post.version}:{at.isoformat()}",
        external_id=named(post.topic_id, post.post_number),
        text=post.raw or "[empty post]",
        media=held(post.raw),
        occurred_at=at,
    )


def _destroyed(post: Post, _: Config) -> Inbound:
    at = post.updated_at or post.created_at
    return MessageRedacted(
        key=f"destroyed:{post.id}:{at.isoformat()}",
        external_id=named(post.topic_id, post.post_number),
        occurred_at=at,
    )


def _liked(request: Request, config: Config, key: str) -> Inbound:
    """The forum tells of no time, and nothing of a like that was taken back."""
    try:
        like = decode(request.body, LIKE).like
    except BadPayload as error:
        return Unreadable(key=key, slice=request.body, reason=error.detail)
    post, user = like.post, like.user
    if user.username.lower() == config.username.lower():
        return Ignored(key=key, reason="our own like")
    return ReactionChanged(
        key=f"liked:{post.id}:{user.id}",
        external_id=named(post.topic_id, post.post_number),
        author=_person(user.id, user.name, user.username),
        added=(HEART,),
        occurred_at=request.received_at,
    )


def _recovered(post: Post, _: Config) -> Inbound:
    at = post.updated_at or post.created_at
    return Ignored(key=f"recovered:{post.id}:{at.isoformat()}", reason="what was deleted here does not come back")


def _peer(post: Post) -> Peer:
    """Raises BadPayload where nobody can be named, or nobody can say who may read it."""
    if post.user_id is None:
        raise BadPayload("a post of nobody")
    visibility = VISIBILITY.get(post.topic_archetype or "")
    if visibility is None:
        raise BadPayload("a post of which nobody can say who may read it")
    person = _person(post.user_id, post.name, post.username)
    return Peer(person=person, thread=str(post.topic_id), visibility=visibility)


def _person(number: int, name: str | None, username: str) -> Person:
    address = Address(scheme=SCHEME, value=str(number))
    return Person(address=address, name=name or username or None, handle=username or None)


def _page(post: Post, config: Config) -> str:
    return f"{config.api_base.rstrip('/')}/t/{post.topic_slug or '-'}/{post.topic_id}/{post.post_number}"


READERS: Final[Mapping[str, Callable[[Post, Config], Inbound]]] = {
    "post_created": _created,
    "post_edited": _edited,
    "post_destroyed": _destroyed,
    "post_recovered": _recovered,
}
