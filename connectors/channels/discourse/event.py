"""What Discourse posts, as far as it is read.

Source: github.com/discourse/discourse, app/jobs/regular/emit_web_hook_event.rb and
app/serializers/{post,web_hook_post}_serializer.rb (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

from normalizer.model import Time

Number = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    id: Number
    user_id: Number | None
    """None: whoever wrote it is deleted."""
    username: str
    name: str | None = None
    topic_id: Number
    post_number: Number
    post_type: int
    created_at: Time
    updated_at: Time | None = None
    version: int = 1
    raw: str | None = None
    reply_to_post_number: int | None = None
    topic_slug: str | None = None
    topic_title: str | None = None
    topic_archetype: str | None = None
    admin: bool | None = None
    moderator: bool | None = None
    staff: bool | None = None


class Told(msgspec.Struct, frozen=True):
    post: Post


class Liker(msgspec.Struct, frozen=True):
    id: Number
    username: str
    name: str | None = None


class Liked(msgspec.Struct, frozen=True):
    post: Post
    user: Liker


class Like(msgspec.Struct, frozen=True):
    like: Liked


class Named(msgspec.Struct, frozen=True):
    """Whatever it is about."""

    post: dict[str, Any] | None = None
    like: dict[str, Any] | None = None


class Action(msgspec.Struct, frozen=True):
    """What may be done about a post, of one kind."""

    id: int
    acted: bool = False
    can_act: bool = False
    can_undo: bool = False


class Acted(msgspec.Struct, frozen=True):
    id: Number
    actions_summary: list[Action] = []


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What the forum answers to a new post: the post, or that somebody has to approve of it first."""

    id: Number | None = None
    topic_id: Number | None = None
    post_number: Number | None = None
    action: str | None = None


class Account(msgspec.Struct, frozen=True):
    id: Number
    username: str
    name: str | None = None


class Shown(msgspec.Struct, frozen=True):
    user: Account


class Extras(msgspec.Struct, frozen=True):
    wait_seconds: float | None = None


class Problem(msgspec.Struct, frozen=True):
    errors: tuple[str, ...] = ()
    error_type: str | None = None
    extras: Extras | None = None


TOLD = msgspec.json.Decoder(Told)
LIKE = msgspec.json.Decoder(Like)
ACTED = msgspec.json.Decoder(Acted)
NAMED = msgspec.json.Decoder(Named)
MADE = msgspec.json.Decoder(Made)
SHOWN = msgspec.json.Decoder(Shown)
PROBLEM = msgspec.json.Decoder(Problem)
