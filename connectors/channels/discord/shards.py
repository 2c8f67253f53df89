"""A bot's connections to the gateway: one, or as many as share its servers.

Each waits by itself, and a poll gives what those brought that are done. Private messages come by the first. Sessions
begin five seconds apart, `max_concurrency` of them at a time. Source: docs.discord.com/developers/events/gateway
(sharding), discord.py on GitHub (read 2026-11).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from connectors.channels.discord.api import DOOR, Api
from connectors.channels.discord.config import Config
from connectors.channels.discord.event import Frame
from connectors.channels.discord.gateway import CURSOR, Cursor, Gateway
from connectors.kit.errors import BadPayload, Misconfigured, Temporary
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

APART: Final = 5.0
"""Seconds between two sessions that begin, of those that may not begin at once."""


class Sessions(msgspec.Struct, frozen=True):
    """A cursor: up to where each connection gave out what it heard; None of one that has not begun."""

    sessions: tuple[Cursor | None, ...]


SESSIONS = msgspec.json.Decoder(Sessions)
Heard = tuple[list[Frame], Cursor]


class Starts:
    """Which connection may begin a session, and when."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._locks: dict[int, asyncio.Lock] = {}
        self._free: dict[int, float] = {}

    @asynccontextmanager
    async def turn(self, number: int) -> AsyncIterator[str]:
        """Where the gateway is, once it is this connection's turn. Raises Temporary, Misconfigured."""
        door = await self._api.call("GET", "/gateway/bot", DOOR)
        limit = door.session_start_limit
        if limit.remaining < 1:
            wait = limit.reset_after / 1000
            raise Temporary("no more sessions may begin today", retry_after=wait, code=ErrorCode.RATE_LIMITED)
        key, loop = number % max(limit.max_concurrency, 1), asyncio.get_running_loop()
        async with self._locks.setdefault(key, asyncio.Lock()):
            await asyncio.sleep(max(self._free.get(key, 0.0) - loop.time(), 0.0))
            try:
                yield door.url
            finally:
                self._free[key] = loop.time() + APART


class Shards:
    """All connections of one bot. Used by one poll at a time."""

    def __init__(self, api: Api, config: Config, learn: Callable[[Frame], None]) -> None:
        self._api = api
        self._config = config
        self._learn = learn
        self._starts = Starts(api)
        self._gateways: list[Gateway] = []
        self._waiting: dict[int, asyncio.Task[Heard]] = {}

    def __repr__(self) -> str:
        return "Shards(***)"

    async def frames(self, cursor: str | None) -> tuple[list[Frame], str]:
        """Events that came after the cursor, and the next cursor. Raises Temporary, Misconfigured."""
        sessions = await self._sessions(_read(cursor))
        for number, gateway in enumerate(self._gateways):
            if number not in self._waiting:
                self._waiting[number] = asyncio.create_task(gateway.frames(sessions[number]))
        await asyncio.wait(self._waiting.values(), return_when=asyncio.FIRST_COMPLETED)
        found: list[Frame] = []
        problems: list[Temporary | Misconfigured] = []
        done = [number for number, task in self._waiting.items() if task.done()]
        for number in done:
            try:
                frames, sessions[number] = self._waiting.pop(number).result()
                found += frames
            except (Temporary, Misconfigured) as problem:
                problems.append(problem)
        # What one heard is not held up by another's trouble, which comes again when that one is asked alone.
        grave = next((problem for problem in problems if isinstance(problem, Misconfigured)), None)
        if grave is not None or len(problems) == len(done):
            raise grave or problems[0]
        return found, msgspec.json.encode(Sessions(tuple(sessions))).decode()

    async def close(self) -> None:
        """Raises nothing."""
        waiting, self._waiting = list(self._waiting.values()), {}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*(gateway.close() for gateway in self._gateways))

    async def _sessions(self, asked: Sessions | None) -> list[Cursor | None]:
        """The cursor's, where they are of so many connections as there are now; a session knows of how many it is."""
        if not self._gateways:
            count = self._config.shards or (len(asked.sessions) if asked else 0)
            count = count or (await self._api.call("GET", "/gateway/bot", DOOR)).shards
            self._gateways = [self._gateway(number, count) for number in range(count)]
        count = len(self._gateways)
        return list(asked.sessions) if asked and len(asked.sessions) == count else [None] * count

    def _gateway(self, number: int, count: int) -> Gateway:
        return Gateway(self._starts.turn, self._config, self._learn, (number, count))


def _read(cursor: str | None) -> Sessions | None:
    if cursor is None:
        return None
    try:
        return _some(decode(cursor.encode(), SESSIONS))
    except BadPayload:
        pass
    try:
        return Sessions((decode(cursor.encode(), CURSOR),))  # as it was written before there were several
    except BadPayload:
        return None


def _some(sessions: Sessions) -> Sessions | None:
    return sessions if sessions.sessions else None
