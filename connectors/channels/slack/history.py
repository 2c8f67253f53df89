"""What came while the hub was down: the conversations the app is in, some at a time, and what was said in each.

Slack does not tell in which of them there is news, nor in which older thread; so every conversation is asked, and
threads that began up to three days before, as far back as the pages reach that are asked for. Keys are those of events.
Source: docs.slack.dev/reference/methods/
users.conversations, /conversations.history, /conversations.replies (read 2026-11).
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from connectors.channels.slack.answers import ACCOUNT, CONVERSATIONS, HISTORY, Account, Conversation
from connectors.channels.slack.api import Api
from connectors.channels.slack.events import MESSAGE
from connectors.channels.slack.parse import Arrived, received
from connectors.channels.slack.people import EPOCH, moment
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload, Refused, Temporary, Unreachable
from connectors.kit.request import decode
from normalizer.inbound import Inbound, MessageReceived, Unreadable

PORTION: Final = 10
"""Conversations at a time: Slack answers some fifty questions a minute."""
PAGE: Final = 200
MOST_PAGES: Final = 20
BACK: Final = timedelta(minutes=1)
"""By which the next round begins before this one did: clocks differ."""
THREADS: Final = timedelta(days=3)
FORGOTTEN: Final = "invalid_cursor"
"""Slack's word for a place in a list that it takes no longer."""
LISTED: Final = {"types": "im,mpim,public_channel,private_channel", "exclude_archived": "true", "limit": str(PORTION)}


class Place(msgspec.Struct, frozen=True):
    """A cursor: how far a round through the conversations is."""

    since: float
    """Seconds since 1970: what was said before is known."""
    began: float
    page: str = ""
    """Slack's own cursor in the list of conversations; empty at the beginning."""


PLACE: Final = msgspec.json.Decoder(Place)


class TooMany(Temporary):
    """There is more in a conversation than is asked for."""


def beginning(now: datetime) -> Polled:
    """None of the past, and the cursor to begin with."""
    at = now.timestamp()
    return Polled([], _kept(Place(at, at)), b"[]")


async def backfill(api: Api, cursor: str, now: datetime, *, channel_threads: bool) -> Polled:
    """What was said since the cursor in the next conversations. Raises Temporary, Misconfigured."""
    place = _read(cursor, now)
    if not place.page:
        place = msgspec.structs.replace(place, began=now.timestamp())
    us = await api.ask("auth.test", {}, ACCOUNT)
    try:
        listed = await api.ask("users.conversations", LISTED | _at(place.page), CONVERSATIONS)
    except Refused as error:
        if not place.page or error.provider_code != FORGOTTEN:
            raise
        return Polled([], _kept(Place(place.since, place.began)), b"[]", more=True)  # the round begins anew
    found: dict[str, tuple[bytes, Inbound]] = {}
    for channel in listed.channels:
        async for raw in _said(api, channel, EPOCH + timedelta(seconds=place.since)):
            for item in _items(raw, channel, us, channel_threads):
                found[item.key] = raw, item
    page = listed.response_metadata.next_cursor
    after = place.began - BACK.total_seconds()
    then = msgspec.structs.replace(place, page=page) if page else Place(max(after, place.since), place.began)
    in_order = sorted(found.values(), key=lambda one: _told_at(one[1], now))
    raw = b"[" + b",".join(raw for raw, _ in in_order) + b"]"
    return Polled([item for _, item in in_order], _kept(then), raw, more=bool(page))


async def _said(api: Api, channel: Conversation, since: datetime) -> AsyncIterator[bytes]:
    """New messages, and new ones in threads that are not too old. Nothing of where the app may not read."""
    try:
        async for raw in _history(api, channel, since):
            at, answered = _moments(raw)
            if at is None or at >= since:
                yield raw
            if answered is not None and answered[1] >= since:
                thread = {"channel": channel.id, "ts": answered[0]}
                async for reply in _pages(api, "conversations.replies", thread, since):
                    written, _ = _moments(reply)  # what the thread hangs under is told with it, however old
                    if written is None or written >= since:
                        yield reply
    except Unreachable:
        return


async def _history(api: Api, channel: Conversation, since: datetime) -> AsyncIterator[bytes]:
    """The newest first; what is older than three days, or than so many pages, is not looked through for threads."""
    past = False
    try:
        async for raw in _pages(api, "conversations.history", {"channel": channel.id}, since - THREADS):
            at, _ = _moments(raw)
            past = past or (at is not None and at < since)
            yield raw
    except TooMany:
        if not past:
            raise


def _moments(raw: bytes) -> tuple[datetime | None, tuple[str, datetime] | None]:
    """When it was written, and of what a thread hangs under its name and when it was last answered; of what cannot be
    read neither, so that it is set aside."""
    try:
        message = decode(raw, MESSAGE)
        latest = message.latest_reply
        return moment(message.ts), None if latest is None else (message.ts, moment(latest))
    except BadPayload:
        return None, None


async def _pages(api: Api, method: str, asked: Mapping[str, str], since: datetime) -> AsyncIterator[bytes]:
    page, oldest = "", f"{since.timestamp():.6f}"
    for _ in range(MOST_PAGES):
        fields = {**asked, "oldest": oldest, "inclusive": "true", "limit": str(PAGE), **_at(page)}
        told = await api.ask(method, fields, HISTORY)
        for raw in told.messages:
            yield bytes(raw)
        page = told.response_metadata.next_cursor
        if not page:
            return
    raise TooMany(f"more than {MOST_PAGES * PAGE} messages in one conversation")


def _items(raw: bytes, channel: Conversation, us: Account, channel_threads: bool) -> list[Inbound]:
    """Under the key of its event; none of ours, and of what Slack itself wrote none."""
    try:
        message = decode(raw, MESSAGE)
        if message.bot_id is not None and message.bot_id == us.bot_id:
            return []
        arrived = Arrived(raw, f"listed:{channel.id}:{message.ts}", None, frozenset({us.user_id}), channel_threads)
        told = msgspec.structs.replace(message, channel=channel.id, channel_type=_kind(channel))
        return [item for item in received(arrived, told, channel.id) if isinstance(item, MessageReceived)]
    except BadPayload as error:
        return [Unreadable(key=f"listed:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail)]


def _kind(channel: Conversation) -> str:
    """As `channel_type` of an event."""
    if channel.is_im:
        return "im"
    if channel.is_mpim:
        return "mpim"
    return "group" if channel.is_private else "channel"


def _told_at(item: Inbound, now: datetime) -> datetime:
    return item.occurred_at if isinstance(item, MessageReceived) else now


def _at(page: str) -> dict[str, str]:
    return {"cursor": page} if page else {}


def _read(cursor: str, now: datetime) -> Place:
    try:
        return PLACE.decode(cursor)
    except msgspec.MsgspecError:
        return Place(now.timestamp(), now.timestamp())


def _kept(place: Place) -> str:
    return msgspec.json.encode(place).decode()
