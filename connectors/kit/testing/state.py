"""What a plugin keeps, in memory: for the conformance suite and for tests of plugins."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.kit.secret import Secret


class Remembered:
    """As `connectors.kit.state.State`, of one process."""

    def __init__(self, **kept: str) -> None:
        self.kept = {name: Secret(text) for name, text in kept.items()}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def read(self, name: str) -> Secret | None:
        return self.kept.get(name)

    async def replace(self, name: str, old: Secret | None, new: Secret) -> bool:
        if self.kept.get(name) != old:
            return False
        self.kept[name] = new
        return True

    @asynccontextmanager
    async def turn(self, name: str, seconds: float) -> AsyncIterator[None]:  # noqa: ARG002 - nobody dies with it
        async with self._turns[name]:
            yield
