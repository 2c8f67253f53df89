"""The octets of a message, as DATA brings them: without its end, and without its transparency dots.

RFC 5321 §4.1.1.4 and §4.5.2: the message ends at CRLF "." CRLF, whose first CRLF is its own, and a line that begins
with a dot has lost one. Only that ends it: what other software takes for an end or for a line's end is refused, so that
nothing can hide a second message in the first (CVE-2023-51764 and its kin).
"""

import asyncio

from gateway.files import TooLarge

END = b"\r\n.\r\n"
DOT = b"\r\n."
"""What a line that lost its dot begins with; the line before it ends in the first two."""
MOST_ROUNDS = 1_000
"""Reads of a few octets at a message's beginning, which is nothing but line ends and dots then."""


class Misshapen(Exception):
    """No message is written like this; the text is for whoever wrote it."""


class Data:
    """One message of at most `most` octets. `read` until it is empty; what follows stays unread."""

    def __init__(self, reader: asyncio.StreamReader, most: int) -> None:
        self._reader = reader
        self._most = most
        self._size = 0
        self._begun = END[:2]
        """What of END stands before the unread; the message begins as if after a line's end …"""
        self._held = END[:2]
        """… and what is not told yet, because what follows decides what becomes of it."""
        self._begins = False
        self._rounds = 0
        self._ended = False

    async def read(self) -> bytes:
        """The next octets; none: the end. Raises TooLarge, Misshapen; after them, `leave`."""
        told = b""
        while not told and not self._ended:
            told = self._told(self._held + await self._octets())
        self._size += len(told)
        if self._size > self._most:
            raise TooLarge(f"larger than {self._most} octets")
        return told

    async def leave(self) -> bool:
        """Reads on to the end and forgets it, for as much as a message may have; whether the end came."""
        left = self._most
        while not self._ended and left > 0 and self._rounds < MOST_ROUNDS:
            left -= len(await self._octets())
        return self._ended

    async def _octets(self) -> bytes:
        """Some octets as they are written; to the end and with it, but not beyond."""
        if self._begun:
            return await self._closely()
        try:
            octets = await self._reader.readuntil(END)
        except asyncio.LimitOverrunError as error:
            return await self._reader.read(error.consumed)  # no end begins in them
        self._ended = True
        return octets

    async def _closely(self) -> bytes:
        """So many octets as would make up the end that may have begun; if they do not, another may have begun."""
        self._rounds += 1
        if self._rounds > MOST_ROUNDS:
            raise Misshapen("nothing but line ends")
        octets = await self._reader.readexactly(len(END) - len(self._begun))
        seen = self._begun + octets
        self._ended = seen == END
        self._begun = b"" if self._ended else _overlap(seen, END[:-1])
        return octets

    def _told(self, octets: bytes) -> bytes:
        """What of them can be told, without dots."""
        if self._ended:
            told = octets[: -len(".\r\n")]
        else:
            self._held = _overlap(octets, DOT)
            told = octets[: len(octets) - len(self._held)]
        if told.count(b"\n") != told.count(b"\r\n"):
            raise Misshapen("a line ends in LF without CR")
        plain = told.replace(DOT, DOT[:2])
        if plain and not self._begins:
            self._begins = True
            return plain[2:]  # without the line's end before the first octet
        return plain


def _overlap(octets: bytes, beginning: bytes) -> bytes:
    """The longest beginning of `beginning` that `octets` end in."""
    return next(beginning[:n] for n in range(len(beginning), -1, -1) if octets.endswith(beginning[:n]))
