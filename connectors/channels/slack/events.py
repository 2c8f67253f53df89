"""What we read of a request; every other key is passed over.

Source: docs.slack.dev/apis/events-api, docs.slack.dev/reference/events/message,
docs.slack.dev/reference/interaction-payloads/block_actions-payload (read 2026-11). Ids and `ts` are bounded so that
keys can be made of them.
"""

from typing import Annotated, Any

import msgspec

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Ts = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}\.[0-9]{1,6}\Z")]
"""Seconds since 1970 UTC, a point, and digits that make it unique in its channel; compared as it is written."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=1e12)]


class _Wire(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Authorization(_Wire, frozen=True, kw_only=True):
    user_id: str | None = None
    is_bot: bool = False


class Envelope(_Wire, frozen=True, kw_only=True):
    type: str
    challenge: str | None = None
    api_app_id: str | None = None
    """Our own app's."""
    event_id: Id | None = None
    event: msgspec.Raw = msgspec.Raw()
    authorizations: list[Authorization] = []
    """Whom the event is told to: our bot."""


class Typed(_Wire, frozen=True, kw_only=True):
    """An event of which nothing but its kind is read."""

    type: str


class BotProfile(_Wire, frozen=True, kw_only=True):
    app_id: str | None = None
    name: str | None = None


class File(_Wire, frozen=True, kw_only=True):
    """A file Slack holds, or only links to (`is_external`), or does not tell more of yet (`file_access`)."""

    id: Id
    name: str | None = None
    title: str | None = None
    mimetype: str | None = None
    subtype: str | None = None
    """`slack_audio` or `slack_video` for what was recorded in the client."""
    size: Count | None = None
    mode: str | None = None
    is_external: bool = False
    file_access: str | None = None
    url_private: str | None = None
    url_private_download: str | None = None
    duration_ms: Milliseconds | None = None
    alt_txt: str | None = None
    permalink: str | None = None
    """Where people see it, who are signed in."""


class Message(_Wire, frozen=True, kw_only=True):
    ts: Ts
    channel: Id | None = None
    """Absent in the messages that an edit carries."""
    channel_type: str | None = None
    subtype: str | None = None
    user: Id | None = None
    bot_id: Id | None = None
    app_id: str | None = None
    bot_profile: BotProfile | None = None
    username: str | None = None
    text: str | None = None
    thread_ts: Ts | None = None
    latest_reply: Ts | None = None
    """In a list, of what a thread hangs under."""
    files: list[File] | None = None
    attachments: list[dict[str, Any]] | None = None
    blocks: list[dict[str, Any]] | None = None
    message: "Message | None" = None
    previous_message: "Message | None" = None
    deleted_ts: Ts | None = None


class Item(_Wire, frozen=True, kw_only=True):
    type: str
    channel: Id | None = None
    ts: Ts | None = None


class Reaction(_Wire, frozen=True, kw_only=True):
    user: Id
    reaction: str
    item: Item
    event_ts: Ts


class Words(_Wire, frozen=True, kw_only=True):
    """A text object."""

    text: str = ""


class Option(_Wire, frozen=True, kw_only=True):
    text: Words = Words()
    value: str | None = None


class Action(_Wire, frozen=True, kw_only=True):
    action_id: str
    action_ts: Ts
    type: str | None = None
    text: Words | None = None
    value: str | None = None
    selected_option: Option | None = None


class Whom(_Wire, frozen=True, kw_only=True):
    id: Id
    name: str | None = None
    username: str | None = None


class Where(_Wire, frozen=True, kw_only=True):
    type: str | None = None
    message_ts: Ts | None = None
    channel_id: Id | None = None
    thread_ts: Ts | None = None


class Interaction(_Wire, frozen=True, kw_only=True):
    """The form field `payload` of an interactive request."""

    type: str
    user: Whom | None = None
    container: Where | None = None
    actions: list[msgspec.Raw] = []


ENVELOPE = msgspec.json.Decoder(Envelope)
TYPED = msgspec.json.Decoder(Typed)
MESSAGE = msgspec.json.Decoder(Message)
REACTION = msgspec.json.Decoder(Reaction)
INTERACTION = msgspec.json.Decoder(Interaction)
ACTION = msgspec.json.Decoder(Action)
