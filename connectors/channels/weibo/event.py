"""What Weibo posts, as far as it is read.

Source: open.weibo.com/wiki/Receive_General_Message, .../Receive_Event_Message (read 2026-11).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Final

import msgspec

from connectors.kit.errors import BadPayload

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Key = Annotated[str, msgspec.Meta(max_length=2048)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Whatever the locale."""
MONTHS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(NAMES, 1)}
MOMENT: Final = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2}) (?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
    r" (?P<sign>[+-])(?P<hours>\d{2})(?P<minutes>\d{2}) (?P<year>\d{4})",
    re.ASCII,
)


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    type: Name
    sender_id: Id
    receiver_id: Id
    created_at: str
    text: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Place(msgspec.Struct, frozen=True):
    latitude: Latitude
    longitude: Longitude


class File(msgspec.Struct, frozen=True):
    tovfid: Id
    """The receiver's copy."""


class Happened(msgspec.Struct, frozen=True):
    subtype: Name
    key: Key = ""


POSTED = msgspec.json.Decoder(Posted)
PLACE = msgspec.json.Decoder(Place, strict=False)  # numbers are written as text
FILE = msgspec.json.Decoder(File, strict=False)
HAPPENED = msgspec.json.Decoder(Happened)
ANY = msgspec.json.Decoder(dict[str, Any])


def moment(text: str) -> datetime:
    """As in `Mon Jul 16 18:09:20 +0800 2026`. Raises BadPayload."""
    found = MOMENT.fullmatch(text)
    month = MONTHS.get(found["month"]) if found else None
    if found is None or month is None:
        raise BadPayload("created_at is no time")
    away = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    day, hour, minute, second = (int(found[name]) for name in ("day", "hour", "minute", "second"))
    try:
        zone = timezone(away if found["sign"] == "+" else -away)
        return datetime(int(found["year"]), month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadPayload("created_at is no time") from None
