"""What an app can express.

Source: docs.slack.dev/reference/methods/chat.postMessage, docs.slack.dev/reference/block-kit (read 2026-11).
"""

from typing import Final

from connectors.channels.slack.emoji import REACTIONS
from connectors.channels.slack.writing import EXPRESSED
from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

SECTION: Final = 3000
"""Characters of a block's text; a message without blocks could be longer, and would read worse."""
BUTTONS: Final = 25
LABEL: Final = 75
VALUE: Final = 2000
ALBUM: Final = 10
LARGEST_FILE: Final = 1_000_000_000

CAPABILITY: Final = Capability(
    text=TextLimit(most=SECTION),
    spans=EXPRESSED,
    media=MediaLimit(
        kinds=frozenset(MediaKind),
        most_octets=LARGEST_FILE,
        caption=TextLimit(most=SECTION),
        album=ALBUM,
        album_kinds=frozenset(MediaKind),
    ),
    actions=ActionLimit(
        types=frozenset({"reply", "postback", "link"}),
        most=BUTTONS,
        label=TextLimit(most=LABEL),
        value=TextLimit(most=VALUE),
    ),
    cards=True,
    replies=True,
    edits=True,
    reactions=REACTIONS,
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "reaction_changed",
            *(f"part:{part}" for part in ("text", "choice", "native")),
            *(f"media:{kind}" for kind in ("image", "video", "audio", "voice", "file")),
        }
    ),
)
