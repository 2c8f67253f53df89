"""Mail whose webhook failed for good: Postmark is asked to post it once more, whole as it came.

What came while the hub was down is posted ten times within half a day, and then given up as `failed`. Postmark's list
tells the words of a mail, but not its files; so it is not read from there. Source:
postmarkapp.com/developer/api/messages-api (read 2026-11).
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from urllib.parse import quote, urlencode

import msgspec

from connectors.kit.base import Polled
from connectors.kit.errors import Refused

PAGE: Final = 500
"""The most Postmark lists at once; of more, the newest."""
PORTION: Final = 50
FAILED: Final = f"messages/inbound?{urlencode({'count': PAGE, 'offset': 0, 'status': 'failed'})}"
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Listed(msgspec.Struct, frozen=True):
    message_id: Id = msgspec.field(name="MessageID")


class Failed(msgspec.Struct, frozen=True):
    messages: list[Listed] = msgspec.field(name="InboundMessages", default_factory=list)


FAILURES: Final = msgspec.json.Decoder(Failed)
TRIED: Final = msgspec.json.Decoder(list[str])


def beginning(failed: Failed) -> Polled:
    """None of the past: what had failed before is left alone."""
    return Polled([], _kept([one.message_id for one in failed.messages]), b"[]")


async def again(failed: Failed, cursor: str, retry: Callable[[str], Awaitable[None]]) -> Polled:
    """Has each tried once; the cursor holds those that were, for as long as they are listed."""
    try:
        tried = set(TRIED.decode(cursor))
    except msgspec.MsgspecError:
        return beginning(failed)
    listed = [one.message_id for one in reversed(failed.messages)]  # the newest come first
    fresh = [name for name in listed if name not in tried]
    for name in fresh[:PORTION]:
        try:
            await retry(f"messages/inbound/{quote(name, safe='')}/retry")
        except Refused:
            continue  # it came meanwhile, or is gone
    known = [name for name in listed if name in tried or name in fresh[:PORTION]]
    return Polled([], _kept(known), b"[]", more=len(fresh) > PORTION)


def _kept(names: list[str]) -> str:
    return msgspec.json.encode(sorted(names)).decode()
