"""What a bot can express.

Source: creators.viber.com/docs/bots-api/resources/messaging/send-messages (read 2026-11).
"""

from typing import Final

from normalizer.capability import Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

LARGEST: Final = 50_000_000
"""Octets of any file."""

CAPABILITY: Final = Capability(
    text=TextLimit(most=7000),
    media=MediaLimit(kinds=frozenset(MediaKind), most_octets=LARGEST),  # only pictures have words of their own
    initiates=False,  # people have to subscribe, or to write, before a bot may
    inbound=frozenset(
        {
            "message_received",
            "status_changed",
            "consent_changed",
            "part:location",
            "part:contact_card",
            "part:native",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.FILE, MediaKind.STICKER)),
        }
    ),
)
