"""The channels of the Messages API: what each can express, and by which words.

Lengths of texts, captions and buttons: the models of Vonage's Python SDK (`vonage-messages` 1.8). WhatsApp's sizes of
files and its three buttons: developers.facebook.com/docs/whatsapp/cloud-api (read 2026-11). Vonage names no sizes of
its own for the others; those here are cautious, and `media_octets` sets another.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from normalizer.capability import ActionLimit, Capability, MediaLimit, SegmentLimit, TextLimit
from normalizer.parts import MediaKind

SOUNDS: Final = dict.fromkeys((MediaKind.AUDIO, MediaKind.VOICE), "audio")
FILES: Final[Mapping[MediaKind, str]] = {
    MediaKind.IMAGE: "image",
    MediaKind.VIDEO: "video",
    MediaKind.FILE: "file",
    **SOUNDS,
}
COMES: Final = frozenset(
    {
        "message_received",
        "status_changed",
        "part:native",
        *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.FILE)),
    }
)
MMS_CAPTION: Final = TextLimit(most=3000)


class Channel(NamedTuple):
    name: str
    """The hub's word for it."""
    scheme: str
    capability: Capability
    types: Mapping[MediaKind, str]
    """By kind of file, the `message_type` it goes as."""
    longest_name: int = 0
    """Characters of a file's name; 0: a file goes without one."""
    lasts: bool = False
    """A message may be given a time to live."""


SMS: Final = Channel(
    name="sms",
    scheme="tel",
    capability=Capability(
        text=TextLimit(most=3200, unit="utf16"),
        segments=SegmentLimit(most=10),
        inbound=frozenset({"message_received", "status_changed", "consent_changed", "part:native"}),
    ),
    types={},
    lasts=True,
)
MMS: Final = Channel(
    name="mms",
    scheme="tel",
    capability=Capability(
        text=TextLimit(most=1600, unit="utf16"),
        media=MediaLimit(kinds=frozenset(FILES), most_octets=600_000, caption=MMS_CAPTION),
        inbound=COMES | {"consent_changed"},
    ),
    types=FILES,
    lasts=True,
)
WHATSAPP: Final = Channel(
    name="whatsapp",
    scheme="tel",
    capability=Capability(
        text=TextLimit(most=1024),  # 4096 without buttons; a longer text goes as several, so that buttons always fit
        media=MediaLimit(
            kinds=frozenset({*FILES, MediaKind.STICKER}),
            most_octets=100_000_000,
            octets_by_type={
                **dict.fromkeys(("image/jpeg", "image/png"), 5_000_000),
                **dict.fromkeys(("video/mp4", "video/3gpp"), 16_000_000),
                **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16_000_000),
                "image/webp": 500_000,
            },
        ),
        actions=ActionLimit(types=frozenset({"reply"}), most=3, label=TextLimit(most=20), value=TextLimit(most=256)),
        location=True,
        choices=True,
        replies=True,
        reactions=frozenset(),
        typing=True,
        templates=True,
        window=86_400,
        inbound=COMES | {"reaction_changed", "part:location", "part:choice", f"media:{MediaKind.STICKER}"},
    ),
    types={**FILES, MediaKind.STICKER: "sticker"},
    longest_name=240,
)
MESSENGER: Final = Channel(
    name="messenger",
    scheme="messenger",
    capability=Capability(
        text=TextLimit(most=640),
        media=MediaLimit(kinds=frozenset(FILES), most_octets=25_000_000),
        initiates=False,
        inbound=COMES,
    ),
    types=FILES,
)
VIBER: Final = Channel(
    name="viber",
    scheme="tel",
    capability=Capability(
        text=TextLimit(most=1000),
        media=MediaLimit(kinds=frozenset({MediaKind.IMAGE, MediaKind.FILE}), most_octets=10_000_000),
        inbound=COMES,
    ),
    types={MediaKind.IMAGE: "image", MediaKind.FILE: "file"},  # a video needs a preview and its duration
    longest_name=25,
)
RCS: Final = Channel(
    name="rcs",
    scheme="tel",
    capability=Capability(
        text=TextLimit(most=3072),
        media=MediaLimit(kinds=frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.FILE}), most_octets=10_000_000),
        actions=ActionLimit(
            types=frozenset({"reply", "link", "call", "share_location"}),
            most=11,
            label=TextLimit(most=25),
            value=TextLimit(most=2048),
        ),
        choices=True,
        inbound=COMES | {"part:location", "part:choice"},
    ),
    types={MediaKind.IMAGE: "image", MediaKind.VIDEO: "video", MediaKind.FILE: "file"},
    lasts=True,
)
CHANNELS: Final[Mapping[str, Channel]] = {
    "sms": SMS,
    "mms": MMS,
    "whatsapp": WHATSAPP,
    "messenger": MESSENGER,
    "viber_service": VIBER,
    "rcs": RCS,
}
"""By Vonage's word, which is the one in the configuration."""
