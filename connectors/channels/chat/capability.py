"""What a chat shows: whatever the history holds, for the client is given the message itself."""

from typing import Final

from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind, SpanKind

TEXT: Final = TextLimit(most=100_000)
KINDS: Final = frozenset(MediaKind)
CAPABILITY: Final = Capability(
    text=TEXT,
    spans=frozenset(SpanKind),
    media=MediaLimit(kinds=KINDS, most_octets=1 << 40, caption=TEXT, album=50, album_kinds=KINDS),
    actions=ActionLimit(
        types=frozenset({"reply", "postback", "link", "call", "share_location"}), most=100, label=TextLimit(most=500)
    ),
    location=True,
    contact_card=True,
    cards=True,
    choices=True,
    replies=True,
    edits=True,
    reactions=frozenset(),
    typing=True,
    initiates=False,
    inbound=frozenset(
        {"message_received", "reaction_changed", "read_up_to", "status_changed", "typing_changed"}
        | {"part:choice", "part:location", "part:media"}
    ),
)
