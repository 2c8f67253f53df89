"""What a message says: its text, parts and files. One without words gets a readable placeholder in brackets."""

from collections.abc import Callable, Mapping
from typing import Final

from connectors.channels.wechat.event import File, Link, Place, Text, typed
from connectors.channels.wechat.reading import Tree
from connectors.kit.content import Content
from normalizer.inbound import Media
from normalizer.parts import ChoicePart, LocationPart, MediaKind, NativePart

ENVELOPE: Final = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Encrypt"})
"""What of a message says nothing that is not kept elsewhere."""
VOICES: Final[Mapping[str, str]] = {"amr": "audio/amr", "speex": "audio/speex", "mp3": "audio/mpeg"}


def content(kind: str, tree: Tree) -> Content:
    """Of a message of this type. Raises BadPayload."""
    reader = READERS.get(kind)
    return native(kind, tree) if reader is None else reader(tree)


def native(kind: str, tree: Tree) -> Content:
    """What no other part expresses, as it came."""
    told = {name: value for name, value in tree.items() if name not in ENVELOPE}
    title = told.get("Title")
    words = f"[{kind[:64]}: {title}]" if isinstance(title, str) and title else f"[{kind[:64]}]"
    return Content(words, (NativePart(kind=kind[:64], data=told),))


def place(found: Place) -> Content:
    name, address = found.poiname or None, found.label or None
    part = LocationPart(latitude=found.latitude, longitude=found.longitude, name=name, address=address)
    words = ", ".join(word for word in (name, address) if word)
    return Content(f"[location: {words}]" if words else "[location]", (part,))


def _text(tree: Tree) -> Content:
    found = typed(tree, Text)
    choice = (ChoicePart(value=found.choice, label=found.content or None),) if found.choice else ()
    return Content(found.content or "[empty message]", choice)


def _file(kind: MediaKind, media_type: str) -> Callable[[Tree], Content]:
    def read(tree: Tree) -> Content:
        return Content(f"[{kind}]", (), (Media(source=typed(tree, File).media_id, kind=kind, media_type=media_type),))

    return read


def _voice(tree: Tree) -> Content:
    """With the words that WeChat heard, where it listened."""
    found = typed(tree, File)
    heard = found.recognition.strip()
    media_type = VOICES.get(found.format.casefold(), "audio/amr")
    media = Media(source=found.media_id, kind=MediaKind.VOICE, media_type=media_type, alt=heard or None)
    return Content(heard or "[voice]", (), (media,))


def _link(tree: Tree) -> Content:
    found = typed(tree, Link)
    words = [word for word in (found.title, found.description, found.url) if word]
    return Content("\n".join(words) or "[link]")


READERS: Final[Mapping[str, Callable[[Tree], Content]]] = {
    "text": _text,
    "image": _file(MediaKind.IMAGE, "image/jpeg"),
    "voice": _voice,
    "video": _file(MediaKind.VIDEO, "video/mp4"),
    "shortvideo": _file(MediaKind.VIDEO, "video/mp4"),
    "location": lambda tree: place(typed(tree, Place)),
    "link": _link,
}
