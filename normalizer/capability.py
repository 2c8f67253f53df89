"""What a channel can express, as data. `render` reads it; nobody asks a channel by name."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from normalizer.parts import MediaKind, SpanKind

LEAST = 4
"""The smallest text limit: in every unit any character fits it."""


class TextLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The longest text of one payload, counted as the provider counts. Raises ValueError under `LEAST`."""

    most: int
    unit: Literal["code_points", "utf16", "octets"] = "code_points"

    def __post_init__(self) -> None:
        if self.most < LEAST:
            raise ValueError(f"a text limit is at least {LEAST}")


class Encoding(StrEnum):
    """How the characters of a short message are written (3GPP TS 23.038)."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


class SegmentLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The channel counts in segments of short messages. Raises ValueError for a limit that lets nothing through."""

    most: Annotated[int, msgspec.Meta(ge=1)]
    """How many segments the text of one payload may take."""
    encoding: Encoding | None = None
    """The only one the provider sends; None: GSM-7 where it expresses the text, else UCS-2."""
    smart: bool = False
    """Typographic characters (curly quotes, dashes) are written plainly, where that brings the text into GSM-7."""

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError("a segment limit is at least 1")


class MediaLimit(msgspec.Struct, frozen=True, kw_only=True):
    kinds: frozenset[MediaKind]
    most_octets: int
    """Of one file, where `octets_by_type` has no other limit for its media type."""
    octets_by_type: Mapping[str, int] = {}
    caption: TextLimit | None = None
    """None: no caption; the text goes as a payload of its own."""
    album: int = 1
    """How many files one payload may carry."""
    album_kinds: frozenset[MediaKind] = frozenset()
    """Which kinds may share a payload; all in one payload are of kinds named here."""

    def octets(self, media_type: str) -> int:
        """How large a file of this type may be."""
        return self.octets_by_type.get(media_type, self.most_octets)


class ActionLimit(msgspec.Struct, frozen=True, kw_only=True):
    types: frozenset[str]
    """Of `reply`, `postback`, `link`, `call`, `share_location`, `form`: what becomes a button."""
    alone: frozenset[str] = frozenset()
    """Which of them are a button only where no other stands beside it."""
    most: int
    label: TextLimit
    value: TextLimit | None = None
    text: TextLimit | None = None
    """The longest text that buttons can stand under, where that is less than the channel's."""


class CardLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What the cards of one payload may hold. Each has a title, and something besides."""

    title: TextLimit
    text: TextLimit
    actions: ActionLimit
    most: Annotated[int, msgspec.Meta(ge=1)]
    """Cards in one payload."""


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    text: TextLimit
    single: bool = False
    """A message is one payload, as a notification is: what would be further ones is left out, and that is told."""
    segments: SegmentLimit | None = None
    """None: the channel does not count in segments. Else both limits hold for a payload's text."""
    spans: frozenset[SpanKind] = frozenset()
    media: MediaLimit | None = None
    """None: files are sent as links."""
    actions: ActionLimit | None = None
    """None: offered as numbered text."""
    location: bool = False
    contact_card: bool = False
    cards: bool = False
    """Cards go as they are, all in one payload, where their pictures and buttons can; else a message for each."""
    card: CardLimit | None = None
    """Of channels whose cards hold less, or other buttons, than messages do."""
    choices: bool = False
    """What somebody picked is shown as that."""
    replies: bool = False
    """A payload may quote an earlier message."""
    threads: bool = False
    """Messages carry the conversation's subject and the ids of those before them."""
    edits: bool = False
    reactions: frozenset[str] | None = None
    """None: cannot react. Empty: any emoji. Else: these."""
    typing: bool = False
    reads: bool = False
    """Customers can be shown that what they wrote was read."""
    templates: bool = False
    """The provider keeps texts it approved, which are sent by name."""
    window: int | None = None
    """For how many seconds after a message of theirs somebody may be written to in any words; later, and before they
    ever wrote, only by a template. None: always."""
    initiates: bool = True
    """We may write first to an address that never wrote to us."""
    inbound: frozenset[str] = frozenset()
    """The `type` tags of the Inbound items the channel can produce."""
