"""Commands: what a principal asks of the hub. Over HTTP today, over the bus with the same shapes."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from normalizer.model import Author, Direction, Purpose, Time, Value
from normalizer.parts import Action, Part

MAX_TEXT = 100_000
MAX_PARTS = 50
MAX_ACTIONS = 100
MAX_AFTER = 30 * 86_400


class Recipient(Value, frozen=True, kw_only=True):
    """Somebody by address, on a named connector."""

    connector: str
    address: str
    """As people write it: a phone number, an e-mail address, a chat id, a handle."""


class Fallback(Value, frozen=True, kw_only=True):
    """Where a message goes next: when it could not be delivered, and, with `after`, when it was not in time."""

    channel: str
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Seconds, 30 days at most, for the delivery before to come to `unless`; 0: only its failure leads here."""
    unless: Literal["accepted", "delivered", "read"] | None = None
    """With `after`; None: delivered."""
    uncertain: bool = False
    """With `after`: also when it is not known whether the delivery before left. It may then arrive twice."""


class SendMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`message.send`. Exactly one of `conversation_id`, `contact_id`, `to` says to whom."""

    conversation_id: str | None = None
    contact_id: str | None = None
    to: Recipient | None = None
    text: str = ""
    parts: tuple[Part, ...] = ()
    actions: tuple[Action, ...] = ()
    route_id: str | None = None
    channel: str | None = None
    reply_to: str | None = None
    fallback: tuple[Fallback, ...] = ()
    purpose: Purpose = Purpose.REPLY
    author: Author | None = None
    direction: Direction = Direction.OUT
    client_ref: str | None = None
    expires_at: Time | None = None


class EditMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="message.edit",
):
    """Replaces the text of a message of ours, here and at the provider."""

    message_id: str
    text: str
    parts: tuple[Part, ...] = ()


class SetReaction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="reaction.set",
):
    """Our one reaction to a message; None takes it back."""

    message_id: str
    reaction: str | None


class SetTyping(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="typing.set"
):
    """Shows the customer that somebody is writing. Ephemeral: never stored, never repeated."""

    conversation_id: str
    route_id: str | None = None


Command = EditMessage | SetReaction | SetTyping


def excess(text: str, parts: Sequence[Part] = (), actions: Sequence[Action] = ()) -> tuple[str, int, int] | None:
    """What of a message no command may carry: its name, its size and the most there may be; None where all is well."""
    sizes = (("text", len(text), MAX_TEXT), ("parts", len(parts), MAX_PARTS), ("actions", len(actions), MAX_ACTIONS))
    return next(((name, size, most) for name, size, most in sizes if size > most), None)
