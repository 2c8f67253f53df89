"""What an account can express by messages of its customer service.

Source: developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html,
.../Asset_Management/New_temporary_materials.html (read 2026-11).
"""

from typing import Final

from normalizer.capability import Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

UPLOADS: Final = {
    "image/jpeg": "image",
    "image/png": "image",
    "image/gif": "image",
    "audio/amr": "voice",
    "audio/mpeg": "voice",
    "video/mp4": "video",
}
"""Types of files that are taken, and as what."""
LARGEST: Final = {"image": 10_000_000, "voice": 2_000_000, "video": 10_000_000}
"""Octets."""

CAPABILITY: Final = Capability(
    text=TextLimit(most=2048, unit="octets"),
    media=MediaLimit(
        kinds=frozenset({MediaKind.IMAGE, MediaKind.VOICE, MediaKind.VIDEO}),
        most_octets=0,  # of a type that is not taken: it goes as a link
        octets_by_type={media_type: LARGEST[kind] for media_type, kind in UPLOADS.items()},
    ),
    typing=True,
    templates=True,
    initiates=False,  # an account answers within 48 hours of what somebody said, and five times at most
    inbound=frozenset(
        {
            "message_received",
            "status_changed",
            "consent_changed",
            "part:location",
            "part:choice",
            "part:native",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VOICE, MediaKind.VIDEO)),
        }
    ),
)
