"""A payload as one request of the Send API, which Messenger and Instagram share.

A message is words or one file, either with quick replies. Meta fetches files itself, so each goes by its address.
Source: developers.facebook.com/docs/messenger-platform/reference/send-api, /send-messages/quick-replies and
/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api (read 2026-11).
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from connectors.families.meta import cards
from connectors.families.meta.cards import address
from connectors.kit.base import File, Outbound, OutboundReaction, Sent
from connectors.kit.errors import Refused, Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import Action, MediaKind, PostbackAction, ReplyAction

USER: Final = re.compile(r"[0-9]{1,32}", re.ASCII)
"""A person's id, which is theirs towards this account."""
QUICK_REPLIES: Final = 13
SHOWN: Final = frozenset({"image", "video", "audio"})
FILE: Final = "file"
WINDOW: Final = timedelta(hours=24) - timedelta(minutes=1)
"""After their last message; less what a request may take."""
Body = dict[str, Any]


class _SentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    message_id: Annotated[str, msgspec.Meta(min_length=1)]


SENT: Final = msgspec.json.Decoder(_SentAnswer)
DONE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def sent(answer: _SentAnswer) -> Sent:
    return Sent((answer.message_id,))


def late(outbound: Outbound, now: datetime) -> bool:
    """Whether it leaves later than any words may."""
    return outbound.heard_at is not None and now - outbound.heard_at >= WINDOW


def message(outbound: Outbound, *, human: bool, token: bool) -> Body:
    """`human`: it leaves so late that only a person may answer, and what is no automatic text says that one did.
    `token`: our token goes along, and comes back in the echo. Raises Refused, Unreachable."""
    said = _content(outbound)
    if outbound.payload.actions:
        said["quick_replies"] = [_reply(one) for one in outbound.payload.actions]
    if token:
        said["metadata"] = outbound.token
    tagged = human and not outbound.auto
    kind = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if tagged else {"messaging_type": "RESPONSE"}
    body = {**_recipient(outbound.address), **kind, "message": said}
    return {**body, "reply_to": {"mid": outbound.reply_to}} if outbound.reply_to is not None else body


def approved(outbound: Outbound, said: Body) -> Body:
    """A text that Meta approved, which may leave at any time. Raises Unreachable."""
    return {
        **_recipient(outbound.address),
        "messaging_type": "UTILITY",
        "message": {**said, "metadata": outbound.token},
    }


def action(address: Address, name: str) -> Body:
    """What is shown to somebody, such as `typing_on`. Raises Unreachable."""
    return {**_recipient(address), "sender_action": name}


def reaction(outbound: OutboundReaction, word: str | None) -> Body:
    """`word` is what Meta calls the reaction; None takes ours back. Raises Unreachable."""
    told = {"message_id": outbound.external_id}
    if word is None:
        return {**action(outbound.address, "unreact"), "payload": told}
    return {**action(outbound.address, "react"), "payload": {**told, "reaction": word}}


def _recipient(address: Address) -> Body:
    if not USER.fullmatch(address.value):
        raise Unreachable("not the id of a person", code=ErrorCode.INVALID_ADDRESS)
    return {"recipient": {"id": address.value}}


def _content(outbound: Outbound) -> Body:
    payload = outbound.payload
    if payload.location or payload.contact_card or payload.template:
        raise Refused("words, files and cards only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if payload.cards:
        return cards.carousel(outbound)
    if payload.media and payload.text:
        raise Refused("a file has no words of its own", code=ErrorCode.CONTENT_UNSUPPORTED)
    if len(payload.media) > 1:
        raise Refused("one file in a message", code=ErrorCode.CONTENT_UNSUPPORTED)
    for part in payload.media:
        file = outbound.files.get(part.attachment_id)
        if file is None:
            raise Refused(f"no file for attachment {part.attachment_id}", code=ErrorCode.MEDIA_UNREACHABLE)
        return {"attachment": {"type": _shown(part.kind, file), "payload": {"url": address(file)}}}
    if not payload.text.strip():
        raise Refused("nothing to say", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {"text": payload.text}


def _shown(kind: MediaKind, file: File) -> str:
    """What it is shown as: what its type says, unless it was sent as a file."""
    told = file.media_type.partition("/")[0]
    return told if told in SHOWN and kind is not MediaKind.FILE else FILE


def _reply(action: Action) -> Body:
    if not isinstance(action, ReplyAction | PostbackAction):
        raise Refused("a quick reply is answered with words", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {"content_type": "text", "title": action.label, "payload": action.value or action.label}
