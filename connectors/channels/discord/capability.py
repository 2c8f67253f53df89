"""What a bot can express.

Source: docs.discord.com/developers/resources/message, /components/reference, /reference#uploading-files (read 2026-11).
"""

from typing import Final

from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

TEXT: Final = TextLimit(most=2000)
FILES: Final = 10
LARGEST: Final = 10_000_000
"""Octets of all that goes with a message."""
BUTTONS: Final = 25
IN_A_ROW: Final = 5
KINDS: Final = frozenset(
    {MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.VOICE, MediaKind.ANIMATION, MediaKind.FILE}
)

CAPABILITY: Final = Capability(
    text=TEXT,
    media=MediaLimit(kinds=KINDS, most_octets=LARGEST, caption=TEXT),
    actions=ActionLimit(
        types=frozenset({"reply", "postback", "link"}),
        most=BUTTONS,
        label=TextLimit(most=80),
        value=TextLimit(most=90),
    ),
    replies=True,
    edits=True,
    reactions=frozenset(),
    typing=True,
    initiates=False,  # a bot may write to people it shares a server with, which the hub does not know
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "reaction_changed",
            "part:choice",
            "part:native",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.FILE)),
        }
    ),
)
