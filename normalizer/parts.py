"""Pieces of a message (`Part`) and what its reader may do with it (`Action`).

Both are unions tagged by `type`. A part type stands here once a plugin sends or receives it.
"""

from enum import StrEnum
from typing import Any

import msgspec


class SpanKind(StrEnum):
    BOLD = "bold"
    ITALIC = "italic"
    UNDERLINE = "underline"
    STRIKE = "strike"
    CODE = "code"
    PRE = "pre"
    QUOTE = "quote"
    SPOILER = "spoiler"
    LINK = "link"
    MENTION = "mention"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Formatting of a stretch of text. Offsets and lengths count Unicode code points."""

    kind: SpanKind
    offset: int
    length: int
    url: str | None = None
    language: str | None = None


class MediaKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    ANIMATION = "animation"
    STICKER = "sticker"
    FILE = "file"


class _Part(msgspec.Struct, frozen=True, tag_field="type"):
    pass


class TextPart(_Part, tag="text", frozen=True, kw_only=True):
    """The formatted form of a message's text."""

    text: str
    spans: tuple[Span, ...] = ()


class OriginalPart(_Part, tag="original", frozen=True, kw_only=True):
    """The message as it was written, where `text` is only what is new in it. Received, never sent."""

    text: str | None = None
    """With what it quotes and the signature; None where `text` is all of it."""
    html: str | None = None
    """Sanitised: no scripts, styles or forms, and nothing that loads from elsewhere. A picture that came along is
    `attachment:<n>`, the nth media part (from 0)."""
    cut: bool = False
    """It was longer than is kept here; all of it is with what came."""


class MediaPart(_Part, tag="media", frozen=True, kw_only=True):
    attachment_id: str
    kind: MediaKind
    media_type: str
    name: str | None = None
    size: int | None = None
    alt: str | None = None
    duration: float | None = None
    """Seconds."""


class LocationPart(_Part, tag="location", frozen=True, kw_only=True):
    latitude: float
    """Degrees, WGS 84."""
    longitude: float
    name: str | None = None
    address: str | None = None


class ContactCardPart(_Part, tag="contact_card", frozen=True, kw_only=True):
    name: str
    phones: tuple[str, ...] = ()
    """E.164 where it could be read as such, else as written."""
    emails: tuple[str, ...] = ()
    organization: str | None = None


class TemplatePart(_Part, tag="template", frozen=True, kw_only=True):
    """A text the provider approved before, by its name, with what fills its places. On a channel that has templates it
    is all of the message: `text` says how it reads, and a file beside it stands at its head."""

    name: str
    language: str
    """As the provider writes it, such as `en_US`."""
    header: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    """In the order of the template's places, also where those have names."""
    buttons: tuple[str, ...] = ()
    """What fills its buttons, those that want something, in order: a payload, the end of an address, a code."""


class ReplyAction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="reply"):
    """Answers with its label, as if the reader had written it."""

    label: str
    value: str | None = None
    """What comes back as the choice; without one, or with an empty one, the label does."""


class PostbackAction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="postback"):
    """Reports `value` without a message of the reader's own."""

    label: str
    value: str


class LinkAction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="link"):
    label: str
    url: str


class CallAction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="call"):
    label: str
    number: str
    """E.164."""


class ShareLocationAction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="share_location"):
    label: str


class FormAction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="form"):
    """Opens a form that the provider holds. What the reader fills in comes back as a message of theirs."""

    label: str
    form: str
    """The form's id at the provider."""
    screen: str | None = None
    """Where it opens; the provider's choice where none is named."""
    data: dict[str, Any] = {}
    """What that screen begins with."""
    url: str | None = None
    """Where the same can be filled in by readers whose channel has no forms."""


Action = ReplyAction | PostbackAction | LinkAction | CallAction | ShareLocationAction | FormAction


class Card(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    text: str | None = None
    image: str | None = None
    """Attachment id."""
    actions: tuple[Action, ...] = ()


class CardsPart(_Part, tag="cards", frozen=True, kw_only=True):
    cards: tuple[Card, ...]


class ChoicePart(_Part, tag="choice", frozen=True, kw_only=True):
    """The reader picked an action of an earlier message of ours."""

    value: str
    label: str | None = None
    message_id: str | None = None
    """Our message that offered it, where it is known."""


class CallStatus(StrEnum):
    """What a call is at."""

    RINGING = "ringing"
    CHOOSING = "choosing"
    """In a menu."""
    QUEUED = "queued"
    """Waits for somebody to be free."""
    CONNECTING = "connecting"
    """It rings where it is put through to."""
    ANSWERED = "answered"
    """Somebody, and no menu, talks."""
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    """The caller asks to be called."""
    COMPLETED = "completed"
    MISSED = "missed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    FAILED = "failed"


class CallPart(_Part, tag="call", frozen=True, kw_only=True):
    """The call a message stands for. Received, never sent; its recording is a media part beside it."""

    call_id: str
    status: CallStatus
    incoming: bool = True
    duration: float | None = None
    """Seconds; None while it lasts."""
    choices: tuple[str, ...] = ()
    """What the caller chose in menus."""
    transcript: str | None = None


class NativePart(_Part, tag="native", frozen=True, kw_only=True):
    """What no other part expresses, as the provider said it."""

    kind: str
    """The provider's word, such as `poll`."""
    data: dict[str, Any] = {}


Part = (
    TextPart
    | OriginalPart
    | MediaPart
    | LocationPart
    | ContactCardPart
    | CardsPart
    | ChoicePart
    | CallPart
    | TemplatePart
    | NativePart
)
