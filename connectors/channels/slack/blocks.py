"""What stands in a message besides its text: sections, pictures and buttons.

Source: docs.slack.dev/reference/block-kit/blocks, limits as of slack-sdk's models (read 2026-11).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, assert_never

from connectors.channels.slack.capability import SECTION
from connectors.channels.slack.pressed import LINK
from connectors.channels.slack.writing import escaped, written
from connectors.kit.base import File
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import (
    Action,
    CallAction,
    Card,
    FormAction,
    LinkAction,
    MediaKind,
    MediaPart,
    PostbackAction,
    ReplyAction,
    ShareLocationAction,
)
from normalizer.payload import Payload

MOST: Final = 50
"""Blocks of one message."""
ALT: Final = 2000

Block = dict[str, Any]


def blocks(payload: Payload, files: Mapping[str, File]) -> list[Block]:
    """The blocks of a message that text alone does not express; none for one that it does. Raises Refused."""
    if not payload.cards and not payload.actions:
        return []
    made = list(_sections(written(payload.text, payload.spans)))
    made += [_shown(part, _stored(files, part.attachment_id)) for part in payload.media]
    for n, card in enumerate(payload.cards):
        made += _card(card, files, f"card-{n}")
    made += _buttons(payload.actions, "action")
    if len(made) > MOST:
        raise Refused(f"more than {MOST} blocks", code=ErrorCode.CONTENT_UNSUPPORTED)
    return made


def _sections(text: str) -> Iterator[Block]:
    """Escaped text may be longer than it reads, so it may take more than one."""
    while text.strip():
        cut = len(text) if len(text) <= SECTION else _break(text)
        yield {"type": "section", "text": _mrkdwn(text[:cut])}
        text = text[cut:]


def _break(text: str) -> int:
    """Where to part a text: after a line or word, and never within an escape or, where it can be, a link."""
    opened = text.rfind("<", 1, SECTION)  # what was typed as such is escaped
    most = opened if opened > text.rfind(">", 0, SECTION) else SECTION
    for end in ("\n", " "):
        found = text.rfind(end, 1, most)
        if found > 0:
            return found + 1
    amp = text.rfind("&", SECTION - len("&amp;"), SECTION)
    return amp if amp > 0 and ";" not in text[amp:SECTION] else SECTION


def _card(card: Card, files: Mapping[str, File], name: str) -> list[Block]:
    title = escaped(card.title.strip())
    plain = not title or "\n" in title or "*" in title  # which no pair of stars could hold
    lines = [title if plain else f"*{title}*", escaped(card.text or "")]
    made = list(_sections("\n".join(filter(None, lines))))
    if card.image is not None:
        picture = _picture(_stored(files, card.image), card.title)
        # Beside the words where there are any; an accessory needs a section.
        made = [{**made[0], "accessory": picture}, *made[1:]] if made else [picture]
    return [*made, *_buttons(card.actions, name)]


def _shown(part: MediaPart, file: File) -> Block:
    """A file in a message with buttons, which an upload does not carry: a picture, or a link to it."""
    if part.kind is MediaKind.IMAGE:
        return _picture(file, part.alt or file.name)
    return {"type": "section", "text": _mrkdwn(f"<{escaped(_address(file))}|{escaped(file.name)}>")}


def _picture(file: File, alt: str) -> Block:
    return {"type": "image", "image_url": _address(file), "alt_text": alt[:ALT] or file.name}


def _address(file: File) -> str:
    if file.url is None:
        raise Refused("a picture or file beside buttons needs a public address", code=ErrorCode.MEDIA_UNREACHABLE)
    return file.url


def _stored(files: Mapping[str, File], attachment_id: str) -> File:
    file = files.get(attachment_id)
    if file is None:
        raise Refused(f"no file for attachment {attachment_id}", code=ErrorCode.MEDIA_UNREACHABLE)
    return file


def _buttons(actions: Sequence[Action], name: str) -> list[Block]:
    if not actions:
        return []
    return [{"type": "actions", "elements": [_button(action, f"{name}-{n}") for n, action in enumerate(actions)]}]


def _button(action: Action, name: str) -> Block:
    button: Block = {"type": "button", "text": {"type": "plain_text", "text": action.label, "emoji": True}}
    match action:
        case ReplyAction():
            return {**button, "action_id": name, "value": action.value or action.label}
        case PostbackAction():
            return {**button, "action_id": name, "value": action.value}
        case LinkAction():
            return {**button, "action_id": f"{LINK}{name}", "url": action.url}
        case CallAction() | ShareLocationAction() | FormAction():
            raise Refused(f"no button here for {action.label!r}", code=ErrorCode.CONTENT_UNSUPPORTED)
        case _:
            assert_never(action)


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}
