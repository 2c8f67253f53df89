"""A payload as the body of a new message. What a message cannot hold is refused rather than left out.

Source: docs.discord.com/developers/resources/message#create-message, /components/reference (read 2026-11).
"""

import re
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from connectors.channels.discord.capability import BUTTONS, FILES, IN_A_ROW, LARGEST
from connectors.kit.base import File, Outbound, OutboundEdit
from connectors.kit.errors import Refused, Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import Action, LinkAction, PostbackAction, ReplyAction

SCHEME: Final = "discord"
CHANNEL: Final = "channel:"
"""Stands before the id of a channel of a server; without it an id is a person's."""
SNOWFLAKE: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
NUMBERED: Final = re.compile(r"[0-9]{1,2}:(?P<value>.*)", re.ASCII | re.DOTALL)
NONCE: Final = 24


def place(address: Address) -> tuple[str, str]:
    """`channel` or `user`, and its id. Raises Unreachable."""
    kind = "channel" if address.value.startswith(CHANNEL) else "user"
    number = address.value.removeprefix(CHANNEL)
    if not SNOWFLAKE.fullmatch(number):
        raise Unreachable("no id of a person or channel", code=ErrorCode.INVALID_ADDRESS)
    return kind, number


def message(outbound: Outbound) -> dict[str, Any]:
    """Raises Refused."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.cards:
        raise Refused("a message carries text, files and buttons only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.text and not payload.media:
        raise Refused("a message without words or file", code=ErrorCode.CONTENT_UNSUPPORTED)
    body: dict[str, Any] = {
        "content": payload.text,
        "nonce": sha256(outbound.token.encode()).hexdigest()[:NONCE],
        "enforce_nonce": True,
        "allowed_mentions": {"parse": []},
    }
    if outbound.reply_to and SNOWFLAKE.fullmatch(outbound.reply_to):
        body["message_reference"] = {"message_id": outbound.reply_to, "fail_if_not_exists": False}
    if payload.actions:
        body["components"] = _rows(payload.actions)
    return body


def edited(outbound: OutboundEdit) -> dict[str, Any]:
    """New words and buttons for a message of ours; its files stay. Raises Refused."""
    payload = outbound.payload
    if not payload.text or payload.location is not None or payload.contact_card is not None or payload.cards:
        raise Refused("only words and buttons can be changed", code=ErrorCode.CONTENT_UNSUPPORTED)
    # Said even where there are none, so that no button of the message as it was stays behind.
    return {"content": payload.text, "allowed_mentions": {"parse": []}, "components": _rows(payload.actions)}


def numbered(external_id: str) -> str:
    """A message's id. Raises Refused for what is none, such as a command somebody used."""
    if not SNOWFLAKE.fullmatch(external_id):
        raise Refused("no message that could be changed", code=ErrorCode.CONTENT_UNSUPPORTED)
    return external_id


def ours(channel: str, message: str, emoji: str) -> str:
    """The path of a reaction of ours. One of a server's own is written `name:id`."""
    return f"/channels/{channel}/messages/{message}/reactions/{quote(emoji, safe='')}/@me"


def files_of(outbound: Outbound) -> list[File]:
    """Raises Refused."""
    if len(outbound.payload.media) > FILES:
        raise Refused(f"more than {FILES} files", code=ErrorCode.CONTENT_UNSUPPORTED)
    return [_file(outbound, part.attachment_id) for part in outbound.payload.media]


def value_of(custom_id: str) -> str:
    """Of a button of ours; of another, all of it."""
    found = NUMBERED.fullmatch(custom_id)
    return found["value"] if found else custom_id


def _file(outbound: Outbound, name: str) -> File:
    file = outbound.files.get(name)
    if file is None:
        raise Refused(f"attachment {name} is not there", code=ErrorCode.MEDIA_UNREACHABLE)
    if file.size > LARGEST:
        raise Refused(f"a file of more than {LARGEST} octets", code=ErrorCode.MEDIA_TOO_LARGE)
    return file


def _rows(actions: tuple[Action, ...]) -> list[dict[str, Any]]:
    if len(actions) > BUTTONS:
        raise Refused(f"more than {BUTTONS} buttons", code=ErrorCode.CONTENT_UNSUPPORTED)
    buttons = [_button(number, action) for number, action in enumerate(actions)]
    return [{"type": 1, "components": buttons[at : at + IN_A_ROW]} for at in range(0, len(buttons), IN_A_ROW)]


def _button(number: int, action: Action) -> dict[str, Any]:
    """Numbered, because no two of a message may be the same."""
    match action:
        case ReplyAction(label=label, value=value):
            return {"type": 2, "style": 2, "label": label, "custom_id": f"{number}:{value or label}"}
        case PostbackAction(label=label, value=value):
            return {"type": 2, "style": 2, "label": label, "custom_id": f"{number}:{value}"}
        case LinkAction(label=label, url=url):
            return {"type": 2, "style": 5, "label": label, "url": url}
    raise Refused("a button Discord does not have", code=ErrorCode.CONTENT_UNSUPPORTED)
