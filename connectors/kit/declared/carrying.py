"""Files of messages: what comes is read as media, and what leaves is named by addresses. Pure."""

import mimetypes
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.kit.base import Outbound
from connectors.kit.declared.asks import Carried, Files
from connectors.kit.declared.functions import text
from connectors.kit.declared.paths import Path
from connectors.kit.errors import BadPayload, Refused
from normalizer.capability import MediaLimit, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Media
from normalizer.parts import MediaKind

MOST_FILES: Final = 30
LONGEST: Final = 4096
"""Characters of an address."""
UNTOLD: Final = "application/octet-stream"
KINDS: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
"""By the first half of a media type; all else is a file."""


def reads_files(declared: str | Files) -> Callable[[Any], tuple[Media, ...]]:
    """Finds the files of an item. Raises ValueError; reading raises BadPayload."""
    files = Files(path=declared) if isinstance(declared, str) else declared
    path, source = Path(files.path), Path(files.source)
    kind, name = (Path(each) if each is not None else None for each in (files.type, files.name))

    def read(item: Any) -> tuple[Media, ...]:
        found = path(item)
        listed = found if isinstance(found, list) else []
        if len(listed) > MOST_FILES:
            raise BadPayload(f"more than {MOST_FILES} files")
        files = ((_told(source(each)), each) for each in listed)
        return tuple(
            _media(where, _told(kind(each)) if kind else None, _told(name(each)) if name else None)
            for where, each in files
            if where is not None
        )

    return read


def limit_of(carried: Carried, text: TextLimit) -> MediaLimit:
    kinds = frozenset(carried.kinds)
    return MediaLimit(
        kinds=kinds,
        most_octets=carried.most,
        octets_by_type=carried.types,
        caption=text if carried.caption else None,
        album=carried.album,
        album_kinds=kinds if carried.album > 1 else frozenset(),
    )


def values_of_files(outbound: Outbound, carried: Carried | None) -> dict[str, Any]:
    """What templates may name of the files that leave. Raises Refused."""
    parts = outbound.payload.media
    if not parts:
        return {}
    if carried is None:
        raise Refused("this channel carries text only", code=ErrorCode.CONTENT_UNSUPPORTED)
    urls = []
    for part in parts:
        file = outbound.files.get(part.attachment_id)
        if file is None or file.url is None:
            raise Refused(f"no address to fetch attachment {part.attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
        urls.append(file.url)
    first = parts[0]
    return {
        "file_url": urls[0],
        "file_urls": urls,
        "file_kind": carried.kinds.get(first.kind),
        "file_type": first.media_type,
        "file_name": outbound.files[first.attachment_id].name,
    }


def wordless(media: tuple[Media, ...]) -> str:
    """What stands for the text where there is none."""
    return "\n".join(f"[{file.kind}]" for file in media)


def _told(value: Any) -> str | None:
    if value is None or value == "":
        return None
    try:
        written = text(value).strip()
    except ValueError:
        raise BadPayload("a file is no text") from None
    if len(written) > LONGEST or not written.isprintable():
        raise BadPayload("a file is no address")
    return written


def _media(source: str, told: str | None, name: str | None) -> Media:
    try:
        named = name or urlsplit(source).path.rpartition("/")[2]
    except ValueError:
        raise BadPayload("a file is no address") from None
    guessed = mimetypes.guess_type(named, strict=False)[0]
    media_type = (told or guessed or UNTOLD).partition(";")[0].strip().lower()
    kind = KINDS.get(media_type.partition("/")[0], MediaKind.FILE)
    return Media(source=source, kind=kind, media_type=media_type, name=name)
