"""What a community can express.

Source: dev.vk.com/en/method/messages.send, /api/bots/development/keyboard, /method/docs.save (read 2026-11).
"""

from typing import Final

from connectors.channels.vk.buttons import LONGEST_LABEL, LONGEST_VALUE, MOST
from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

TEXT: Final = TextLimit(most=4096, unit="utf16")
ATTACHMENTS: Final = 10
LARGEST_PHOTO: Final = 50_000_000
LARGEST: Final = 200_000_000
"""Octets of a document."""
PHOTOS: Final = frozenset({"image/jpeg", "image/png", "image/gif"})
VOICES: Final = frozenset({"audio/ogg"})
SENT: Final = frozenset({MediaKind.IMAGE, MediaKind.VOICE, MediaKind.FILE, MediaKind.VIDEO, MediaKind.ANIMATION})

CAPABILITY: Final = Capability(
    text=TEXT,
    media=MediaLimit(
        kinds=SENT,
        most_octets=LARGEST,
        octets_by_type={**dict.fromkeys(sorted(PHOTOS), LARGEST_PHOTO), "audio/mpeg": 0},  # no music as a document
        caption=TEXT,
        album=ATTACHMENTS,
        album_kinds=SENT - {MediaKind.VOICE},
    ),
    actions=ActionLimit(
        types=frozenset({"reply", "postback", "link", "share_location"}),
        most=MOST,
        label=TextLimit(most=LONGEST_LABEL),
        value=TextLimit(most=LONGEST_VALUE, unit="octets"),
    ),
    location=True,
    replies=True,
    typing=True,
    reads=True,
    initiates=False,  # people have to write, or to allow messages, before a community may
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "consent_changed",
            "typing_changed",
            "read_up_to",
            *(f"part:{part}" for part in ("location", "choice", "native")),
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VOICE, MediaKind.FILE, MediaKind.STICKER)),
        }
    ),
)
