"""The sessions of one connector: one for both ways, or one each; opened when they are first needed, and again when
they ended."""

import asyncio
from typing import Final

from connectors.channels.smpp import pdu
from connectors.channels.smpp.config import Config
from connectors.channels.smpp.session import Session
from connectors.kit.errors import KitError, Temporary

SENDING: Final = pdu.BIND_TRANSMITTER
RECEIVING: Final = pdu.BIND_RECEIVER
BOTH: Final = pdu.BIND_TRANSCEIVER


class Link:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._one = config.bind == "transceiver"
        self._sessions: dict[int, Session] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._given_up = False
        """Another process may have the one session: sending does not open it again by itself."""

    async def sending(self) -> Session:
        """Raises Temporary, Misconfigured."""
        if self._given_up:
            raise Temporary("the session with the carrier is not held here")
        return await self._session(BOTH if self._one else SENDING)

    async def receiving(self) -> Session:
        """Raises Temporary, Misconfigured."""
        self._given_up = False
        return await self._session(BOTH if self._one else RECEIVING)

    async def close(self) -> None:
        """Raises nothing."""
        self._given_up = self._one
        sessions, self._sessions = list(self._sessions.values()), {}
        await asyncio.gather(*(session.close() for session in sessions))

    async def try_out(self) -> KitError | None:
        """Whether the carrier takes our credentials, by a session that nothing is delivered to."""
        session = Session(self._config, SENDING)
        try:
            await session.open()
        except KitError as error:
            return error
        await session.close()
        return None

    async def _session(self, bind: int) -> Session:
        async with self._locks.setdefault(bind, asyncio.Lock()):
            standing = self._sessions.get(bind)
            if standing is not None and standing.ended is None:
                return standing
            if standing is not None:
                await standing.close()
            session = Session(self._config, bind)
            await session.open()
            self._sessions[bind] = session
            return session
