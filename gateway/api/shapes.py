"""What the API takes and gives, beside the model itself. OpenAPI is made from these.

Where a value of the model is given, its bytes go out as the store keeps them.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.case_numbers import PATTERN as CASE
from gateway.send.preview import Preview
from normalizer.events import Envelope, Participant
from normalizer.model import (
    Attachment,
    Contact,
    Conversation,
    ConversationState,
    Delivery,
    Identity,
    Message,
    Priority,
    Route,
    Time,
)


def as_stored(body: bytes) -> Any:
    """A value of the model, by the bytes it is stored as: encoded once, decoded never."""
    return msgspec.Raw(body)


LINE = r"^ *[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
Word = Annotated[str, Meta(max_length=200, pattern=LINE)]
"""A short text on one line."""
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ID = f"^{UUID}$"
ID_OR_NUMBER = f"^(?:{CASE}|{UUID})$"
Id = Annotated[str, Meta(pattern=ID)]
IdOrNumber = Annotated[str, Meta(pattern=ID_OR_NUMBER)]
PATTERNS = {
    LINE: "not a text on one line",
    ID: "not an id: a UUID in lower case, as the API gives it",
    ID_OR_NUMBER: "neither an id nor the number of a conversation",
}
"""What is said of a text that does not fit."""
Cursor = Annotated[str | None, Meta(description="`next` of the page before; absent: the first page.")]
PageSize = Annotated[int, Meta(ge=1, description="How many at most; more than 200 count as 200.")]
MOST_ON_PAGE = 200


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken: a misspelt name is refused rather than overlooked."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What is given."""


# --- queries --------------------------------------------------------------------------------------------------------


class NoQuery(Strict, frozen=True):
    pass


class EventsQuery(Strict, frozen=True, kw_only=True):
    after: Annotated[
        str, Meta(description="A position; absent or empty: from the oldest event on; `newest`: only what is to come.")
    ] = ""
    limit: Annotated[int, Meta(ge=1, description="How many at most; more than 1000 count as 1000.")] = 100
    types: Annotated[
        str,
        Meta(
            description="Short names (`message.received`) or patterns (`message.*`, `*.updated`), by comma;"
            " absent: all."
        ),
    ] = ""
    conversation: Annotated[
        IdOrNumber | None,
        Meta(description="Only events of this conversation: its id, or its number (`12`, `%2312`)."),
    ] = None
    wait: Annotated[
        float, Meta(ge=0, description="Seconds to wait while there is nothing new; more than 60 count as 60.")
    ] = 0


class ConversationsQuery(Strict, frozen=True, kw_only=True):
    limit: PageSize = 50
    cursor: Cursor = None
    state: ConversationState | None = None
    inbox: Annotated[str | None, Meta(description="Id of an inbox.")] = None
    contact: Annotated[Id | None, Meta(description="Id of a contact.")] = None


class MessagesQuery(Strict, frozen=True, kw_only=True):
    after_sequence: Annotated[int, Meta(ge=0, le=2**53, description="Only messages of a higher sequence.")] = 0
    limit: PageSize = 50


class PageQuery(Strict, frozen=True, kw_only=True):
    limit: PageSize = 50
    cursor: Cursor = None


class QuarantineQuery(PageQuery, frozen=True, kw_only=True):
    connector: Annotated[str | None, Meta(description="Name of a connector.")] = None
    state: Annotated[Literal["open", "replayed"] | None, Meta(description="`open` or `replayed`.")] = None


class UploadQuery(Strict, frozen=True, kw_only=True):
    name: Annotated[
        Annotated[str, Meta(max_length=255)] | None,
        Meta(description="The file's name, where the body is the file itself."),
    ] = None


class LinkQuery(Strict, frozen=True, kw_only=True):
    expires: Annotated[str | None, Meta(description="Of a signed link: seconds since 1970 UTC.")] = None
    signature: Annotated[str | None, Meta(description="Of a signed link.")] = None


# --- bodies ---------------------------------------------------------------------------------------------------------


