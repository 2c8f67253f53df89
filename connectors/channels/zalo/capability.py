"""What a message of an official account can express."""

from typing import Final

from normalizer.capability import Capability, TextLimit
from normalizer.parts import MediaKind

CAPABILITY: Final = Capability(
    text=TextLimit(most=2000),
    replies=True,
    initiates=False,  # whoever never wrote nor followed cannot be written to
    inbound=frozenset(
        {
            "message_received",
            "status_changed",
            "consent_changed",
            "part:location",
            "part:native",
            *(
                f"media:{kind}"
                for kind in (
                    MediaKind.IMAGE,
                    MediaKind.ANIMATION,
                    MediaKind.STICKER,
                    MediaKind.AUDIO,
                    MediaKind.VIDEO,
                    MediaKind.FILE,
                )
            ),
        }
    ),
)
