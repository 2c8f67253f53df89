"""What `render` makes of a message: one `Payload` per provider request, in our words, not yet on the wire."""

import msgspec

from normalizer.model import Loss
from normalizer.parts import Action, Card, ContactCardPart, LocationPart, MediaPart, Span, TemplatePart


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Frozen with the delivery before its first attempt; a retry sends exactly this."""

    text: str = ""
    spans: tuple[Span, ...] = ()
    media: tuple[MediaPart, ...] = ()
    location: LocationPart | None = None
    contact_card: ContactCardPart | None = None
    cards: tuple[Card, ...] = ()
    actions: tuple[Action, ...] = ()
    template: TemplatePart | None = None
    """All of the payload, but for `media`: the file at its head."""
    quotes: bool = False
    """This payload carries the quotation of the message answered."""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    payloads: tuple[Payload, ...]
    losses: tuple[Loss, ...] = ()
    numbered: tuple[Action, ...] = ()
    """Actions offered as numbered text: "2" comes back as a choice of the second."""
