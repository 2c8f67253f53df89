"""What a direct message can express.

Source: docs.x.com/x-api/direct-messages/manage/integrate: 10 000 characters, one attachment (read 2026-11).
"""

from typing import Final

from connectors.channels.x.uploading import KINDS, PICTURE
from normalizer.capability import Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

TEXT: Final = TextLimit(most=10_000)

CAPABILITY: Final = Capability(
    text=TEXT,
    media=MediaLimit(
        kinds=frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.ANIMATION}),
        most_octets=PICTURE.largest,
        octets_by_type={name: kind.largest for name, kind in KINDS.items()},
        caption=TEXT,
    ),
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
