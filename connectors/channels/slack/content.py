"""What a message says: its text, parts and files.

A message without words gets a readable placeholder in brackets, so that `text` always stands.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.channels.slack.events import File, Message
from connectors.channels.slack.reading import read
from connectors.kit.content import Content
from connectors.kit.nested import bounded
from normalizer.inbound import Media
from normalizer.parts import MediaKind, NativePart, TextPart

DEEPEST: Final = 24
"""Levels of nesting kept of what we pass on unread."""
ASK: Final = "file:"
"""Before a file's id, where its address has to be asked for."""
UNTOLD: Final = "check_file_info"
PAGES: Final = "application/vnd.slack-"
GONE: Final = frozenset({"tombstone", "hidden_by_limit"})
"""Modes of files that cannot be had."""

KINDS: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
"""By the first half of the media type; all others are files."""
RECORDED: Final[Mapping[str, MediaKind]] = {"slack_audio": MediaKind.VOICE, "slack_video": MediaKind.VIDEO}
"""By a file's subtype."""


def content(message: Message) -> Content:
    """What a message says. Raises BadPayload for what is nested too deeply."""
    media = tuple(found for found in map(_media, message.files or ()) if found is not None)
    elsewhere = [line for line in map(_elsewhere, message.files or ()) if line]
    shown = read(message.text or "")
    native = _native("attachments", message.attachments)
    if shown.text.strip():
        formatted = (TextPart(text=shown.text, spans=shown.spans),) if shown.spans and not elsewhere else ()
        return Content("\n".join([shown.text, *elsewhere]), (*formatted, *native), media)
    lines = [f"[{_word(one)}: {one.name}]" if one.name else f"[{_word(one)}]" for one in media]
    lines += elsewhere or _attached(message.attachments or ())
    if lines:
        return Content("\n".join(lines), native, media)
    return Content(f"[{message.subtype or 'message'}]", (*native, *_native("blocks", message.blocks)))


def _media(file: File) -> Media | None:
    """None for what Slack does not hold, or no longer gives out."""
    if file.is_external or file.mode in GONE or _is_page(file):
        return None
    address = file.url_private_download or file.url_private
    media_type = file.mimetype or "application/octet-stream"
    return Media(
        source=f"{ASK}{file.id}" if address is None or file.file_access == UNTOLD else address,
        kind=RECORDED.get(file.subtype or "") or KINDS.get(media_type.partition("/")[0], MediaKind.FILE),
        media_type=media_type,
        name=file.name or file.title,
        size=file.size,
        alt=file.alt_txt,
        duration=file.duration_ms / 1000 if file.duration_ms is not None else None,
    )


def _elsewhere(file: File) -> str | None:
    """The line that stands for a file there is nothing to fetch of."""
    name = file.title or file.name or file.id
    if file.mode in GONE:
        return f"[file: {name}] (no longer there)"
    if _is_page(file):
        return f"[page: {name}] {file.permalink or ''}".strip()
    return f"[file: {name}] {file.url_private or ''}".strip() if file.is_external else None


def _is_page(file: File) -> bool:
    """A canvas or list, which only Slack itself shows."""
    return (file.mimetype or "").startswith(PAGES)


def _word(media: Media) -> str:
    return {MediaKind.VOICE: "voice message", MediaKind.IMAGE: "photo"}.get(media.kind, media.kind.value)


def _attached(attachments: Sequence[Mapping[str, Any]]) -> list[str]:
    """What attachments, such as a message passed on, say by themselves."""
    texts = (one.get("text") or one.get("fallback") or one.get("title") for one in attachments)
    return [read(text).text for text in texts if isinstance(text, str) and text.strip()]


def _native(kind: str, data: list[dict[str, Any]] | None) -> tuple[NativePart, ...]:
    return (NativePart(kind=kind, data=bounded({kind: data}, DEEPEST)),) if data else ()
