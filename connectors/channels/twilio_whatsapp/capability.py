"""What a WhatsApp message through Twilio can express.

Twilio takes at most 1600 characters and one file. Buttons, lists and cards want contents made beforehand: they go as
numbered text (docs/adr/0034). Source: twilio.com/docs/whatsapp/api, twilio.com/docs/messaging/api/message-resource
(read 2026-11).
"""

from typing import Final

from normalizer.capability import Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

WINDOW: Final = 86_400
"""Seconds after their last message."""
TEXT: Final = TextLimit(most=1600, unit="utf16")
KINDS: Final = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.VOICE, MediaKind.FILE})
MEDIA: Final = MediaLimit(kinds=KINDS, most_octets=16_000_000)
"""Not every kind shows words beside it, so they go as a message of their own."""

CAPABILITY: Final = Capability(
    text=TEXT,
    media=MEDIA,
    location=True,
    typing=True,
    templates=True,
    window=WINDOW,
    inbound=frozenset(
        {
            "message_received",
            "status_changed",
            "consent_changed",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.FILE)),
            *(f"part:{kind}" for kind in ("location", "choice", "native")),
        }
    ),
)
