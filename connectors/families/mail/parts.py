"""A file of a recorded mail, read again from what the hub keeps of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, closing
from mmap import ACCESS_READ, mmap
from pathlib import Path

from connectors.families.mail.mime import Octets, read_structure
from connectors.families.mail.mime_body import chunks
from connectors.kit.base import Fetched, Tools
from connectors.kit.errors import BadPayload, Refused
from normalizer.errors import ErrorCode


async def part_of(tools: Tools, source: str, mail_of: Callable[[Octets], Octets] = lambda kept: kept) -> Fetched:
    """Opens what `Media.source` names, `<raw>#<part>`; `mail_of` finds the mail in the request that brought it."""
    raw, _, number = source.rpartition("#")
    stored = await asyncio.to_thread(tools.raw, raw)
    return Fetched(_part(stored, number, mail_of))


async def _part(stored: Path | bytes, number: str, mail_of: Callable[[Octets], Octets]) -> AsyncIterator[bytes]:
    """The decoded octets of a part. Raises Refused where there is no such part."""
    with ExitStack() as stack:
        if isinstance(stored, Path):
            file = stack.enter_context(stored.open("rb"))
            kept: Octets = stack.enter_context(closing(mmap(file.fileno(), 0, access=ACCESS_READ)))
        else:
            kept = stored
        try:
            source = await asyncio.to_thread(mail_of, kept)
            leaves = (await asyncio.to_thread(read_structure, source)).leaves()
        except BadPayload as error:
            raise Refused(error.detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
        piece = next((leaf for leaf in leaves if leaf.number == number), None)
        if piece is None:
            raise Refused("the mail has no such part", code=ErrorCode.MEDIA_UNREACHABLE)
        pieces = chunks(source, piece)
        while (chunk := await asyncio.to_thread(next, pieces, None)) is not None:
            yield chunk
