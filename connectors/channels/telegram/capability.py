"""What a bot can express. Numbers are the public server's; a self-hosted one takes larger files.

Source: core.telegram.org/bots/api#sendmessage, #sending-files, #reactiontypeemoji (read 2026-11).
"""

from typing import Final

from connectors.channels.telegram.spans import ENTITIES
from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.parts import MediaKind

VARIATION: Final = "\ufe0f"

EMOJI: Final = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤️‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 "
    "🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂️ 🤷 🤷‍♀️ 😡"
)
_EXACT: Final = tuple(EMOJI.split(" "))
REACTIONS: Final = {
    **{emoji + VARIATION: emoji for emoji in _EXACT},
    **{emoji.replace(VARIATION, ""): emoji for emoji in _EXACT},
    **{emoji: emoji for emoji in _EXACT},
}
"""What may be reacted with, as people type it, to how Telegram writes it: keyboards add a variation selector."""

ALBUM: Final = 10

CAPABILITY: Final = Capability(
    text=TextLimit(most=4096, unit="utf16"),
    spans=frozenset(ENTITIES),
    media=MediaLimit(
        kinds=frozenset(MediaKind),
        most_octets=50_000_000,
        caption=TextLimit(most=1024, unit="utf16"),
        album=ALBUM,
        # Documents and audio share albums only with their own kind, which one set cannot say: they go one by one.
        album_kinds=frozenset({MediaKind.IMAGE, MediaKind.VIDEO}),
    ),
    actions=ActionLimit(
        types=frozenset({"reply", "postback", "link", "share_location"}),
        most=100,
        # A reply without a value comes back as its label, so that has to fit callback_data as well.
        label=TextLimit(most=64, unit="octets"),
        value=TextLimit(most=64, unit="octets"),
    ),
    location=True,
    contact_card=True,
    replies=True,
    edits=True,
    reactions=frozenset(REACTIONS),
    typing=True,
    initiates=False,  # a bot cannot begin a chat; whom it may write to has written to it
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "reaction_changed",
            "consent_changed",
            "identity_moved",
            *(f"part:{part}" for part in ("text", "location", "contact_card", "choice", "native")),
            *(f"media:{kind}" for kind in MediaKind),
        }
    ),
)
