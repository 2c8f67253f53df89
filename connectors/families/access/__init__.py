"""An access token that a provider gives for an id and a secret: fetched when it is first wanted, kept in this process
for as long as it counts, never stored.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime


class Access:
    """One connector's. `fetched` asks the provider, and says until when the token is used (UTC)."""

    def __init__(self, fetched: Callable[[], Awaitable[tuple[str, datetime]]], now: Callable[[], datetime]) -> None:
        self._fetched = fetched
        self._now = now
        self._held: tuple[str, datetime] | None = None
        self._one_at_a_time = asyncio.Lock()

    def __repr__(self) -> str:
        return "Access(***)"

    async def token(self) -> str:
        """Raises what `fetched` does."""
        async with self._one_at_a_time:
            if self._held is None or self._held[1] <= self._now():
                self._held = await self._fetched()
            return self._held[0]

    def forget(self, token: str) -> None:
        """It does not count any longer. Another one, which somebody fetched meanwhile, stays."""
        if self._held is not None and self._held[0] == token:
            self._held = None
