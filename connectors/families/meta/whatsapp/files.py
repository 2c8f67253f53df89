"""A file of a message, by the number that a webhook named: what is asked for first, and where it then is."""

from collections.abc import Mapping
from typing import Final

import msgspec

from connectors.families.meta.graph import NUMBER, Graph, gone
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode

MEDIA: Final = "media:"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    mime_type: str | None = None
    file_size: int | None = None


HELD: Final = msgspec.json.Decoder(Held)


def number_of(source: str) -> str:
    """Raises Refused."""
    number = source.removeprefix(MEDIA)
    if not source.startswith(MEDIA) or not NUMBER.fullmatch(number):
        raise Refused("no file of a message", code=ErrorCode.MEDIA_UNREACHABLE)
    return number


async def held(graph: Graph, source: str, query: Mapping[str, str] | None = None) -> Held:
    """Where a file is now; the address is over after five minutes. Raises Refused for one that is gone."""
    try:
        return await graph.ask("GET", number_of(source), HELD, query=query)
    except Refused as error:
        raise gone(error) from None
