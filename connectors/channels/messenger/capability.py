"""What Messenger can express.

Files go by their address, without words of their own. Source:
developers.facebook.com/docs/messenger-platform/reference/send-api, /send-messages/quick-replies and /policy
(read 2026-11).
"""

from dataclasses import replace
from typing import Final

import msgspec

from connectors.families.meta import cards
from connectors.families.meta.speaking import QUICK_REPLIES
from connectors.kit.base import Info
from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

DAY: Final = 86_400
"""Seconds after their last message."""
PICTURE: Final = 8_000_000

CAPABILITY: Final = Capability(
    text=TextLimit(most=2000, unit="utf16"),
    media=MediaLimit(
        kinds=frozenset(MediaKind),
        most_octets=25_000_000,
        octets_by_type=dict.fromkeys(("image/gif", "image/jpeg", "image/png", "image/webp"), PICTURE),
    ),
    actions=ActionLimit(
        types=frozenset({"reply", "postback"}),
        most=QUICK_REPLIES,
        label=TextLimit(most=20, unit="utf16"),
        value=TextLimit(most=1000, unit="utf16"),
    ),
    replies=True,
    reactions=frozenset(),
    typing=True,
    reads=True,
    templates=True,
    cards=True,
    card=cards.limit("reply", "postback", "link", "call"),
    window=DAY,
    initiates=False,  # ids come by webhooks only, so whom we may write to has written
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "reaction_changed",
            "status_changed",
            "read_up_to",
            "consent_changed",
            *(f"part:{part}" for part in ("location", "choice", "native")),
            *(f"media:{kind}" for kind in ("image", "video", "audio", "file", "sticker")),
        }
    ),
)

PUBLIC: Final = Capability(text=TextLimit(most=8000, unit="utf16"))
"""Of answers to comments. Meta does not document how long one may be."""


def with_people(info: Info) -> Info:
    """The same of a page whose app was granted *Human Agent*."""
    return replace(info, capability=msgspec.structs.replace(info.capability, window=7 * DAY))
