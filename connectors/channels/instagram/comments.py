"""What people say in public under the account's posts and reels. Pure.

A comment and the answers to it are a thread. A webhook carries no time but its own, and nothing tells of comments that
were changed or taken back. Source: developers.facebook.com/docs/instagram-platform/webhooks/examples and
/docs/graph-api/webhooks/reference/instagram (read 2026-11).
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import msgspec

from connectors.families.meta import comments
from connectors.families.meta.batch import Piece
from connectors.families.meta.comments import CHANGE, Speaker
from connectors.families.meta.moment import moment
from connectors.kit.request import decode
from normalizer.inbound import Ignored, Inbound, MessageReceived
from normalizer.parts import NativePart

FIELDS: Final = frozenset({"comments", "live_comments"})
SCHEME: Final = "instagram"


class Post(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str | None = None
    media_product_type: str | None = None
    ad_id: str | None = None
    ad_title: str | None = None


class Value(msgspec.Struct, frozen=True, kw_only=True, rename={"speaker": "from"}):
    id: str
    speaker: Speaker | None = None
    text: str = ""
    parent_id: str | None = None
    media: Post = Post()


VALUE: Final = msgspec.json.Decoder(Value)


def changed(piece: Piece) -> Iterable[Inbound]:
    """Raises BadPayload."""
    digest = sha256(piece.body).hexdigest()
    change = decode(piece.body, CHANGE)
    if change.field not in FIELDS:
        return [Ignored(key=f"change:{digest}", reason="a change that is no message")]
    value = decode(bytes(change.value), VALUE)
    name = comments.named(value.id)
    under = comments.named(value.parent_id) if value.parent_id else None
    ours = value.speaker is not None and value.speaker.id == piece.owner
    if ours and under is None:
        return [Ignored(key=f"change:{digest}", reason="the account's own comment under a post")]
    post = msgspec.to_builtins(value.media)
    return [
        MessageReceived(
            key=f"comment:{name}",
            external_id=name,
            peer=comments.peer(SCHEME, under or name),
            author=None if ours else comments.person(SCHEME, value.speaker),
            from_us=ours,
            text=value.text or "[comment without words]",
            parts=(NativePart(kind="post", data=post),) if post else (),
            reply_to=under,
            occurred_at=moment(piece.time),
        )
    ]
