"""A payload as a call of python-telegram-bot's `Bot`. Loaded with the first send, because that library is.

One payload is one request. What a request cannot hold (text beside a location, buttons under an album) is refused
rather than left out; `render` knows most of it from the capability.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, NamedTuple, assert_never

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    KeyboardButton,
    LinkPreviewOptions,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyParameters,
)

from connectors.channels.telegram.config import Config
from connectors.channels.telegram.people import chat_id, message_name, within
from connectors.channels.telegram.spans import marks
from connectors.kit.base import File, Outbound, OutboundEdit
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import (
    Action,
    CallAction,
    ContactCardPart,
    FormAction,
    LinkAction,
    LocationPart,
    MediaKind,
    PostbackAction,
    ReplyAction,
    ShareLocationAction,
    Span,
)

InputMedia = InputMediaAudio | InputMediaDocument | InputMediaPhoto | InputMediaVideo


class Call(NamedTuple):
    method: str
    """Of `telegram.Bot`."""
    arguments: dict[str, Any]


class Method(NamedTuple):
    name: str
    field: str
    types: frozenset[str]
    """What Telegram shows as this kind; any other file goes as a document."""
    album: type[InputMedia] = InputMediaDocument


DOCUMENT: Final = Method("send_document", "document", frozenset())
METHODS: Final[Mapping[MediaKind, Method]] = {
    MediaKind.IMAGE: Method(
        "send_photo", "photo", frozenset({"image/jpeg", "image/png", "image/webp"}), InputMediaPhoto
    ),
    MediaKind.VIDEO: Method("send_video", "video", frozenset({"video/mp4"}), InputMediaVideo),
    MediaKind.AUDIO: Method(
        "send_audio", "audio", frozenset({"audio/mpeg", "audio/mp4", "audio/x-m4a"}), InputMediaAudio
    ),
    MediaKind.VOICE: Method("send_voice", "voice", frozenset({"audio/ogg", "audio/mpeg", "audio/mp4"})),
    MediaKind.ANIMATION: Method("send_animation", "animation", frozenset({"image/gif", "video/mp4"})),
    MediaKind.STICKER: Method(
        "send_sticker", "sticker", frozenset({"image/webp", "video/webm", "application/x-tgsticker"})
    ),
    MediaKind.FILE: DOCUMENT,
}


def call(outbound: Outbound, config: Config, opened: ExitStack) -> Call:
    """The call that sends a payload; its files stay open as long as `opened`. Raises Refused, Unreachable."""
    payload = outbound.payload
    if payload.media:
        made = _media(outbound, config, opened)
    elif payload.location is not None:
        made = _alone(outbound, _location(payload.location))
    elif payload.contact_card is not None:
        made = _alone(outbound, _contact(payload.contact_card))
    else:
        made = Call("send_message", _text(outbound, config))
    if payload.actions:
        made.arguments["reply_markup"] = keyboard(payload.actions)
    quoted = _quoted(outbound)
    if quoted is not None:
        made.arguments["reply_parameters"] = quoted
    return Call(made.method, {"chat_id": chat_id(outbound.address), **made.arguments, **within(outbound.thread)})


def edit(outbound: OutboundEdit, config: Config) -> Call:
    """The call that gives a message of ours new words: its text, or its caption where it carries files."""
    payload, name = outbound.payload, message_name(outbound.external_id)
    if name is None or payload.location is not None or payload.contact_card is not None:
        raise Refused("only text and captions can be changed", code=ErrorCode.CONTENT_UNSUPPORTED)
    arguments: dict[str, Any] = {"chat_id": chat_id(outbound.address), "message_id": name.message}
    place = within(outbound.thread)
    if "business_connection_id" in place:
        arguments.update(place)
    if payload.actions:
        arguments["reply_markup"] = _inline(payload.actions)
    if payload.media:
        return Call("edit_message_caption", {**arguments, **_caption(payload.text, payload.spans)})
    return Call("edit_message_text", {**arguments, **_text(outbound, config)})


def keyboard(actions: Sequence[Action]) -> InlineKeyboardMarkup | ReplyKeyboardMarkup:
    """Buttons under the message; asking for a location replaces the reader's own keyboard. Raises Refused."""
    if any(isinstance(action, ShareLocationAction) for action in actions):
        rows = [[_key(action)] for action in actions]
        return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)
    return _inline(actions)


def _inline(actions: Sequence[Action]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[_button(action)] for action in actions])


def _button(action: Action) -> InlineKeyboardButton:
    match action:
        case ReplyAction():
            return InlineKeyboardButton(action.label, callback_data=action.value or action.label)
        case PostbackAction():
            return InlineKeyboardButton(action.label, callback_data=action.value)
        case LinkAction():
            return InlineKeyboardButton(action.label, url=action.url)
        case CallAction() | ShareLocationAction() | FormAction():
            raise Refused(f"no button here for {action.label!r}", code=ErrorCode.CONTENT_UNSUPPORTED)
        case _:
            assert_never(action)


def _key(action: Action) -> KeyboardButton:
    match action:
        case ShareLocationAction():
            return KeyboardButton(action.label, request_location=True)
        case ReplyAction() | PostbackAction():
            return KeyboardButton(action.label)
        case LinkAction() | CallAction() | FormAction():
            raise Refused(
                f"{action.label!r} cannot stand beside asking for a location", code=ErrorCode.CONTENT_UNSUPPORTED
            )
        case _:
            assert_never(action)


