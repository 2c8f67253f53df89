"""What came while the hub was down: X lists the messages of thirty days, the newest first.

Some pages are read at a time; where the last known message is not among them, the cursor says how far it got, and the
next portion goes on from there. Only at the end is the newest message what the next round begins with.
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
from connectors.kit.errors import BadPayload, Misconfigured
from connectors.kit.request import decode
from normalizer.inbound import Ignored, Inbound, MessageReceived, Unreadable

PAGES_AT_A_TIME: Final = 5
"""Of a hundred each; X answers fifteen in a quarter of an hour."""
ASKED: Final = {
    "event_types": "MessageCreate",
    "max_results": "100",
    "dm_event.fields": "id,text,event_type,created_at,sender_id,dm_conversation_id,attachments",
    "expansions": "attachments.media_keys,sender_id",
    "media.fields": "media_key,type,url,variants",
    "user.fields": "name,username",
}
REFUSED: Final = "400"
"""What X answers to a word for a page that it takes no longer."""


class Place(NamedTuple):
    """A cursor: the number alone, or where a portion ended as `since:newest:token`."""

    since: int
    """The newest message that is known."""
    newest: int
    """Of all that were seen on the way down to it."""
    token: str = ""
    """X's own word for the page that comes next; empty at the beginning."""

    def __str__(self) -> str:
        return f"{self.since}:{self.newest}:{self.token}" if self.token else str(self.newest)


class Found(NamedTuple):
    number: int
    item: Inbound
    raw: bytes


async def backfill(api: Api, us: str, cursor: str | None) -> Polled:
    """What came after the message that `cursor` names. Raises Temporary, Misconfigured."""
    place = _read(cursor)
    if place is None:
        found, _ = await _page(api, us, "")
        return Polled([], str(max((one.number for one in found), default=0)), b"[]")
    found, token = await _portion(api, us, place)
    newest = max((one.number for one in found), default=0)
    reached = Place(place.since, max(newest, place.newest), token)
    new = sorted((one for one in found if not 0 < one.number <= place.since), key=lambda one: one.number)
    raw = b"[" + b",".join(one.raw for one in new) + b"]"
    return Polled([one.item for one in new], str(reached), raw, more=bool(token))


async def _portion(api: Api, us: str, place: Place) -> tuple[list[Found], str]:
    """The next pages, and X's word for the one after them; empty where the known message was reached."""
    found: list[Found] = []
    token = place.token
    for _ in range(PAGES_AT_A_TIME):
        try:
            page, token = await _page(api, us, token)
        except Misconfigured as error:
            if found or not token or error.provider_code != REFUSED:
                raise
            page, token = await _page(api, us, "")  # it was kept for so long that X forgot: from the top again
        found += page
        if not token or any(0 < one.number <= place.since for one in page):
            return found, ""
    return found, token


async def _page(api: Api, us: str, token: str) -> tuple[list[Found], str]:
    query = urlencode(ASKED | ({"pagination_token": token} if token else {}))
    page = await api.read(f"/2/dm_events?{query}", PAGE)
    users = _users(page.includes)
    return [_found(bytes(raw), us, users, page.includes) for raw in page.data], page.meta.next_token or ""


def _read(cursor: str | None) -> Place | None:
    since, _, rest = (cursor or "").partition(":")
    newest, _, token = rest.partition(":")
    if not since.isdecimal() or (rest and not newest.isdecimal()):
        return None
    return Place(int(since), int(newest or since), token)


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
