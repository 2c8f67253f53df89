"""Commands: what a principal asks of the hub. Over HTTP today, over the bus with the same shapes."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from normalizer.codec import encode
from normalizer.model import Author, Direction, Purpose, Time, Value
from normalizer.parts import Action, Part

MAX_TEXT = 100_000
MAX_PARTS = 50
MAX_ACTIONS = 100
MAX_CODE_TEXT = 1_000
MAX_AFTER = 30 * 86_400


Short = Annotated[str, msgspec.Meta(max_length=500)]
Shorts = Annotated[tuple[Short, ...], msgspec.Meta(max_length=50)]


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


Named = Annotated[str, msgspec.Meta(min_length=1)]
"""An id that somebody gives: an empty one is a mistake, and not the same as none."""


class SendMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`message.send`. Exactly one of `conversation_id`, `contact_id`, `to` says to whom."""

    conversation_id: Named | None = None
    contact_id: Named | None = None
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
    copy: Literal["none", "all"] = "none"
    """`all`: also to those whom the message answered was from or addressed to, each by a delivery of their own."""
    client_ref: Named | None = None
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


class RedactMessage(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="message.redact"
):
    """Takes away what a message said, whoever wrote it, wherever the hub keeps or shows it. There is no way back."""

    message_id: str


class RaiseEmergency(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="emergency.raise"
):
    """Says that a conversation is an emergency, as its customer might."""

    conversation_id: str
    why: Short | None = None


class SetTyping(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="typing.set"
):
    """Shows the customer that somebody is writing. Ephemeral: never stored, never repeated."""

    conversation_id: str
    route_id: str | None = None


class ReadConversation(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="conversation.read"
):
    """Says that an agent has seen what the customer wrote, up to a message of the conversation. Older ones change
    nothing."""

    conversation_id: str
    up_to: str
    """Id of a message, whoever wrote it."""


class ContactChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is absent stays as it is; null takes it away."""

    external_id: Short | msgspec.UnsetType | None = msgspec.UNSET
    """The contact's id in a system of yours."""
    name: Short | msgspec.UnsetType | None = msgspec.UNSET
    locale: Short | msgspec.UnsetType | None = msgspec.UNSET
    """BCP 47."""
    timezone: Short | msgspec.UnsetType | None = msgspec.UNSET
    """A name of the IANA database."""
    attributes: Annotated[dict[Short, Short], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    """All of them: those not named here are gone."""
    tags: Shorts | msgspec.UnsetType = msgspec.UNSET
    vip: bool | msgspec.UnsetType = msgspec.UNSET
    preferred_channels: Shorts | msgspec.UnsetType = msgspec.UNSET
    """The first is tried first."""
    organization: Short | msgspec.UnsetType | None = msgspec.UNSET


class UpdateContact(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="contact.update"
):
    contact_id: str
    change: ContactChange


class MergeContacts(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="contact.merge"
):
    """Says that two contacts are one person. The older one stays, whichever is named first."""

    contact_id: str
    other_id: str
    why: Short | None = None


class UnmergeContact(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="contact.unmerge"
):
    """Undoes the merge by which a contact became part of another."""

    contact_id: str
    why: Short | None = None


class LinkRoute(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="route.link"
):
    """Says that the address a route leads to is this contact's."""

    route_id: str
    contact_id: str
    why: Short | None = None


class UnlinkRoute(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="route.unlink"
):
    """Says that the address a route leads to is no longer its contact's: it becomes that of a new one."""

    route_id: str
    why: Short | None = None


class RequestVerification(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="verification.request"
):
    """Sends a one-time code to an address that a contact says is theirs too. Exactly one of `connector`, `channel`."""

    contact_id: str
    address: str
    """As people write it: a phone number, an e-mail address."""
    connector: str | None = None
    channel: str | None = None
    """Any connector of it that can write first."""
    text: Annotated[str, msgspec.Meta(max_length=MAX_CODE_TEXT)] | None = None
    """What is sent, with `{code}` where the code goes; else a sentence in the contact's language."""


Arrangement = UpdateContact | MergeContacts | UnmergeContact | LinkRoute | UnlinkRoute
AboutPeople = Arrangement | RequestVerification
AboutMessages = EditMessage | SetReaction | RedactMessage | RaiseEmergency
Command = AboutMessages | SetTyping | ReadConversation | AboutPeople


def excess(text: str, parts: Sequence[Part] = (), actions: Sequence[Action] = ()) -> tuple[str, int, int] | None:
    """What of a message no command may carry: its name, its size and the most there may be; None where all is well."""
    sizes = (("text", len(text), MAX_TEXT), ("parts", len(parts), MAX_PARTS), ("actions", len(actions), MAX_ACTIONS))
    return next(((name, size, most) for name, size, most in sizes if size > most), None)


def nul_in(command: Any) -> str | None:
    """Which field of a command holds a NUL, that neither stores nor channels carry: `text`, `parts[0].name`; None where
    none does."""
    if _NUL not in encode(command):
        return None
    waiting: list[tuple[str, Any]] = [("", msgspec.to_builtins(command))]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str) and "\0" in value:
            return name
        if isinstance(value, dict):
            waiting += [(f"{name}.{key}".removeprefix(".")[:_LONGEST_NAME], each) for key, each in value.items()]
            waiting += [(name, key) for key in value]
        if isinstance(value, list | tuple):
            waiting += [(f"{name}[{n}]"[:_LONGEST_NAME], each) for n, each in enumerate(value)]
    return None


_NUL = b"\\u0000"
_LONGEST_NAME = 200
"""Some names are the sender's."""
