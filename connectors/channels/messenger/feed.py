"""What people say in public on the page: comments, and what they post there. Pure.

A thread begins with a comment, or with a visitor's post; what is under it belongs to it. What the page itself says in a
thread, by Facebook or another app, is recorded as ours. Source: developers.facebook.com/docs/graph-api/webhooks/
reference/page#feed (read 2026-11), which names the fields and leaves out most words that can stand in them; those of
items and verbs are as published examples have them.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Final

import msgspec

from connectors.families.meta import comments
from connectors.families.meta.attached import LONGEST_URL, WEB
from connectors.families.meta.batch import Piece
from connectors.families.meta.comments import CHANGE, Speaker
from connectors.families.meta.moment import Stamp, moment
from connectors.kit.content import Content
from connectors.kit.request import decode
from normalizer.inbound import Ignored, Inbound, Media, MessageEdited, MessageReceived, MessageRedacted
from normalizer.parts import MediaKind

FIELD: Final = "feed"
SCHEME: Final = "messenger"
COMMENT: Final = "comment"
POSTS: Final = frozenset({"post", "status", "photo", "video", "share"})


class Post(msgspec.Struct, frozen=True, kw_only=True):
    permalink_url: str | None = None


class Value(msgspec.Struct, frozen=True, kw_only=True, rename={"speaker": "from"}):
    item: str = ""
    verb: str = ""
    post_id: str | None = None
    comment_id: str | None = None
    parent_id: str | None = None
    speaker: Speaker | None = None
    message: str | None = None
    photo: str | None = None
    video: str | None = None
    created_time: Stamp = 0
    permalink_url: str | None = None
    post: Post = Post()


class Heard(msgspec.Struct, frozen=True):
    """One change: what it is about, and when Facebook told it."""

    value: Value
    name: str
    page: str
    told: Stamp
    digest: str

    @property
    def ours(self) -> bool:
        return self.value.speaker is not None and self.value.speaker.id == self.page

    @property
    def answers(self) -> bool:
        """Whether it stands under a comment."""
        value = self.value
        return value.item == COMMENT and value.parent_id is not None and value.parent_id != value.post_id


VALUE: Final = msgspec.json.Decoder(Value)


def changed(piece: Piece) -> Iterable[Inbound]:
    """Raises BadPayload."""
    digest = sha256(piece.body).hexdigest()
    change = decode(piece.body, CHANGE)
    if change.field != FIELD:
        return [Ignored(key=f"change:{digest}", reason="a change that is no message")]
    value = decode(bytes(change.value), VALUE)
    reader = VERBS.get(value.verb)
    if reader is None or (value.item != COMMENT and value.item not in POSTS):
        return [Ignored(key=f"change:{digest}", reason="a change of the feed that says nothing")]
    name = comments.named(value.comment_id if value.item == COMMENT else value.post_id)
    heard = Heard(value, name, piece.owner, piece.time, digest)
    own = heard.ours and not heard.answers and reader is not _removed  # who takes it away need not have said it
    if own:
        return [Ignored(key=f"change:{digest}", reason="the page's own post, or its own comment under one")]
    return [reader(heard)]


def _added(heard: Heard) -> Inbound:
    value = heard.value
    told = _content(value)
    under = comments.named(value.parent_id or value.post_id) if value.item == COMMENT else None
    began = under if under is not None and heard.answers else heard.name
    return MessageReceived(
        key=f"comment:{heard.name}",
        external_id=heard.name,
        peer=comments.peer(SCHEME, began),
        author=None if heard.ours else comments.person(SCHEME, value.speaker),
        from_us=heard.ours,
        text=told.text,
        media=told.media,
        reply_to=under,
        occurred_at=moment(value.created_time or heard.told),
        context=comments.shown_at(value.permalink_url or value.post.permalink_url),
    )


def _edited(heard: Heard) -> Inbound:
    told = _content(heard.value)
    key = f"comment-edited:{heard.name}:{heard.told}:{heard.digest[:16]}"
    return MessageEdited(
        key=key, external_id=heard.name, text=told.text, media=told.media or None, occurred_at=moment(heard.told)
    )


def _removed(heard: Heard) -> Inbound:
    return MessageRedacted(key=f"comment-removed:{heard.name}", external_id=heard.name, occurred_at=moment(heard.told))


def _hidden(heard: Heard) -> Inbound:
    key = f"comment-{heard.value.verb}:{heard.name}:{heard.told}"
    return Ignored(key=key, reason="hidden from others, or shown again; what was said stands")


def _content(value: Value) -> Content:
    """Its words and its file; a word for a file that has none."""
    for kind, media_type, url in (
        (MediaKind.VIDEO, "video/mp4", value.video),
        (MediaKind.IMAGE, "image/jpeg", value.photo),
    ):
        if url and url.startswith(WEB) and len(url) <= LONGEST_URL:
            return Content(value.message or f"[{kind}]", (), (Media(source=url, kind=kind, media_type=media_type),))
    return Content(value.message or f"[{value.item} without words]")


VERBS: Final[Mapping[str, Callable[[Heard], Inbound]]] = {
    "add": _added,
    "edit": _edited,
    "edited": _edited,
    "remove": _removed,
    "delete": _removed,
    "hide": _hidden,
    "unhide": _hidden,
}
