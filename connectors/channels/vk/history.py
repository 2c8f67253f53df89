"""What came while the hub was down: the conversations last written in, and what was said there.

Times are seconds, so the second the cursor names is asked for again; keys are those of the calls. Source:
dev.vk.com/en/method/messages.getConversations, /messages.getHistory (read 2026-11).
"""

from hashlib import sha256
from typing import Final, NamedTuple

from connectors.channels.vk.answers import CONVERSATIONS, HISTORY
from connectors.channels.vk.api import Api
from connectors.channels.vk.event import MESSAGE
from connectors.channels.vk.parse import received
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload, Temporary, Unreachable
from connectors.kit.request import decode
from normalizer.inbound import Inbound, Unreadable

PAGE: Final = 200
MOST_PAGES: Final = 20
"""Of conversations, and of messages of one."""
MOST: Final = 1000
"""Messages of a portion."""
BACK: Final = 60
"""Seconds by which the cursor stays behind: clocks differ, and a list may lag."""


class Found(NamedTuple):
    at: int
    raw: bytes
    item: Inbound


def beginning(now: int) -> Polled:
    """None of the past, and the cursor to begin with."""
    return Polled([], str(now), b"[]")


async def backfill(api: Api, group: int, cursor: str, now: int) -> Polled:
    """What was said since the cursor, the oldest first. Raises Temporary, Misconfigured."""
    since = int(cursor) if cursor.isdecimal() else now
    found: list[Found] = []
    for peer in await _peers(api, group, since):
        found += await _said(api, group, peer, since)
    found.sort(key=lambda one: one.at)  # within a conversation and a second, the order stays
    cut, found = len(found) > MOST, found[:MOST]
    reached = max(found[-1].at if cut else now - BACK, since)
    if cut and reached == since:
        raise Temporary(f"more than {MOST} messages within a second, at {cursor}")
    raw = b"[" + b",".join(one.raw for one in found) + b"]"
    return Polled([one.item for one in found], str(reached), raw, more=cut)


async def _peers(api: Api, group: int, since: int) -> list[int]:
    """With whom there was a word since then."""
    found: list[int] = []
    for page in range(MOST_PAGES):
        asked = {"group_id": group, "count": PAGE, "offset": page * PAGE}
        listed = (await api.call("messages.getConversations", asked, CONVERSATIONS)).items
        found += [one.conversation.peer.id for one in listed if one.last_message.date >= since]
        if len(listed) < PAGE or listed[-1].last_message.date < since:
            return found
    raise Temporary(f"more than {MOST_PAGES * PAGE} conversations since {since}")


async def _said(api: Api, group: int, peer: int, since: int) -> list[Found]:
    """The oldest first; nothing of a group chat that the bot was put out of."""
    found: list[Found] = []
    for page in range(MOST_PAGES):
        asked = {"group_id": group, "peer_id": peer, "count": PAGE, "offset": page * PAGE}
        try:
            raws = [bytes(raw) for raw in (await api.call("messages.getHistory", asked, HISTORY)).items]
        except Unreachable:
            return []
        said = [_found(raw, group, since) for raw in raws]
        found += [one for one in said if one.at >= since]
        if len(raws) < PAGE or said[-1].at < since:
            return found[::-1]
    raise Temporary(f"more than {MOST_PAGES * PAGE} messages of one conversation since {since}")


def _found(raw: bytes, group: int, since: int) -> Found:
    """Under the same key as its call."""
    try:
        message = decode(raw, MESSAGE)
        return Found(message.date, raw, received(message, from_us=message.from_id == -group))
    except BadPayload as error:
        item = Unreadable(key=f"listed:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail)
        return Found(since, raw, item)
