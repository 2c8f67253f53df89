"""Slack names emoji; the hub says them. What is not here goes by its name in both directions.

Slack's names are the short names of github.com/iamcal/emoji-data; these are the usual ones of them.
"""

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "+1": "👍",
    "-1": "👎",
    "heart": "❤️",
    "joy": "😂",
    "smile": "😄",
    "smiley": "😃",
    "grinning": "😀",
    "grin": "😁",
    "slightly_smiling_face": "🙂",
    "wink": "😉",
    "blush": "😊",
    "heart_eyes": "😍",
    "thinking_face": "🤔",
    "cry": "😢",
    "sob": "😭",
    "angry": "😠",
    "rage": "😡",
    "open_mouth": "😮",
    "scream": "😱",
    "sunglasses": "😎",
    "pray": "🙏",
    "clap": "👏",
    "wave": "👋",
    "ok_hand": "👌",
    "raised_hands": "🙌",
    "muscle": "💪",
    "eyes": "👀",
    "fire": "🔥",
    "tada": "🎉",
    "rocket": "🚀",
    "100": "💯",
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "x": "❌",
    "question": "❓",
    "exclamation": "❗",
    "warning": "⚠️",
    "star": "⭐",
    "bulb": "💡",
    "broken_heart": "💔",
    "coffee": "☕",
    "zap": "⚡",
}
ALIASES: Final[Mapping[str, str]] = {"thumbsup": "+1", "thumbsdown": "-1"}
TONES: Final[Mapping[str, str]] = {f"skin-tone-{n}": chr(0x1F3FB + n - 2) for n in range(2, 7)}
"""Behind a name and `::`."""
VARIATION: Final = "\ufe0f"
_BY_EMOJI: Final[Mapping[str, str]] = {emoji.replace(VARIATION, ""): name for name, emoji in NAMES.items()}

_BY_TONE: Final[Mapping[str, str]] = {modifier: tone for tone, modifier in TONES.items()}

REACTIONS: Final = frozenset(NAMES.values()) | frozenset(emoji.replace(VARIATION, "") for emoji in NAMES.values())


def said(name: str) -> str:
    """The emoji of a name, or the name where it is a workspace's own or not known here."""
    base, _, tone = name.partition("::")
    emoji = NAMES.get(ALIASES.get(base, base))
    if emoji is None:
        return name
    return emoji + TONES[tone] if tone in TONES else emoji


def named(reaction: str) -> str:
    """The name of an emoji; what is not in the table is taken for a name."""
    emoji = reaction.replace(VARIATION, "")
    tone = _BY_TONE.get(emoji[-1:])
    name = _BY_EMOJI.get(emoji if tone is None else emoji[:-1])
    if name is None:
        return reaction
    return name if tone is None else f"{name}::{tone}"
