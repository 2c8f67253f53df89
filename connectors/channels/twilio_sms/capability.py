"""What a sender can express.

Twilio takes at most 1600 characters of text, counted here as UTF-16 units, which never undercounts. Of files only
pictures go as MMS, since few telephones open anything else; other files, and pictures too large for their type, go as
links. Source: twilio.com/docs/messaging/api/message-resource (read 2026-11).
"""

from dataclasses import replace
from typing import Final

import msgspec

from connectors.kit.base import Info
from normalizer.capability import Capability, MediaLimit, SegmentLimit, TextLimit
from normalizer.parts import MediaKind

TEXT: Final = TextLimit(most=1600, unit="utf16")
SEGMENTS: Final = SegmentLimit(most=10)
"""More are not put together again by every carrier; in Latin letters a little less than the limit of characters."""
ALBUM: Final = 10
PICTURES: Final = frozenset({MediaKind.IMAGE, MediaKind.ANIMATION})

MEDIA: Final = MediaLimit(
    kinds=PICTURES,
    most_octets=500_000,
    octets_by_type=dict.fromkeys(("image/jpeg", "image/jpg", "image/png", "image/gif"), 5_000_000),
    caption=TEXT,
    album=ALBUM,
    album_kinds=PICTURES,
)
"""Sizes: the resource's `MediaUrl`."""

CAPABILITY: Final = Capability(
    text=TEXT,
    segments=SEGMENTS,
    media=MEDIA,
    inbound=frozenset(
        {
            "message_received",
            "status_changed",
            "consent_changed",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.FILE)),
        }
    ),
)


def without_mms(info: Info) -> Info:
    """The same of a sender that carries no files."""
    return replace(info, capability=msgspec.structs.replace(info.capability, media=None))
