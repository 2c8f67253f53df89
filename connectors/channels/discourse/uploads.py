"""Files in posts: `![name|690x388](upload://….png)`, `[name|attachment](upload://….pdf)`.

Source: github.com/discourse/discourse, app/controllers/uploads_controller.rb, frontend lib/uploads.js (read 2026-11).
"""

import mimetypes
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec

from connectors.kit.base import File, Outbound
from connectors.kit.errors import BadPayload, Refused
from connectors.kit.request import decode
from normalizer.capability import MediaLimit, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Media
from normalizer.parts import MediaKind, MediaPart

SHOWN: Final = re.compile(
    r"(?P<picture>!?)\[(?P<name>[^\[\]\n|]{0,200})(?:\|(?P<how>[^\[\]\n]{0,40}))?\]"
    r"\((?P<url>upload://[A-Za-z0-9]{1,64}(?:\.[A-Za-z0-9]{1,10})?)\)"
)
SOURCE: Final = re.compile(r"upload://(?P<file>[A-Za-z0-9]{1,64}(?:\.[A-Za-z0-9]{1,10})?)", re.ASCII)
BRACKETS: Final = re.compile(r"[\[\]|\r\n]")
MOST: Final = 50
"""Files of one post."""
ALBUM: Final = 10
LARGEST: Final = 4096 * 1024
"""Octets: the site setting `max_image_size_kb`, where it was left alone."""
PICTURES: Final = ("image/gif", "image/jpeg", "image/png", "image/webp")
"""Of what a forum takes (`authorized_extensions`), where it was left alone; all else goes as a link."""
KINDS: Final = frozenset({MediaKind.IMAGE, MediaKind.ANIMATION})
PLAYED: Final[Mapping[str, MediaKind]] = {"audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}


class Made(msgspec.Struct, frozen=True):
    short_url: str


MADE: Final = msgspec.json.Decoder(Made)


def limit(caption: TextLimit) -> MediaLimit:
    return MediaLimit(
        kinds=KINDS,
        most_octets=0,
        octets_by_type=dict.fromkeys(PICTURES, LARGEST),
        caption=caption,
        album=ALBUM,
        album_kinds=KINDS,
    )


def held(raw: str) -> tuple[Media, ...]:
    """The files a post shows."""
    found = {shown["url"]: shown for shown in SHOWN.finditer(raw)}
    return tuple(_media(shown) for shown in list(found.values())[:MOST])


def path_of(source: str) -> str:
    """Where a file is. Raises Refused."""
    found = SOURCE.fullmatch(source)
    if found is None:
        raise Refused("no file of the forum's", code=ErrorCode.MEDIA_UNREACHABLE)
    return f"/uploads/short-url/{quote(found['file'])}"


def files_of(outbound: Outbound) -> list[tuple[MediaPart, File]]:
    """Raises Refused."""
    if len(outbound.payload.media) > ALBUM:
        raise Refused(f"more than {ALBUM} files", code=ErrorCode.CONTENT_UNSUPPORTED)
    return [(part, _file(outbound, part)) for part in outbound.payload.media]


def form(file: File, octets: object) -> aiohttp.FormData:
    made = aiohttp.FormData(quote_fields=False)
    made.add_field("type", "composer")
    made.add_field("synchronous", "true")
    made.add_field("file", octets, filename=file.name, content_type=file.media_type)
    return made


def shown(part: MediaPart, file: File, answer: bytes) -> str:
    """What stands in a post for a file the forum has now. Raises BadPayload."""
    url = decode(answer, MADE).short_url
    if not SOURCE.fullmatch(url):
        raise BadPayload("an upload without a name")
    return f"![{BRACKETS.sub(' ', part.alt or file.name).strip()}]({url})"


def _media(found: re.Match[str]) -> Media:
    url, how = found["url"], found["how"] or ""
    media_type = mimetypes.guess_type(url)[0] or "application/octet-stream"
    picture = MediaKind.IMAGE if found["picture"] else MediaKind.FILE
    kind = PLAYED.get(how, picture)
    return Media(source=url, kind=kind, media_type=media_type, name=None if found["picture"] else found["name"] or None)


def _file(outbound: Outbound, part: MediaPart) -> File:
    file = outbound.files.get(part.attachment_id)
    if file is None:
        raise Refused(f"attachment {part.attachment_id} is not there", code=ErrorCode.MEDIA_UNREACHABLE)
    if file.media_type not in PICTURES:
        raise Refused(f"a file of type {file.media_type}", code=ErrorCode.MEDIA_UNSUPPORTED)
    if file.size > LARGEST:
        raise Refused(f"a file of more than {LARGEST} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    return file
