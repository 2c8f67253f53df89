"""Who called while nobody answered Twilio's requests, from its list of calls.

Only calls that are over are taken. Some are listed with no end, so both are asked for: those that began since the
cursor, and those that ended. Calls of ours are left out: what became of them is known by their reports alone. Source:
twilio.com/docs/voice/api/call-resource#read-multiple-call-resources (read 2026-11).
"""

from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from connectors.channels.twilio_voice.config import Config
from connectors.channels.twilio_voice.parse import listed
from connectors.channels.twilio_voice.statuses import OVER
from connectors.families.twilio.api import API, Api
from connectors.families.twilio.listing import BACK, FORMAT, INBOUND, MOST, PAGE, moment, told_at
from connectors.kit.base import Polled
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.request import decode
from normalizer.inbound import Inbound, Unreadable

SINCE: Final = ("StartTime>", "EndTime>")
MOST_PAGES: Final = 50
"""All of them are held at once, for they are not listed in the order they ended."""
SETTLED: Final = timedelta(minutes=1)
"""So long ago a call must have ended: its reports, which tell more, are repeated for a while."""


class Page(msgspec.Struct, frozen=True):
    calls: list[msgspec.Raw] = []
    next_page_uri: str | None = None


class Told(msgspec.Struct, frozen=True, rename={"caller": "from"}):
    """A call as it is listed."""

    sid: str
    caller: str = ""
    to: str = ""
    status: str = ""
    direction: str = INBOUND
    duration: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    parent_call_sid: str | None = None


class Found(NamedTuple):
    over: datetime
    """When it ended; when it began, where no end is told."""
    began: datetime
    call: Told
    raw: bytes


PAGES: Final = msgspec.json.Decoder(Page)
TOLD: Final = msgspec.json.Decoder(Told)


async def backfill(api: Api, config: Config, cursor: str, now: datetime) -> Polled:
    """The calls to the number that ended since the cursor. Raises Temporary, Misconfigured."""
    since = moment(cursor)
    calls: dict[str, Found] = {}
    broken: dict[str, Inbound] = {}
    for bound in SINCE:
        for raw in await _listed(api, config, bound, since):
            try:
                found = _found(raw)
            except BadPayload as error:
                key = f"unreadable:{sha256(raw).hexdigest()}"
                broken[key] = Unreadable(key=key, slice=raw, reason=error.detail)
                continue
            if _is_theirs(found.call) and since <= found.over <= now - SETTLED:
                calls[found.call.sid] = found
    oldest = sorted(calls.values(), key=lambda each: each.over)
    cut, taken = len(oldest) > MOST, oldest[:MOST]
    reached = max(taken[-1].over if cut else now - BACK, since)
    if cut and reached == since:
        raise Temporary(f"more than {MOST} calls within a second, at {cursor}")
    inbound = [*broken.values()]
    for each in taken:
        inbound += listed(_fields(each), each.began, config)
    raw = b"[" + b",".join(each.raw for each in taken) + b"]"
    return Polled(inbound, reached.strftime(FORMAT), raw, more=cut)


async def _listed(api: Api, config: Config, bound: str, since: datetime) -> list[bytes]:
    query = urlencode({"To": config.number, bound: since.strftime(FORMAT), "PageSize": PAGE})
    url = api.account(f"/Calls.json?{query}")
    found: list[bytes] = []
    for _ in range(MOST_PAGES):
        page = await api.get(url, PAGES)
        found += map(bytes, page.calls)
        if page.next_page_uri is None:
            return found
        url = f"{API}{page.next_page_uri}"
    raise Temporary(f"more than {MOST_PAGES * PAGE} calls since {since.strftime(FORMAT)}")


def _found(raw: bytes) -> Found:
    call = decode(raw, TOLD)
    began = told_at(call.start_time or call.end_time or "")
    return Found(told_at(call.end_time) if call.end_time else began, began, call, raw)


def _is_theirs(call: Told) -> bool:
    return call.direction == INBOUND and call.status in OVER and not call.parent_call_sid


def _fields(found: Found) -> dict[str, str]:
    """In the words of the report of its end, so that both are read by the same rules."""
    call = found.call
    told = {"CallSid": call.sid, "From": call.caller, "To": call.to, "CallStatus": call.status}
    told |= {"Direction": call.direction, "Timestamp": format_datetime(found.over)}
    return told | ({"CallDuration": call.duration} if call.duration else {})
