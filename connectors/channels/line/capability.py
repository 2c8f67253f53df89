"""What a channel can express.

Files go by their address, in types LINE shows; all others, stickers and files of no shown kind go as links. One push
carries up to five messages and counts once against the account's quota, so text and files share a payload. Source:
developers.line.biz/en/reference/messaging-api/#message-objects, #quick-reply, /text-character-count (read 2026-11).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec

from connectors.kit.base import Info
from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

MESSAGES: Final = 5
"""Of one push."""
TEXT: Final = TextLimit(most=5000, unit="utf16")
PREVIEW_OCTETS: Final = 1_000_000
"""A picture this small is its own preview."""
BUTTONS: Final = 13

PICTURES: Final = frozenset({"image/jpeg", "image/png"})
VIDEOS: Final = frozenset({"video/mp4"})
SOUNDS: Final = frozenset({"audio/mp4", "audio/x-m4a", "audio/m4a", "audio/mpeg"})

MEDIA: Final = MediaLimit(
    kinds=frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.ANIMATION, MediaKind.AUDIO, MediaKind.VOICE}),
    most_octets=0,  # of a type that is not shown: it goes as a link
    octets_by_type={
        **dict.fromkeys(sorted(PICTURES), 10_000_000),
        **dict.fromkeys(sorted(VIDEOS | SOUNDS), 200_000_000),
    },
    caption=TEXT,
    album=MESSAGES - 1,
    album_kinds=frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.ANIMATION, MediaKind.AUDIO, MediaKind.VOICE}),
)

CAPABILITY: Final = Capability(
    text=TEXT,
    media=MEDIA,
    actions=ActionLimit(
        types=frozenset({"reply", "postback", "link", "call", "share_location"}),
        most=BUTTONS,
        # LINE counts labels in grapheme clusters, of which a text has no more than code points.
        label=TextLimit(most=20),
        value=TextLimit(most=300, unit="utf16"),
    ),
    location=True,
    cards=True,
    typing=True,
    initiates=False,  # ids come by webhooks only, so whom we may write to has written, or let us in
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "consent_changed",
            *(f"part:{part}" for part in ("text", "location", "choice", "native")),
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.FILE)),
        }
    ),
)


def without_preview(info: Info) -> Info:
    """The same of a channel that has no picture to stand for a video."""
    return replace(info, capability=msgspec.structs.replace(info.capability, media=_small(MEDIA)))


def _small(media: MediaLimit) -> MediaLimit:
    octets: Mapping[str, int] = {
        **{name: most for name, most in media.octets_by_type.items() if name not in VIDEOS},
        **dict.fromkeys(sorted(PICTURES), PREVIEW_OCTETS),
    }
    kinds = media.kinds - {MediaKind.VIDEO, MediaKind.ANIMATION}
    return msgspec.structs.replace(media, kinds=kinds, octets_by_type=octets, album_kinds=kinds)
