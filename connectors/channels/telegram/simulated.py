"""The chats of the simulated Bot API: what a bot may send into them, and what it hears when it may not."""

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from time import time
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from connectors.channels.telegram.capability import ALBUM, EMOJI

BOT: Final = {"id": 110201543, "is_bot": True, "first_name": "Support", "username": "support_bot"}
TEXT, CAPTION, CALLBACK_DATA = 4096, 1024, 64
PHOTO: Final = 10 << 20
UNCHANGED: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
HELD: Final = {
    "sendPhoto": "photo",
    "sendDocument": "document",
    "sendVideo": "video",
    "sendAudio": "audio",
    "sendVoice": "voice",
    "sendAnimation": "animation",
    "sendSticker": "sticker",
}


class Fault(Exception):
    """What the Bot API answers instead of a result."""

    def __init__(self, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.description = f"Bad Request: {description}" if status == 400 else description
        self.status = status


class Upload(NamedTuple):
    name: str
    media_type: str
    content: bytes


class Chats:
    """What stands in the chats a bot writes to, numbered per chat from 1."""

    def __init__(self) -> None:
        self.files: dict[str, Upload] = {}
        """What can be fetched, by file_id; uploads join it."""
        self.messages: dict[tuple[str, int], dict[str, Any]] = {}
        """By chat and number, as they stand now."""
        self.missing: set[tuple[str, int]] = set()
        """Messages that are gone."""
        self._numbers: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
        self._uploads = itertools.count(1)
        self.methods: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "sendMessage": self._send_message,
            "sendLocation": self._send_place,
            "sendVenue": self._send_place,
            "sendContact": self._send_contact,
            "sendMediaGroup": self._send_album,
            "editMessageText": self._edit,
            "editMessageCaption": self._edit,
            "setMessageReaction": self._react,
            "sendChatAction": lambda given: bool(_chat(given)),
            **{name: self._sender(field) for name, field in HELD.items()},
        }

    def number(self, chat: str) -> int:
        """Of the next message in a chat."""
        return next(self._numbers[chat])

    def _send_message(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._made(given, {"text": _text(given), "entities": given.get("entities", [])})

    def _send_place(self, given: dict[str, Any]) -> dict[str, Any]:
        location = {"latitude": needed(given, "latitude"), "longitude": needed(given, "longitude")}
        if "title" not in given:
            return self._made(given, {"location": location})
        venue = {"location": location, "title": given["title"], "address": needed(given, "address")}
        return self._made(given, {"location": location, "venue": venue})

    def _send_contact(self, given: dict[str, Any]) -> dict[str, Any]:
        names = ("phone_number", "first_name")
        return self._made(given, {"contact": {name: needed(given, name) for name in names}})

    def _sender(self, field: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def send(given: dict[str, Any]) -> dict[str, Any]:
            return self._made(given, {**self._kept(field, needed(given, field)), **_captioned(given)})

        return send

    def _send_album(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        pieces = needed(given, "media")
        if not 2 <= len(pieces) <= ALBUM:
            raise Fault("wrong number of items in the album")
        kinds = {piece["type"] for piece in pieces}
        if len(kinds) > 1 and kinds & {"audio", "document"}:
            raise Fault("can't use the media of the specified type in the album")
        group, made = str(next(self._uploads)), []
        for piece in pieces:
            held = given.get(str(piece["media"]).removeprefix("attach://"), piece["media"])
            said = {**self._kept(piece["type"], held), **_captioned(piece), "media_group_id": group}
            made.append(self._made({**given, "reply_markup": None}, said))
        return made

    def _kept(self, field: str, held: Upload | str) -> dict[str, Any]:
        """A file in a message; one that was uploaded can be fetched from now on."""
        if isinstance(held, str) and held not in self.files:
            raise Fault("wrong file identifier/HTTP URL specified")
        file_id = held if isinstance(held, str) else f"AgAC{next(self._uploads)}"
        upload = self.files.setdefault(file_id, held) if isinstance(held, Upload) else self.files[held]
        size = len(upload.content)
        if not size:
            raise Fault("file must be non-empty")
        if field == "photo" and size > PHOTO:
            raise Fault(f"file of size {size} bytes is too big for a photo; the maximum size is {PHOTO} bytes")
        told: dict[str, Any] = {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": size}
        told |= {"width": 640, "height": 480}
        if field == "photo":
            return {"photo": [told]}
        if field == "sticker":
            return {"sticker": {**told, "type": "regular", "is_animated": False, "is_video": False}}
        return {field: {**told, "duration": 1, "file_name": upload.name, "mime_type": upload.media_type}}

    def _made(self, given: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        chat, markup = _chat(given), given.get("reply_markup") or {}
        for button in itertools.chain.from_iterable(markup.get("inline_keyboard", ())):
            if len(button.get("callback_data", "").encode()) > CALLBACK_DATA:
                raise Fault("BUTTON_DATA_INVALID")
        name = str(chat["id"])
        number = self.number(name)
        made = {"message_id": number, "from": BOT, "chat": chat, "date": int(time()), **said}
        self.messages[name, number] = {**made, "reply_markup": markup}
        return made

    def _edit(self, given: dict[str, Any]) -> dict[str, Any]:
        name = str(_chat(given)["id"]), needed(given, "message_id")
        if name in self.missing:
            raise Fault("message to edit not found")
        # What was sent before the simulator started is taken as given.
        old = {"message_id": name[1], "from": BOT, "chat": _chat(given), "date": int(time())}
        before = self.messages.get(name, old)
        if "text" in given and "text" not in before and before is not old:
            raise Fault("there is no text in the message to edit")
        words = {"text": _text(given), "entities": given.get("entities", [])} if "text" in given else _captioned(given)
        after = {**before, **words, "reply_markup": given.get("reply_markup") or {}}
        if after == before:
            raise Fault(UNCHANGED)
        self.messages[name] = after
        return {key: value for key, value in after.items() if key != "reply_markup"}

    def _react(self, given: dict[str, Any]) -> bool:
        reactions = given.get("reaction", [])
        if len(reactions) > 1:
            raise Fault("REACTIONS_TOO_MANY")
        if any(one["type"] == "emoji" and one["emoji"] not in EMOJI.split(" ") for one in reactions):
            raise Fault("REACTION_INVALID")
        return bool(_chat(given))


def arguments(content_type: str, body: bytes) -> dict[str, Any]:
    """Of a call, however they are encoded."""
    if content_type.startswith("multipart/form-data"):
        return dict(_parts(body, content_type.partition("boundary=")[2].strip('"').encode()))
    if content_type.startswith("application/json"):
        return dict(msgspec.json.decode(body or b"{}"))
    return dict(parse_qsl(body.decode()))


def _parts(body: bytes, boundary: bytes) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        told = head.decode()
        name, filename = re.search(r' name="(.*?)"', told), re.search(r'filename="(.*)"', told)
        kind = re.search(r"(?i)content-type: (\S+)", told)
        if name is not None:
            media_type = kind[1] if kind else "application/octet-stream"
            value = Upload(filename[1], media_type, content) if filename else _plain(content.decode())
            found.append((name[1], value))
    return found


def _plain(text: str) -> Any:
    """A form's field: numbers and objects stand in it as JSON."""
    try:
        return msgspec.json.decode(text) if text[:1] in ("{", "[") or text.lstrip("-").isdecimal() else text
    except msgspec.DecodeError:
        return text


def needed(given: Mapping[str, Any], name: str) -> Any:
    if given.get(name) in (None, ""):
        raise Fault(f'parameter "{name}" is required')
    return given[name]


def _chat(given: Mapping[str, Any]) -> dict[str, Any]:
    chat = given.get("chat_id")
    if isinstance(chat, str) and chat.startswith("@"):
        return {"id": -1_001_000_000_000 - len(chat), "type": "supergroup", "title": chat, "username": chat[1:]}
    if not isinstance(chat, int) or chat == 0:
        raise Fault("chat not found")
    if chat > 0:
        return {"id": chat, "type": "private", "first_name": f"Customer {chat}"}
    return {"id": chat, "type": "supergroup", "title": f"Group {chat}"}


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _text(given: Mapping[str, Any]) -> str:
    text = str(given.get("text", "")).strip()
    if not text:
        raise Fault("message text is empty")
    if _units(text) > TEXT:
        raise Fault("message is too long")
    return text


def _captioned(given: Mapping[str, Any]) -> dict[str, Any]:
    caption = str(given.get("caption", ""))
    if _units(caption) > CAPTION:
        raise Fault("message caption is too long")
    return {"caption": caption, "caption_entities": given.get("caption_entities", [])} if caption else {}
