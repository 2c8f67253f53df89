"""What JioChat posts, as far as it is read.

Source: github.com/nyaruka/courier, handlers/jiochat; github.com/rapidpro/rapidpro, the handler of its versions before 4
(read 2026-11).
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Number = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
LATEST: Final = 253_402_300_799
"""The last second of the year 9999; what is more is told in milliseconds."""


class Posted(msgspec.Struct, frozen=True, rename="pascal"):
    """A message or an event."""

    from_user_name: Name
    msg_type: Name
    create_time: Annotated[int, msgspec.Meta(ge=0, le=LATEST * 1000)] = 0
    """Since 1970, in milliseconds; events have been seen that count seconds."""
    msg_id: Name | Number | None = None
    """A number in older calls."""
    event: Annotated[str, msgspec.Meta(max_length=256)] = ""
    content: str = ""
    media_id: Annotated[str, msgspec.Meta(max_length=1024)] = ""


POSTED: Final = msgspec.json.Decoder(Posted)
RAW: Final = msgspec.json.Decoder(dict[str, Any])


def moment(posted: Posted, received_at: datetime) -> datetime:
    """UTC. Where none is told, when it came."""
    at = posted.create_time
    return datetime.fromtimestamp(at if at <= LATEST else at / 1000, UTC) if at else received_at
