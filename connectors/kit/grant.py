"""What somebody allowed, for as long as it is renewed: an access token, and a refresh token that each use replaces.

Whoever renews has a turn, so that no two processes use one refresh token; what the provider gave is kept before anybody
uses it. What ends between the provider's answer and the commit leaves a refresh token behind that is used up: then the
next renewal is refused, the connector is down, and an operator authorises it again. Source: RFC 6749, section 6; RFC
9700, section 4.14.2 (rotation).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from connectors.kit.errors import BadPayload, Misconfigured
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode

if TYPE_CHECKING:
    from connectors.kit.base import Tools

NAME: Final = "grant"
SPARE: Final = timedelta(minutes=5)
"""An access token is replaced so long before it ends, or a tenth of its life where that is less."""
YOUNG: Final = timedelta(minutes=10)
"""A provider that refuses what it gave is asked for another no more often than that."""
STORING: Final = 30.0
"""Seconds that a turn lasts beyond the request."""


class Tokens(msgspec.Struct, frozen=True):
    access: str
    refresh: str
    ends: datetime
    """When the access token is to be replaced."""

    def __repr__(self) -> str:
        return "Tokens(***)"


TOKENS: Final = msgspec.json.Decoder(Tokens)


def lasting(access: str, refresh: str, now: datetime, seconds: float) -> Tokens:
    """As a provider gave them, with so many seconds to live."""
    life = timedelta(seconds=seconds)
    return Tokens(access, refresh, now + life - min(SPARE, life / 10))


def lapsed(connector: str, said: str) -> Misconfigured:
    """The provider takes the refresh token no longer: somebody has to allow it again."""
    again = f"authorise it again: onethread connectors authorize {connector}"
    return Misconfigured(f"{said}; {again}", code=ErrorCode.AUTH_FAILED)


class Grant:
    """One connector's. `renew` asks the provider for the next tokens, within `seconds`, and raises Temporary,
    Misconfigured; where the provider takes the refresh token no longer, what `lapsed` makes."""

    def __init__(self, tools: "Tools", renew: Callable[[Tokens], Awaitable[Tokens]], seconds: float) -> None:
        self._tools = tools
        self._renew = renew
        self._seconds = seconds + STORING
        self._held: Tokens | None = None
        self._refused = ""
        self._forced: datetime | None = None
        self._task: asyncio.Task[Tokens] | None = None

    def __repr__(self) -> str:
        return "Grant(***)"

    async def access(self) -> str:
        """An access token that is good. Raises Temporary, Misconfigured."""
        if self._held is not None and self._is_good(self._held):
            return self._held.access
        if self._task is None or self._task.done():
            self._task = _task(self._next())
        return (await asyncio.shield(self._task)).access  # whoever goes away must not take the tokens along

    def refuse(self, access: str) -> bool:
        """The provider does not take this one, before its time: the next request gets another. False where another was
        got for the same reason not long ago, so that more is wrong than its age."""
        if self._held is not None and self._held.access == access:
            self._held, now = None, self._tools.now()
            if self._forced is not None and now - self._forced < YOUNG:
                return False
            self._forced, self._refused = now, access
        return True

    async def begin(self, tokens: Tokens) -> None:
        """What somebody allowed just now, whatever was kept before. Raises Temporary, Misconfigured."""
        self._task = _task(self._begin(tokens))
        await asyncio.shield(self._task)

    async def _begin(self, tokens: Tokens) -> Tokens:
        state = self._tools.state
        async with state.turn(NAME, self._seconds):
            while not await state.replace(NAME, await state.read(NAME), _written(tokens)):
                pass
        self._held = tokens
        return tokens

    async def _next(self) -> Tokens:
        kept, found = await self._read()
        if not self._is_good(found):
            async with self._tools.state.turn(NAME, self._seconds):
                kept, found = await self._read()  # whoever had the turn before may have renewed it
                if not self._is_good(found):
                    new = await self._renew(found)
                    if await self._tools.state.replace(NAME, kept, _written(new)):
                        found = new
                    else:  # the turn lapsed; what another kept meanwhile is newer
                        _, found = await self._read()
        self._held = found
        return found

    async def _read(self) -> tuple[Secret, Tokens]:
        kept = await self._tools.state.read(NAME)
        if kept is None:
            connector = self._tools.connector
            raise Misconfigured(
                f"nobody has authorised it: onethread connectors authorize {connector}", code=ErrorCode.AUTH_FAILED
            )
        try:
            return kept, decode(kept.reveal().encode(), TOKENS)
        except BadPayload:
            pass  # raised out here, so that no traceback shows what was kept
        raise lapsed(self._tools.connector, "what is kept of its authorisation cannot be read")

    def _is_good(self, tokens: Tokens) -> bool:
        return tokens.access != self._refused and self._tools.now() < tokens.ends


def _written(tokens: Tokens) -> Secret:
    return Secret(msgspec.json.encode(tokens).decode())


def _task(work: Coroutine[Any, Any, Tokens]) -> "asyncio.Task[Tokens]":
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever asked may be gone
    return task
