"""One message as it comes in: bounded in size and time, in memory where it is small and else straight in a file."""

import asyncio
from collections.abc import AsyncIterator

import structlog

from gateway.files import NO_ROOM, Files, TooLarge
from gateway.listening import replies
from gateway.listening.data import Data, Misshapen
from gateway.listening.mail import Content
from gateway.listening.pace import Pace

log = structlog.get_logger()
SMALL = 64 << 10
"""Octets up to which a message stays in memory."""
BEGINNING = 16 << 10
"""Octets of a large message that are kept beside its file."""


class NotTaken(Exception):
    """The message is refused with `reply`; `hang_up`: it was not read to its end, and what follows is no command."""

    def __init__(self, outcome: str, reply: str, *, hang_up: bool) -> None:
        super().__init__(reply)
        self.outcome = outcome
        self.reply = reply
        self.hang_up = hang_up


async def receive(reader: asyncio.StreamReader, files: Files, most: int, pace: Pace) -> Content:
    """The message that DATA announced, of at most `most` octets. Raises NotTaken."""
    data = Data(reader, most)
    try:
        async with asyncio.timeout(pace.message):
            return await _content(data, files, most, pace)
    except TimeoutError:
        raise NotTaken("slow", replies.SLOW, hang_up=True) from None
    except TooLarge as error:
        raise await _refused(data, "too_large", replies.TOO_LARGE.format(most=most), pace) from error
    except Misshapen as error:
        raise await _refused(data, "misshapen", replies.MISSHAPEN.format(why=error), pace) from error
    except OSError as error:
        log.error("mail could not be kept", reason=repr(error))
        outcome, reply = ("full", replies.NO_ROOM) if error.errno in NO_ROOM else ("later", replies.FAULT)
        raise await _refused(data, outcome, reply, pace) from error


async def _content(data: Data, files: Files, most: int, pace: Pace) -> Content:
    octets = bytearray()
    while piece := await _next(data, pace):
        octets += piece
        if len(octets) > SMALL:
            file = await files.save_async(_whole(bytes(octets), data, pace), most)
            return Content(bytes(octets[:BEGINNING]), file)
    return Content(bytes(octets))


async def _whole(octets: bytes, data: Data, pace: Pace) -> AsyncIterator[bytes]:
    yield octets
    while piece := await _next(data, pace):
        yield piece


async def _next(data: Data, pace: Pace) -> bytes:
    async with asyncio.timeout(pace.piece):
        return await data.read()


async def _refused(data: Data, outcome: str, reply: str, pace: Pace) -> NotTaken:
    """Reads on for a while, so that the sender hears why: most read no reply before they wrote everything."""
    try:
        async with asyncio.timeout(pace.piece):
            ended = await data.leave()
    except (TimeoutError, Misshapen):
        ended = False
    return NotTaken(outcome, reply, hang_up=not ended)
