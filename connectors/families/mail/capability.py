"""What a mail can express."""

from typing import Final

from connectors.families.mail.markup import ELEMENTS
from connectors.kit.patience import Patience
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

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
PATIENCE: Final = Patience(
    waits=(MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR),
    lasts=5 * 24 * HOUR,
)
"""Some attempts in the first hour, then fewer, then one every three hours, for five days: RFC 5321 §4.5.4.1 asks for 30
minutes and more in general, and for four to five days (read 2026-11). The first waits are shorter, for a relay that
restarts and for greylisting, which lets most mail in after 5 to 15 minutes.
"""
