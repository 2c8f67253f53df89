"""What people wrote while nobody answered Twilio's calls, from its list of messages.

The list has no cursor that lasts, only times. So the cursor is the time to look from, a little before the last look,
for the clocks and for what was late; the messages' own keys make one of what is seen twice. Reports on what we sent are
not asked for: the list does not tell our messages from others of the same number. Source:
twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources (read 2026-11).
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from connectors.families.twilio.api import API, Api
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload, KitError, Refused, Temporary
from connectors.kit.request import decode
from normalizer.inbound import Ignored, Inbound, Unreadable

BACK: Final = timedelta(minutes=10)
"""How far a backfill looks back on what the one before has seen."""
PAGE: Final = 1000
MOST: Final = 2000
"""Messages taken at a time; the oldest first."""
MOST_PAGES: Final = 500
FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
INBOUND: Final = "inbound"
RECEIVED: Final = "received"
NOT_FOUND: Final = "20404"


Read = Callable[[Mapping[str, str], datetime], list[Inbound]]
"""What the fields of a webhook become. Raises BadPayload."""


class Page(msgspec.Struct, frozen=True):
    messages: list[msgspec.Raw] = []
    next_page_uri: str | None = None


class Listed(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    sid: str
    sender: str = ""
    body: str | None = None
    direction: str = INBOUND
    status: str = RECEIVED
    num_media: str = "0"
    date_sent: str | None = None
    date_created: str | None = None


class File(msgspec.Struct, frozen=True):
    uri: str
    content_type: str = ""


class Files(msgspec.Struct, frozen=True):
    media_list: list[File] = []


class Found(NamedTuple):
    """A message of the list, as it came and as it reads."""

    at: datetime
    raw: bytes
    message: Listed


PAGES: Final = msgspec.json.Decoder(Page)
LISTED: Final = msgspec.json.Decoder(Listed)
FILES: Final = msgspec.json.Decoder(Files)


def beginning(now: datetime) -> Polled:
    """None of the past, and the cursor to begin with."""
    return Polled([], now.strftime(FORMAT), b"[]")


async def backfill(api: Api, numbers: Sequence[str], read: Read, cursor: str, now: datetime) -> Polled:
    """What came to these numbers since the cursor. Raises Temporary, Misconfigured."""
    since = moment(cursor)
    found: list[Found] = []
    unreadable: list[Inbound] = []
    cut = False
    for number in numbers:
        theirs, broken, more = await _written_to(api, number, since)
        found += theirs
        unreadable += broken
        cut = cut or more
    found.sort(key=lambda each: each.at)  # times are told to the second: within one, the order stays
    cut, found = cut or len(found) > MOST, found[:MOST]
    reached = max(found[-1].at if cut else now - BACK, since)
    if cut and reached == since:
        raise Temporary(f"more than {MOST} messages within a second, at {cursor}")
    inbound = [*unreadable, *[item for each in found for item in await _read(api, read, each)]]
    raw = b"[" + b",".join(each.raw for each in found) + b"]"
    return Polled(inbound, reached.strftime(FORMAT), raw, more=cut)


async def _written_to(api: Api, number: str, since: datetime) -> tuple[Sequence[Found], Sequence[Inbound], bool]:
    """The oldest messages to a number since then, the oldest first; what could not be read; whether there are newer."""
    query = urlencode({"To": number, "DateSent>": since.strftime(FORMAT), "PageSize": PAGE})
    url = api.account(f"/Messages.json?{query}")
    kept: deque[Found] = deque(maxlen=MOST)  # the newest come first, so the oldest are kept
    broken: list[Inbound] = []
    count = 0
    for _ in range(MOST_PAGES):
        page = await api.get(url, PAGES)
        for raw in map(bytes, page.messages):
            try:
                found = _found(raw)
            except BadPayload as error:
                broken.append(Unreadable(key=f"unreadable:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail))
                continue
            if found.at >= since and (found.message.direction, found.message.status) == (INBOUND, RECEIVED):
                kept.append(found)
                count += 1
        if page.next_page_uri is None:
            return list(reversed(kept)), broken, count > len(kept)
        url = f"{API}{page.next_page_uri}"
    raise Temporary(f"more than {MOST_PAGES * PAGE} messages to one number since {since.strftime(FORMAT)}")


def _found(raw: bytes) -> Found:
    message = decode(raw, LISTED)
    return Found(told_at(message.date_sent or message.date_created or ""), raw, message)


async def _read(api: Api, read: Read, found: Found) -> list[Inbound]:
    """A message in the words of its webhook, so that both are read by the same rules."""
    message = found.message
    fields = {"MessageSid": message.sid, "From": message.sender, "Body": message.body or ""}
    if message.num_media not in ("", "0"):
        try:
            files = await api.get(api.account(f"/Messages/{message.sid}/Media.json"), FILES)
        except KitError as error:
            if error.provider_code == NOT_FOUND:
                return [Ignored(key=f"gone:{message.sid}", reason="the message was deleted at Twilio meanwhile")]
            if not isinstance(error, Refused):
                raise
            return [_set_aside(message, fields, f"its files are not told: {error.detail}")]
        fields["NumMedia"] = str(len(files.media_list))
        for n, file in enumerate(files.media_list):
            fields[f"MediaUrl{n}"] = f"{API}{file.uri.removesuffix('.json')}"
            fields[f"MediaContentType{n}"] = file.content_type
    try:
        return read(fields, found.at)
    except BadPayload as error:
        return [_set_aside(message, fields, error.detail)]


def _set_aside(message: Listed, fields: Mapping[str, str], reason: str) -> Unreadable:
    """As its webhook would have been, for that is what a replay reads."""
    return Unreadable(key=f"unreadable:{message.sid}:{RECEIVED}", slice=urlencode(fields).encode(), reason=reason)


def told_at(text: str) -> datetime:
    """Raises BadPayload."""
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadPayload("no time of RFC 2822") from error


def moment(cursor: str) -> datetime:
    """Raises Temporary."""
    try:
        return datetime.strptime(cursor, FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise Temporary(f"a cursor that is none of ours: {cursor[:40]!r}") from error
