"""What people wrote while nobody answered Meta's calls, from its list of conversations.

The list has no cursor that lasts, only times. So the cursor is the time to look from, a little before the last look;
the messages' own names make one of what is seen twice. Each message is put as its webhook, so that both are read by the
same rules; what cannot be read is set aside and keeps nothing else back. Meta tells the last twenty messages of a
conversation, and neither reactions nor what was pressed; what the account itself said is not asked for, since nothing
there tells which of it was said from here. Source: developers.facebook.com/docs/messenger-platform/conversations
(read 2026-11); the fields of attachments as published programs read them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec

from connectors.families.meta.graph import Graph
from connectors.families.meta.moment import DIGITS, moment
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.request import decode
from normalizer.inbound import Inbound, Unreadable

T = TypeVar("T")

CONVERSATIONS: Final = "me/conversations"
FIELDS: Final = (
    "updated_time,messages.limit(20){id,created_time,from,to,message,reply_to,"
    "attachments{mime_type,image_data,video_data,file_url}}"
)
BACK: Final = timedelta(minutes=10)
"""How far a backfill looks back on what the one before has seen."""
PAGE: Final = 25
MOST_PAGES: Final = 80
FORMAT: Final = "%Y-%m-%dT%H:%M:%S%z"


class _Wire(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Who(_Wire, frozen=True, kw_only=True):
    id: str = ""


class To(_Wire, frozen=True, kw_only=True):
    data: list[Who] = []


class Held(_Wire, frozen=True, kw_only=True):
    url: str | None = None


class Attachment(_Wire, frozen=True, kw_only=True):
    mime_type: str | None = None
    image_data: Held | None = None
    video_data: Held | None = None
    file_url: str | None = None


class Attachments(_Wire, frozen=True, kw_only=True):
    data: list[Attachment] = []


class Quoted(_Wire, frozen=True, kw_only=True):
    mid: str | None = None


class Message(_Wire, frozen=True, kw_only=True, rename={"sender": "from"}):
    id: str
    created_time: str | int = ""
    sender: Who = Who()
    to: To = To()
    message: str = ""
    reply_to: Quoted = Quoted()
    attachments: Attachments = Attachments()


class Messages(_Wire, frozen=True, kw_only=True):
    data: list[msgspec.Raw] = []


class Conversation(_Wire, frozen=True, kw_only=True):
    updated_time: str | int = ""
    messages: Messages = Messages()


class Cursors(_Wire, frozen=True, kw_only=True):
    after: str | None = None


class Paging(_Wire, frozen=True, kw_only=True):
    cursors: Cursors = Cursors()
    next: str | None = None
    """Has the token in it, so it is not followed."""


class Page(_Wire, frozen=True, kw_only=True):
    data: list[msgspec.Raw] = []
    paging: Paging = Paging()


class Named(_Wire, frozen=True, kw_only=True):
    id: str


PAGES: Final = msgspec.json.Decoder(Page)
CONVERSATION: Final = msgspec.json.Decoder(Conversation)
MESSAGE: Final = msgspec.json.Decoder(Message)
NAMED: Final = msgspec.json.Decoder(Named)
Broken = dict[str, Unreadable]
"""What could not be read, by its key."""


async def backfill(
    graph: Graph,
    product: str,
    platform: str,
    account: str,
    read: Callable[[bytes], Sequence[Inbound]],
    cursor: str | None,
    now: datetime,
) -> Polled:
    """What came since the cursor, as `read` reads it of a webhook. Raises Temporary, Misconfigured."""
    until = now.strftime(FORMAT)
    if cursor is None:
        return Polled([], until, b"[]")
    since = _since(cursor)
    broken: Broken = {}
    found = await _listed(graph, platform, since, broken)
    items = sorted((each for each in found if each[0] >= since and _is_to(each[1], account)), key=lambda each: each[0])
    told = [_item(one, at, account) for at, one in items]
    body = msgspec.json.encode({"object": product, "entry": [{"id": account, "messaging": told}]}) if told else b"[]"
    return Polled([*broken.values(), *(read(body) if told else [])], until, body)


async def _listed(graph: Graph, platform: str, since: datetime, broken: Broken) -> list[tuple[datetime, Message]]:
    """Of the conversations in which something was said since then. Those with news come first."""
    found: list[tuple[datetime, Message]] = []
    query = {"platform": platform, "fields": FIELDS, "limit": str(PAGE)}
    for _ in range(MOST_PAGES):
        page = await graph.ask("GET", CONVERSATIONS, PAGES, query=query)
        told = list(_timed(page.data, CONVERSATION, lambda one: one.updated_time, broken))
        if page.data and not told:  # then it is not one that is broken, and without times nothing can be asked for
            raise Temporary(f"conversations that cannot be read: {next(iter(broken.values())).reason}")
        fresh = [one for at, one in told if at >= since]
        for one in fresh:
            found += _timed(one.messages.data, MESSAGE, lambda message: message.created_time, broken)
        after = page.paging.cursors.after
        if not fresh or page.paging.next is None or after is None:
            return found
        query["after"] = after
    raise Temporary(f"more than {MOST_PAGES * PAGE} conversations since {since.strftime(FORMAT)}")


def _timed(
    raws: Sequence[msgspec.Raw], kind: msgspec.json.Decoder[T], when: Callable[[T], str | int], broken: Broken
) -> Iterator[tuple[datetime, T]]:
    for raw in map(bytes, raws):
        try:
            one = decode(raw, kind)
            yield _time(when(one)), one
        except BadPayload as error:
            key = f"listed:{_name(raw)}"
            broken[key] = Unreadable(key=key, slice=raw, reason=error.detail)


def _name(raw: bytes) -> str:
    """Its own, for other things in it change whenever it is listed."""
    try:
        return sha256(decode(raw, NAMED).id.encode()).hexdigest()
    except BadPayload:
        return sha256(raw).hexdigest()


def _is_to(message: Message, account: str) -> bool:
    return message.sender.id not in ("", account) and any(one.id == account for one in message.to.data)


def _item(message: Message, at: datetime, account: str) -> Mapping[str, Any]:
    said: dict[str, Any] = {"mid": message.id, "text": message.message or None}
    said["attachments"] = [_attachment(one) for one in message.attachments.data]
    if message.reply_to.mid is not None:
        said["reply_to"] = {"mid": message.reply_to.mid}
    if not message.message and not message.attachments.data:  # such as a sticker that the list does not show
        said["is_unsupported"] = True
    whose = {"sender": {"id": message.sender.id}, "recipient": {"id": account}}
    return {**whose, "timestamp": int(at.timestamp() * 1000), "message": said}


def _attachment(one: Attachment) -> Mapping[str, Any]:
    for kind, held in (("image", one.image_data), ("video", one.video_data)):
        if held is not None and held.url:
            return {"type": kind, "payload": {"url": held.url}}
    if one.file_url:
        kind = "audio" if (one.mime_type or "").startswith("audio/") else "file"
        return {"type": kind, "payload": {"url": one.file_url}}
    return {"type": "attachment"}


def _time(told: str | int) -> datetime:
    """ISO 8601, or seconds since 1970. Raises BadPayload."""
    text = str(told)
    if text.isdecimal() and len(text) <= DIGITS:
        return moment(told)
    try:
        return datetime.strptime(text, FORMAT).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadPayload(f"a time that cannot be read: {text[:40]!r}") from error


def _since(cursor: str) -> datetime:
    try:
        return datetime.strptime(cursor, FORMAT).astimezone(UTC) - BACK
    except ValueError as error:
        raise Temporary(f"a cursor that is none of ours: {cursor[:40]!r}") from error
