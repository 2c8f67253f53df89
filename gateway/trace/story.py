"""A story, as data: what an operator sees of a message, from the provider's request to the last subscriber.

Times are UTC. Secrets are `***`, bodies cut to 2 KiB, texts to 16; and there is not more of anything than the story
says. Where there is, `notes` say so.
"""

from typing import Literal

import msgspec

from normalizer.model import Attachment, Contact, Conversation, Delivery, Identity, Message, Route, Time


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a story."""


class Clue(Told, frozen=True, kw_only=True):
    """What the name that was asked for turned out to be."""

    kind: str
    """`message`, `delivery`, `conversation`, `contact`, `identity`, `route`, `raw`, `attachment`, `quarantine`,
    `exchange`, `event`, `external id`, `dedupe key`, `trace`, `command`, `idempotency key` or `client ref`."""
    name: str


class RawRequest(Told, frozen=True, kw_only=True):
    """A provider's request as it came."""

    id: str
    connector: str
    received_at: Time
    method: str
    url: str
    headers: dict[str, str]
    body: str


class Item(Told, frozen=True, kw_only=True):
    """One item a plugin made of a request; its key is what refuses a redelivery."""

    connector: str
    key: str
    raw_id: str
    recorded_at: Time


class Event(Told, frozen=True, kw_only=True):
    position: int
    id: str
    type: str
    """Its short name."""
    time: Time
    sequence: int | None
    subject: str
    trace: str | None
    """32 hexadecimal digits; what else bears them has the same cause."""
    says: str
    """In a few words."""


class Exchanged(Told, frozen=True, kw_only=True):
    """One request to a provider and its answer."""

    id: str
    at: Time
    method: str
    url: str
    request_body: str
    status: int | None
    response_body: str
    error: str | None
    milliseconds: float


class Sending(Told, frozen=True, kw_only=True):
    """A delivery, and what was said to the provider for it."""

    connector: str
    delivery: Delivery
    asked_to_wait: int
    """How often the provider asked for patience; costs no attempt."""
    created_at: Time
    updated_at: Time
    due_at: Time | None
    """None while it waits for another of its route."""
    expires_at: Time | None
    exchanges: tuple[Exchanged, ...]


class Filed(Told, frozen=True, kw_only=True):
    """A file, and what was said to the provider to get it."""

    connector: str | None
    attachment: Attachment
    attempts: int
    exchanges: tuple[Exchanged, ...]


class Chapter(Told, frozen=True, kw_only=True):
    """Everything about one message, in the order in which it came about."""

    raws: tuple[RawRequest, ...]
    items: tuple[Item, ...]
    message: Message
    events: tuple[Event, ...]
    deliveries: tuple[Sending, ...]
    attachments: tuple[Filed, ...]


class Quarantined(Told, frozen=True, kw_only=True):
    """What could not be read or recorded."""

    id: str
    connector: str
    raw_id: str
    key: str
    reason: str
    state: str
    created_at: Time
    replayed_at: Time | None


class Person(Told, frozen=True, kw_only=True):
    contact: Contact
    identities: tuple[Identity, ...]


class Held(Told, frozen=True, kw_only=True):
    """An event that a subscriber did not take, or that waits behind one."""

    position: int
    state: Literal["held", "parked"]
    """Tried again by itself, or by an operator only."""
    attempts: int
    error: str | None
    """What came of the last attempt."""
    due_at: Time | None
    """When it is tried again."""
    since: Time
    behind: int | None
    """The position of the event of its conversation that it waits for."""


class Subscriber(Told, frozen=True, kw_only=True):
    """Where each event of the story is on its way to one subscriber, by positions, as the store knows: what was sent
    within the last second may still read as waiting."""

    name: str
    target: Literal["queue", "webhook", "exchange"]
    state: str
    """`active`, `paused`, `parked`, `disabled`, or `new` before it ran for the first time."""
    reason: str | None
    """Why it is parked or disabled."""
    problem: str | None
    """Why nothing is taken at the moment, though it is active."""
    position: int | None
    """Everything up to it was sent, is held, or is not wanted."""
    sent: tuple[int, ...]
    """Taken; or skipped by an operator, of whom nothing is kept."""
    waiting: tuple[int, ...]
    """Not reached yet."""
    held: tuple[Held, ...]
    earlier: tuple[int, ...]
    """From before it began, with the newest event; an operator may have moved it back there."""
    unwanted: tuple[int, ...]


class Story(Told, frozen=True, kw_only=True):
    asked: str
    clues: tuple[Clue, ...]
    people: tuple[Person, ...]
    routes: tuple[Route, ...]
    conversations: tuple[Conversation, ...]
    chapters: tuple[Chapter, ...]
    """Oldest first."""
    events: tuple[Event, ...]
    """Those of the conversations rather than of one message, and of a trace."""
    raws: tuple[RawRequest, ...]
    """Requests that became no message of this story."""
    items: tuple[Item, ...]
    quarantine: tuple[Quarantined, ...]
    subscribers: tuple[Subscriber, ...]
    older: bool
    """There are more messages, of which only the newest stand here."""
    notes: tuple[str, ...]
    """What else is left out, or was not looked at."""
