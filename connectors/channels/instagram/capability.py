"""What Instagram can express in messages.

Files go by their address, without words of their own. Source:
developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api and
/docs/messenger-platform/instagram (read 2026-11).
"""

from collections.abc import Mapping
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
LOVE: Final[Mapping[str, str]] = {"❤️": "love", "❤": "love"}
"""Reactions of ours, and Meta's word for each."""
PICTURES: Final = ("image/gif", "image/jpeg", "image/png")
OTHERS: Final = (
    "application/pdf",
    "audio/aac",
    "audio/mp4",
    "audio/mpeg",
    "audio/wav",
    "audio/x-m4a",
    "video/mp4",
    "video/ogg",
    "video/quicktime",
    "video/webm",
    "video/x-msvideo",
)

CAPABILITY: Final = Capability(
    text=TextLimit(most=1000, unit="octets"),
    media=MediaLimit(
        kinds=frozenset(MediaKind) - {MediaKind.STICKER},
        most_octets=0,  # of a type that is not taken: it goes as a link
        octets_by_type={**dict.fromkeys(PICTURES, 8_000_000), **dict.fromkeys(OTHERS, 25_000_000)},
    ),
    actions=ActionLimit(
        types=frozenset({"reply", "postback"}),
        most=QUICK_REPLIES,
        label=TextLimit(most=20, unit="utf16"),
        value=TextLimit(most=1000, unit="utf16"),
    ),
    reactions=frozenset({"❤️", "❤"}),
    typing=True,
    reads=True,
    cards=True,
    card=cards.limit("reply", "postback", "link"),
    window=DAY,
    initiates=False,  # ids come by webhooks only, so whom we may write to has written
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "reaction_changed",
            "read_up_to",
            *(f"part:{part}" for part in ("choice", "native")),
            *(f"media:{kind}" for kind in ("image", "video", "audio", "file")),
        }
    ),
)

PUBLIC: Final = Capability(text=TextLimit(most=2200, unit="utf16"))
"""Of answers to comments. Meta does not document how long one may be."""


def with_people(info: Info) -> Info:
    """The same of an account whose app was granted *Human Agent*."""
    return replace(info, capability=msgspec.structs.replace(info.capability, window=7 * DAY))