class ConversationChange(Strict, frozen=True, kw_only=True):
    """What is absent stays as it is; null takes it away."""

    subject: Annotated[str, Meta(max_length=1000, pattern=LINE)] | UnsetType | None = UNSET
    state: ConversationState | UnsetType = UNSET
    category: Word | UnsetType | None = UNSET
    labels: Annotated[tuple[Word, ...], Meta(max_length=50)] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    team: Word | UnsetType | None = UNSET
    assignee: Word | UnsetType | None = UNSET


class ReadMark(Strict, frozen=True, kw_only=True):
    up_to: Id
    """A message of the conversation; everything of the customer's up to it was seen."""


class EmergencyMark(Strict, frozen=True, kw_only=True):
    why: Annotated[str, Meta(max_length=500)] | None = None
    """What the event says."""


# --- answers --------------------------------------------------------------------------------------------------------


class MessageAccepted(Given, frozen=True, kw_only=True):
    message: Message


class MessageAnswer(Given, frozen=True, kw_only=True):
    message: Message
    deliveries: tuple[Delivery, ...]
    """Oldest first: attempts, edits, reactions, fallbacks."""


class EventPage(Given, frozen=True, kw_only=True):
    events: tuple[Envelope, ...]
    next: str
    """The position to read on after; an empty page repeats it."""


class ConversationAnswer(Given, frozen=True, kw_only=True):
    conversation: Conversation
    participants: tuple[Participant, ...]
    """People in copy, and those of them who wrote."""


class ConversationPage(Given, frozen=True, kw_only=True):
    conversations: tuple[Conversation, ...]
    """Newest first."""
    next: str | None
    """Cursor of the next page; null after the last."""


class MessagePage(Given, frozen=True, kw_only=True):
    messages: tuple[Message, ...]
    next: int
    """The sequence to read on after; an empty page repeats it."""


class TimelinePage(Given, frozen=True, kw_only=True):
    messages: tuple[Message, ...]
    """Of all the contact's conversations, in the order they were recorded."""
    next: str | None


class ContactAnswer(Given, frozen=True, kw_only=True):
    contact: Contact
    identities: tuple[Identity, ...]
    routes: tuple[Route, ...]


class AttachmentAnswer(Given, frozen=True, kw_only=True):
    attachment: Attachment


class Previews(Given, frozen=True, kw_only=True):
    previews: tuple[Preview, ...]


class Done(Given, frozen=True, kw_only=True):
    accepted: bool = True
    delivery: Delivery | None = None
    """What carries it to the provider, where something must."""


class Quarantined(Given, frozen=True, kw_only=True):
    id: str
    connector: str
    raw_id: str
    key: str
    reason: str
    state: str
    """`open`, or `replayed`."""
    created_at: Time
    replayed_at: Time | None
    size: int
    """Octets of what could not be read."""


class QuarantinePage(Given, frozen=True, kw_only=True):
    quarantine: tuple[Quarantined, ...]
    """Newest first."""
    next: str | None


class RawRequest(Given, frozen=True, kw_only=True):
    """A provider's request as it came."""

    id: str
    received_at: Time
    method: str
    url: str
    headers: dict[str, str]
    """Without their secrets."""
    body: bytes
    """Base64; of one that lies in a file only the beginning."""
    sha256: str | None = None
    """Of the file in which a large one lies whole."""


class QuarantineAnswer(Given, frozen=True, kw_only=True):
    quarantined: Quarantined
    slice: bytes
    """What could not be read, base64."""
    raw: RawRequest | None
    """Null once it is no longer kept."""


class ReplayAnswer(Given, frozen=True, kw_only=True):
    state: str
    """`replayed`, or still `open`."""
    recorded: int
    """Items that were new."""
    still: str | None
    """Why it stays open."""


class Health(Given, frozen=True, kw_only=True):
    status: str
    """`ok`."""


class Readiness(Given, frozen=True, kw_only=True):
    status: str
    """`ok`."""
    roles: tuple[str, ...]
    """What this process does: `receive`, `deliver`, `relay`, `stream`, `clock`."""


class EventSchemas(Given, frozen=True, kw_only=True):
    events: dict[str, dict[str, Any]]
    """JSON Schema 2020-12 of each event, by its short name."""
