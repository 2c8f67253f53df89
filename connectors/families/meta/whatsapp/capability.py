"""What the Cloud API can express.

Files go by their address. Source: developers.facebook.com/docs/whatsapp/cloud-api/reference/messages and /media
(read 2026-11).
"""

from collections.abc import Mapping
from typing import Final

from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

WINDOW: Final = 86_400
"""Seconds after their last message."""
BODY: Final = TextLimit(most=1024, unit="utf16")
"""Of a caption, and above buttons. How Meta counts it does not say; UTF-16 units never undercount."""
BUTTONS: Final = 3
"""More choices are a list."""
ROWS: Final = 10
PICTURES: Final = frozenset({"image/jpeg", "image/png"})
VIDEOS: Final = frozenset({"video/mp4", "video/3gpp"})
SOUNDS: Final = frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"})
STICKERS: Final = frozenset({"image/webp"})
OCTETS: Final[Mapping[str, int]] = {
    **dict.fromkeys(sorted(PICTURES), 5_000_000),
    **dict.fromkeys(sorted(VIDEOS | SOUNDS), 16_000_000),
    "image/webp": 500_000,
}

CAPABILITY: Final = Capability(
    text=TextLimit(most=4096, unit="utf16"),
    media=MediaLimit(
        kinds=frozenset(MediaKind),  # what is none of the shown types goes as a document
        most_octets=100_000_000,
        octets_by_type=OCTETS,
        caption=BODY,
    ),
    actions=ActionLimit(
        types=frozenset({"reply", "postback", "link", "share_location", "form"}),
        alone=frozenset({"link", "share_location", "form"}),
        most=ROWS,
        label=TextLimit(most=20, unit="utf16"),
        value=TextLimit(most=200, unit="utf16"),
        text=BODY,
    ),
    location=True,
    contact_card=True,
    replies=True,
    reactions=frozenset(),
    typing=True,
    reads=True,
    templates=True,
    window=WINDOW,
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "reaction_changed",
            "status_changed",
            "consent_changed",
            "identity_moved",
            *(f"part:{part}" for part in ("location", "contact_card", "choice", "native")),
            *(
                f"media:{kind}"
                for kind in (
                    MediaKind.IMAGE,
                    MediaKind.VIDEO,
                    MediaKind.AUDIO,
                    MediaKind.VOICE,
                    MediaKind.STICKER,
                    MediaKind.FILE,
                )
            ),
        }
    ),
)
