"""A story, as data: what an operator sees of a message from the provider's request to the provider's answer.

Times are UTC. Secrets are `***`, bodies cut to 2 KiB.
"""

import msgspec

from normalizer.model import Attachment, Contact, Conversation, Delivery, Identity, Message, Route, Time


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a story."""


class Clue(Told, frozen=True, kw_only=True):
    """What the name that was asked for turned out to be."""

    kind: str
    """`message`, `delivery`, `conversation`, `contact`, `identity`, `route`, `raw`, `attachment`, `quarantine`,
    `exchange`, `event`, `external id` or `dedupe key`."""
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
    due_at: Time
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


class Story(Told, frozen=True, kw_only=True):
    asked: str
    clues: tuple[Clue, ...]
    people: tuple[Person, ...]
    routes: tuple[Route, ...]
    conversations: tuple[Conversation, ...]
    chapters: tuple[Chapter, ...]
    """Oldest first."""
    events: tuple[Event, ...]
    """Those of the conversations rather than of one message."""
    raws: tuple[RawRequest, ...]
    """Requests that became no message of this story."""
    items: tuple[Item, ...]
    quarantine: tuple[Quarantined, ...]
    older: bool
    """There is more to tell, of which only the newest stands here."""
