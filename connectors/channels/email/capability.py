"""What a mail can express."""

from typing import Final

from connectors.channels.email.markup import ELEMENTS
from normalizer.capability import Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

TEXT: Final = TextLimit(most=500_000)

CAPABILITY: Final = Capability(
    text=TEXT,
    spans=frozenset(ELEMENTS),
    media=MediaLimit(
        kinds=frozenset(MediaKind),
        most_octets=25_000_000,
        caption=TEXT,
        album=10,
        album_kinds=frozenset(MediaKind),
    ),
    replies=True,
    threads=True,
    inbound=frozenset(
        {
            "message_received",
            "status_changed",
            "consent_changed",
            "part:original",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.FILE)),
        }
    ),
)
