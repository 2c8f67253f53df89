"""Comments under the posts of a community's wall: what anybody may read, and what the community answers there.

Where a comment stands is `wall:<post>:<comment>`: the post, and the comment whose thread it is in or begins. By the
same words each comment is named. Comments under photos, videos, goods and topics are not served: a community's token
cannot answer them. Source: dev.vk.com/en/method/wall.createComment, vk-api-schema on GitHub (5.199, read 2026-11).
"""

import re
from hashlib import sha256
from typing import Final

from connectors.channels.vk.call import Call, moment, person
from connectors.channels.vk.content import content
from connectors.channels.vk.event import COMMENT, DELETED, Comment
from connectors.kit.base import Outbound
from connectors.kit.errors import Refused, Unreachable
from connectors.kit.request import decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Ignored, Inbound, MessageEdited, MessageReceived, MessageRedacted, Peer
from normalizer.model import Visibility

NAMED: Final = re.compile(r"wall:(?P<post>[0-9]{1,16}):(?P<comment>[0-9]{1,16})", re.ASCII)
GUID: Final = 32


def named(post: int, comment: int) -> str:
    return f"wall:{post}:{comment}"


def made(call: Call) -> Inbound:
    """What somebody wrote; what the community answered is ours."""
    comment = decode(call.object, COMMENT)
    ours = -call.posted.group_id
    if _elsewhere(ours, comment.post_owner_id, comment.owner_id):
        return Ignored(key=call.key, reason="a comment on a wall of somebody else's")
    from_us = comment.from_id == ours
    author = comment.reply_to_user if from_us else comment.from_id
    if not author or author == ours:
        return Ignored(key=call.key, reason="a comment of the community's to nobody")
    name = named(comment.post_id, comment.id)
    text, parts, media = content(comment)
    thread = named(comment.post_id, _first(comment))
    return MessageReceived(
        key=f"comment:{name}",
        external_id=name,
        peer=Peer(person=person(author), thread=thread, visibility=Visibility.PUBLIC),
        from_us=from_us,
        text=text,
        parts=parts,
        media=media,
        reply_to=named(comment.post_id, comment.reply_to_comment) if comment.reply_to_comment else None,
        occurred_at=moment(comment.date),
    )


def edited(call: Call) -> Inbound:
    """VK does not say when: it is when it was told."""
    comment = decode(call.object, COMMENT)
    if _elsewhere(-call.posted.group_id, comment.post_owner_id, comment.owner_id):
        return Ignored(key=call.key, reason="a comment on a wall of somebody else's")
    name = named(comment.post_id, comment.id)
    text, parts, media = content(comment)
    return MessageEdited(
        key=call.key,
        external_id=name,
        text=text,
        parts=parts,
        media=media,
        occurred_at=call.at,
    )


def deleted(call: Call) -> Inbound:
    found = decode(call.object, DELETED)
    if _elsewhere(-call.posted.group_id, found.owner_id):
        return Ignored(key=call.key, reason="a comment on a wall of somebody else's")
    name = named(found.post_id, found.id)
    return MessageRedacted(key=f"delete:{name}", external_id=name, occurred_at=call.at)


def restored(call: Call) -> Inbound:
    return Ignored(key=call.key, reason="what was deleted here does not come back")


def comment(outbound: Outbound, group: int) -> dict[str, str | int]:
    """A payload as the fields of `wall.createComment`. Raises Refused, Unreachable."""
    payload, stands = outbound.payload, NAMED.fullmatch(outbound.thread or "")
    if stands is None:
        raise Unreachable("no comment that could be answered", code=ErrorCode.INVALID_ADDRESS)
    if payload.media:
        raise Refused("files cannot be put into a comment", code=ErrorCode.MEDIA_UNSUPPORTED)
    if not payload.text or payload.location or payload.contact_card or payload.cards or payload.actions:
        raise Refused("a comment is a text", code=ErrorCode.CONTENT_UNSUPPORTED)
    quoted = NAMED.fullmatch(outbound.reply_to or "")
    under = quoted if quoted is not None and quoted["post"] == stands["post"] else stands
    return {
        "owner_id": -group,
        "post_id": int(stands["post"]),
        "from_group": group,
        "message": payload.text,
        "reply_to_comment": int(under["comment"]),
        "guid": sha256(outbound.token.encode()).hexdigest()[:GUID],
    }


def _first(comment: Comment) -> int:
    return comment.parents_stack[0] if comment.parents_stack else comment.id


def _elsewhere(ours: int, *owners: int | None) -> bool:
    """By whose wall it is, as far as that was told."""
    return next((owner for owner in owners if owner is not None), ours) != ours
