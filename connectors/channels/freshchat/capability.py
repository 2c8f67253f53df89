"""What a message in Freshchat can express."""

from typing import Final

from normalizer.capability import Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

CAPABILITY: Final = Capability(
    text=TextLimit(most=5000),
    media=MediaLimit(kinds=frozenset({MediaKind.IMAGE}), most_octets=25 << 20),
    inbound=frozenset(
        {
            "message_received",
            "part:native",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.FILE)),
        }
    ),
)
"""The limits are ours: Freshchat does not publish its own."""