def _text(outbound: Outbound, config: Config) -> dict[str, Any]:
    payload = outbound.payload
    arguments: dict[str, Any] = {"text": payload.text}
    entities = _entities(payload.text, payload.spans)
    if entities:
        arguments["entities"] = entities
    if not config.link_previews:
        arguments["link_preview_options"] = LinkPreviewOptions(is_disabled=True)
    return arguments


def _caption(text: str, spans: Sequence[Span]) -> dict[str, Any]:
    if not text:
        return {}
    entities = _entities(text, spans)
    return {"caption": text, "caption_entities": entities} if entities else {"caption": text}


def _entities(text: str, spans: Sequence[Span]) -> list[MessageEntity]:
    return [
        MessageEntity(mark.type, mark.offset, mark.length, url=mark.url, language=mark.language)
        for mark in (marks(text, spans) if spans else ())
    ]


def _media(outbound: Outbound, config: Config, opened: ExitStack) -> Call:
    payload = outbound.payload
    files = [_stored(outbound, part.attachment_id) for part in payload.media]
    methods = [_method(part.kind, file, config) for part, file in zip(payload.media, files, strict=True)]
    caption = _caption(payload.text, payload.spans)
    if len(files) == 1:
        if methods[0].name == "send_sticker" and caption:
            methods = [DOCUMENT]  # a sticker has no caption
        return Call(methods[0].name, {methods[0].field: _opened(files[0], opened), **caption})
    if payload.actions:
        raise Refused("an album carries no buttons", code=ErrorCode.CONTENT_UNSUPPORTED)
    # Documents share an album only with documents: one that must be sent as such takes the others with it.
    kinds = {method.album for method in methods}
    mixed = len(kinds) > 1 and not kinds <= {InputMediaPhoto, InputMediaVideo}
    album: list[InputMedia] = []
    for n, (method, file) in enumerate(zip(methods, files, strict=True)):
        kind = InputMediaDocument if mixed else method.album
        album.append(kind(_opened(file, opened, name=f"file{n}"), **(caption if n == 0 else {})))
    return Call("send_media_group", {"media": album})


def _method(kind: MediaKind, file: File, config: Config) -> Method:
    method = METHODS.get(kind, DOCUMENT)
    too_large = kind is MediaKind.IMAGE and file.size > config.photo_octets
    return DOCUMENT if too_large or file.media_type not in method.types else method


def _stored(outbound: Outbound, attachment_id: str) -> File:
    file = outbound.files.get(attachment_id)
    if file is None:
        raise Refused(f"no file for attachment {attachment_id}", code=ErrorCode.MEDIA_UNREACHABLE)
    return file


def _opened(file: File, opened: ExitStack, name: str | None = None) -> InputFile:
    """The file, read only while it is sent; `name` is its own in the request, where an album refers to it."""
    try:
        handle = opened.enter_context(file.path.open("rb"))
    except OSError as error:
        raise Refused(f"the stored file cannot be read: {error.strerror}", code=ErrorCode.MEDIA_UNREACHABLE) from error
    shown = "".join(character if character.isprintable() else "_" for character in file.name)
    made = InputFile(handle, filename=shown, attach=name is not None, read_file_handle=False)
    made.mimetype = file.media_type
    made.attach_name = name
    return made


def _alone(outbound: Outbound, call: Call) -> Call:
    if outbound.payload.text:
        raise Refused("a location or contact carries no text", code=ErrorCode.CONTENT_UNSUPPORTED)
    return call


def _location(place: LocationPart) -> Call:
    point = {"latitude": place.latitude, "longitude": place.longitude}
    if place.name is None:
        return Call("send_location", {**point})
    address = place.address or f"{place.latitude}, {place.longitude}"
    return Call("send_venue", {**point, "title": place.name, "address": address})


def _contact(card: ContactCardPart) -> Call:
    if not card.phones:
        raise Refused("a contact needs a phone number", code=ErrorCode.CONTENT_UNSUPPORTED)
    arguments: dict[str, Any] = {"phone_number": card.phones[0], "first_name": card.name}
    if card.emails or card.organization or len(card.phones) > 1:
        arguments["vcard"] = vcard(card)
    return Call("send_contact", arguments)


def vcard(card: ContactCardPart) -> str:
    """RFC 2426, version 3.0."""
    fields = [("FN", card.name), *(("TEL", phone) for phone in card.phones)]
    fields += [("EMAIL", email) for email in card.emails]
    fields += [("ORG", card.organization)] if card.organization else []
    lines = [f"{name}:{_escaped(value)}" for name, value in fields]
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD"])


def _escaped(value: str) -> str:
    for special in "\\,;":
        value = value.replace(special, f"\\{special}")
    return "\\n".join(value.splitlines())


def _quoted(outbound: Outbound) -> ReplyParameters | None:
    if outbound.reply_to is None or not outbound.payload.quotes:
        return None
    name = message_name(outbound.reply_to)
    # A message of another chat, as after a migration, would point at a stranger's.
    if name is None or str(name.chat) != outbound.address.value:
        return None
    return ReplyParameters(name.message, allow_sending_without_reply=True)
