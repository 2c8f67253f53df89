"""What a message of an official account can express."""

from typing import Final

from connectors.channels.zalo.wire import DOCUMENTS, ICONS, LARGEST_DOCUMENT, LARGEST_PICTURE, PICTURES
from normalizer.capability import Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

CAPABILITY: Final = Capability(
    text=TextLimit(most=2000),
    media=MediaLimit(
        kinds=frozenset({MediaKind.IMAGE, MediaKind.FILE}),
        most_octets=0,  # of a type that is not taken: it goes as a link
        octets_by_type={
            **dict.fromkeys(sorted(PICTURES), LARGEST_PICTURE),
            **dict.fromkeys(sorted(DOCUMENTS), LARGEST_DOCUMENT),
        },
    ),
    replies=True,
    reactions=frozenset(ICONS),
    initiates=False,  # whoever never wrote nor followed cannot be written to
    inbound=frozenset(
        {
            "message_received",
            "status_changed",
            "consent_changed",
            "reaction_changed",
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
