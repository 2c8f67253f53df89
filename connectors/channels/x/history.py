"""What came while the hub was down: X lists the messages of thirty days, the newest first.

Source: docs.x.com/x-api/direct-messages/lookup/integrate (read 2026-11).
"""

from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlencode

from connectors.channels.x.api import Api
from connectors.channels.x.content import shown, words
from connectors.channels.x.event import LISTED, PAGE, Includes, Listed, User
from connectors.channels.x.parse import Users, peer
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
from normalizer.inbound import Ignored, Inbound, MessageReceived, Unreadable

MOST_PAGES: Final = 10
"""Of a hundred each; X answers fifteen in a quarter of an hour."""
START: Final = "0"
ASKED: Final = {
    "event_types": "MessageCreate",
    "max_results": "100",
    "dm_event.fields": "id,text,event_type,created_at,sender_id,dm_conversation_id,attachments",
    "expansions": "attachments.media_keys,sender_id",
    "media.fields": "media_key,type,url,variants",
    "user.fields": "name,username",
}


class Found(NamedTuple):
    number: int
    item: Inbound
    raw: bytes


async def backfill(api: Api, us: str, cursor: str | None) -> Polled:
    """What came after the message that `cursor` names. Raises Temporary, Misconfigured."""
    since = int(cursor) if cursor is not None and cursor.isdecimal() else None
    found: list[Found] = []
    token: str | None = None
    for _ in range(MOST_PAGES if since is not None else 1):
        query = urlencode(ASKED | ({"pagination_token": token} if token else {}))
        page = await api.read(f"/2/dm_events?{query}", PAGE)
        users = _users(page.includes)
        found += [_found(bytes(raw), us, users, page.includes) for raw in page.data]
        token = page.meta.next_token
        if token is None or (since is not None and any(0 < one.number <= since for one in found)):
            break
    newest = max((one.number for one in found), default=0)
    if since is None:
        return Polled([], str(newest), b"[]")
    new = sorted((one for one in found if not 0 < one.number <= since), key=lambda one: one.number)
    raw = b"[" + b",".join(one.raw for one in new) + b"]"
    return Polled([one.item for one in new], str(max(newest, since)), raw)


def _found(raw: bytes, us: str, users: Users, includes: Includes) -> Found:
    try:
        listed = decode(raw, LISTED)
        return Found(int(listed.id), _item(listed, us, users, includes), raw)
    except BadPayload as error:
        key = f"listed:{sha256(raw).hexdigest()}"
        return Found(0, Unreadable(key=key, slice=raw, reason=error.detail), raw)


def _item(listed: Listed, us: str, users: Users, includes: Includes) -> Inbound:
    """Under the same key as its webhook."""
    ends = listed.dm_conversation_id.split("-")
    if len(ends) != 2 or us not in ends or listed.sender_id not in ends:
        return Ignored(key=f"message:{listed.id}", reason="of a group, or of nobody")
    other = ends[0] if ends[1] == us else ends[1]
    keys = listed.attachments.media_keys if listed.attachments is not None else ()
    pictures = tuple(one for one in includes.media if one.media_key in keys)
    text, parts, media = shown(words(listed.text, listed.entities), (), pictures)
    return MessageReceived(
        key=f"message:{listed.id}",
        external_id=listed.id,
        peer=peer(other, users),
        from_us=listed.sender_id == us,
        text=text,
        parts=parts,
        media=media,
        occurred_at=listed.created_at,
    )


def _users(includes: Includes) -> Users:
    told = ((one.get("id"), one.get("name"), one.get("username")) for one in includes.users)
    return {
        str(number): User(name=name if isinstance(name, str) else None, username=at if isinstance(at, str) else None)
        for number, name, at in told
    }
