"""Meta's times: seconds or milliseconds since 1970 UTC, as a number or as text. Their size tells which."""

from datetime import UTC, datetime
from typing import Final

from connectors.kit.errors import BadPayload

Stamp = int | str
MILLISECONDS: Final = 100_000_000_000
"""From here on a number is milliseconds: as seconds it would be the year 5138."""
DIGITS: Final = 15


def moment(stamp: Stamp) -> datetime:
    """Raises BadPayload."""
    text = str(stamp)
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        raise BadPayload("no time")
    number = int(text)
    if not number:  # nobody wrote in 1970; it is what stands where no time is told
        raise BadPayload("no time")
    try:
        return datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadPayload("no time of this calendar") from error
