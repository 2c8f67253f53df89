"""What a direct message can express.

Source: docs.x.com/x-api/direct-messages/manage/integrate: 10 000 characters, one attachment (read 2026-11). Videos and
moving pictures are uploaded in pieces and processed afterwards; they go as links.
"""

from typing import Final

from normalizer.capability import Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

TEXT: Final = TextLimit(most=10_000)
LARGEST: Final = 5_000_000
"""Octets of a picture."""

CAPABILITY: Final = Capability(
    text=TEXT,
    media=MediaLimit(kinds=frozenset({MediaKind.IMAGE}), most_octets=LARGEST, caption=TEXT),
    inbound=frozenset(
        {
            "message_received",
            "read_up_to",
            "typing_changed",
            "consent_changed",
            "part:choice",
            "part:native",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.ANIMATION)),
        }
    ),
)
