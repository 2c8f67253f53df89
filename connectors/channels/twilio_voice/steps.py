"""What a caller can be led through. Each step says something, and leads to others by name."""

from typing import Annotated

import msgspec

Words = str | dict[str, str]
"""A text, or texts by language (BCP 47)."""
Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9*]{1,4}$")]
Heard = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Address = Annotated[str, msgspec.Meta(pattern=r"^(\+[1-9][0-9]{1,14}|client:[A-Za-z0-9_]{1,256}|sip:[^\s<>]{1,250})$")]
QueueName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    say: Words = ""
    language: str | None = None
    """What is said and listened for is in this language from here on."""
    closed: str | None = None
    """The step that takes its place out of hours."""


class Menu(_Step, tag="menu", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys or words to choose from, other menus among them."""

    keys: dict[Key, str] = {}
    words: dict[Heard, str] = {}
    """Words or phrases that are listened for, in whatever language is spoken there."""
    timeout: Annotated[int, msgspec.Meta(ge=1, le=60)] = 5
    """Seconds of silence."""
    tries: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    """How often it is said before it is given up."""
    otherwise: str | None = None
    """The step then; without one, goodbye."""


class Dial(_Step, tag="dial", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rings all of these at once; who answers first has the call."""

    to: Annotated[tuple[Address, ...], msgspec.Meta(min_length=1, max_length=10)]
    timeout: Annotated[int, msgspec.Meta(ge=5, le=600)] = 20
    record: bool = False
    """Whether the conversation is recorded; the law of the place may ask for the caller's consent."""
    otherwise: str | None = None
    """The step where nobody answers."""


class Queue(_Step, tag="queue", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Waits until an agent is free, and hears how long."""

    queue: QueueName
    every: Annotated[int, msgspec.Meta(ge=5, le=120)] = 20
    """Seconds between two words on where one stands."""
    music: str | None = None
    """Address of what is played in between."""
    most: Annotated[int, msgspec.Meta(ge=10, le=7200)] = 900
    """Seconds after which waiting is given up."""
    otherwise: str | None = None
    """The step then, and where the queue is full."""


class Room(_Step, tag="room", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room of the caller's own: agents join it, several at a time, and may leave it to each other."""

    music: str | None = None
    """Address of what is played until somebody joins; Twilio's own unless set."""
    record: bool = False
    """Whether what is said in it is recorded, once; the law of the place may ask for the caller's consent."""
    otherwise: str | None = None
    """The step where it cannot be opened."""


class Voicemail(_Step, tag="voicemail", frozen=True, kw_only=True, forbid_unknown_fields=True):
    most: Annotated[int, msgspec.Meta(ge=2, le=3600)] = 120
    """Seconds. Twilio transcribes what is shorter than two minutes."""
    timeout: Annotated[int, msgspec.Meta(ge=1, le=60)] = 5
    """Seconds of silence that end it."""
    transcribe: bool = True
    """English only."""


class Callback(_Step, tag="callback", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keeps that the caller asks to be called, and says goodbye."""


class Hangup(_Step, tag="hangup", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says its words, and ends the call."""


Step = Menu | Dial | Queue | Room | Voicemail | Callback | Hangup
