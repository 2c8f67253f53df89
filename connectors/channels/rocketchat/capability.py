"""What a message in a room of the omnichannel can express."""

from typing import Final

from normalizer.capability import Capability, TextLimit
from normalizer.parts import MediaKind

CAPABILITY: Final = Capability(
    text=TextLimit(most=5000),  # what a workspace takes unless it is set otherwise
    initiates=False,  # a room begins with its visitor
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.FILE)),
        }
    ),
)
