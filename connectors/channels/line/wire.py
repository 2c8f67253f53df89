"""A payload as the body of one push.

LINE fetches files itself, by https and as they are, so each goes by its address. What a push cannot hold is refused
rather than left out; `render` knows most of it from the capability. Source:
developers.line.biz/en/reference/messaging-api/#send-push-message, #message-objects (read 2026-11).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.channels.line.buttons import quick_reply
from connectors.channels.line.capability import MESSAGES, PICTURES, PREVIEW_OCTETS, SOUNDS, VIDEOS
from connectors.channels.line.cards import carousels
from connectors.channels.line.config import Config
from connectors.channels.line.people import recipient
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import LocationPart, MediaPart

LONGEST_ADDRESS: Final = 2000
LONGEST_NAME: Final = 100
"""Of a place, its name and its address each."""

Message = dict[str, Any]


def push(outbound: Outbound, config: Config) -> Message:
    """Raises Refused, Unreachable."""
    payload = outbound.payload
    if payload.contact_card is not None:
        raise Refused("no contact cards here", code=ErrorCode.CONTENT_UNSUPPORTED)
    messages: list[Message] = []
    if payload.text:
        messages.append({"type": "text", "text": payload.text})
    messages += [_file(part, _stored(outbound, part.attachment_id), config) for part in payload.media]
    if payload.location is not None:
        messages.append(_location(payload.location))
    messages += map(dict, carousels(payload.cards, lambda name: _picture(_stored(outbound, name))))
    if not 1 <= len(messages) <= MESSAGES:
        raise Refused(f"{len(messages)} messages in one push", code=ErrorCode.CONTENT_UNSUPPORTED)
    if payload.actions:
        messages[-1]["quickReply"] = quick_reply(payload.actions)
    return {"to": recipient(outbound.address), "messages": messages}


def _file(part: MediaPart, file: File, config: Config) -> Message:
    make = MADE.get(file.media_type)
    if make is None:
        raise Refused(f"{file.media_type[:64]} is not shown here", code=ErrorCode.MEDIA_UNSUPPORTED)
    return make(part, file, config)


def _image(_part: MediaPart, file: File, config: Config) -> Message:
    url = _address(file)
    preview = url if file.size <= PREVIEW_OCTETS else _preview(config)
    return {"type": "image", "originalContentUrl": url, "previewImageUrl": preview}


def _video(_part: MediaPart, file: File, config: Config) -> Message:
    return {"type": "video", "originalContentUrl": _address(file), "previewImageUrl": _preview(config)}


def _audio(part: MediaPart, file: File, _config: Config) -> Message:
    url = _address(file)
    if part.duration is None:  # LINE plays nothing whose length it is not told
        return {"type": "text", "text": f"{file.name}: {url}"}
    return {"type": "audio", "originalContentUrl": url, "duration": max(1, round(part.duration * 1000))}


MADE: Final[Mapping[str, Callable[[MediaPart, File, Config], Message]]] = {
    **dict.fromkeys(PICTURES, _image),
    **dict.fromkeys(VIDEOS, _video),
    **dict.fromkeys(SOUNDS, _audio),
}


def _preview(config: Config) -> str:
    if config.preview_picture is None:
        raise Refused("no preview_picture to stand for it", code=ErrorCode.MEDIA_UNSUPPORTED)
    return config.preview_picture


def _picture(file: File) -> str:
    """Where a card's picture is. Raises Refused."""
    if file.media_type not in PICTURES:
        raise Refused(f"a card shows no {file.media_type[:64]}", code=ErrorCode.MEDIA_UNSUPPORTED)
    return _address(file)


def _location(place: LocationPart) -> Message:
    """LINE wants a name and an address; where one is missing, the other or the coordinates stand for it."""
    coordinates = f"{place.latitude:.6f}, {place.longitude:.6f}"
    return {
        "type": "location",
        "title": _cut(place.name or place.address or coordinates),
        "address": _cut(place.address or coordinates),
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


def _cut(text: str) -> str:
    return text.encode("utf-16-le")[: 2 * LONGEST_NAME].decode("utf-16-le", "ignore")


def _stored(outbound: Outbound, attachment_id: str) -> File:
    file = outbound.files.get(attachment_id)
    if file is None:
        raise Refused(f"no file for attachment {attachment_id}", code=ErrorCode.MEDIA_UNREACHABLE)
    return file


def _address(file: File) -> str:
    """Where LINE fetches a file. Raises Refused."""
    if file.url is None or not file.url.startswith("https://") or len(file.url) > LONGEST_ADDRESS:
        raise Refused(f"no https address to fetch {file.attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
    return file.url
