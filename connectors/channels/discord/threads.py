"""Which channel a thread belongs to: a message in one names the thread only.

What the gateway tells of servers and threads is kept in mind; what it told before, to another process, is asked for.
Source: docs.discord.com/developers/topics/threads, /resources/channel (read 2026-11).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from connectors.channels.discord.api import CHANNEL, Api, Channel
from connectors.channels.discord.config import Config
from connectors.channels.discord.event import Frame
from connectors.channels.discord.parse import READERS, THREADS
from connectors.kit.errors import BadPayload, Refused, Unreachable
from connectors.kit.request import decode

MOST: Final = 20_000
"""Channels kept in mind."""


class Where(msgspec.Struct, frozen=True):
    channel_id: str = ""
    guild_id: str | None = None


class Server(msgspec.Struct, frozen=True):
    channels: list[Channel] = []
    threads: list[Channel] = []


WHERE = msgspec.json.Decoder(Where)
SERVER = msgspec.json.Decoder(Server)


class Threads:
    def __init__(self, api: Api, config: Config) -> None:
        self._api = api
        self._served = frozenset(config.channels)
        self._parents: OrderedDict[str, str | None] = OrderedDict()
        """By channel; None: it is no thread."""

    def learn(self, frame: Frame) -> None:
        """What a frame tells of channels. Raises nothing: what cannot be read is asked for when it is needed."""
        reader = LEARNED.get(frame.t or "")
        if reader is None or not self._served:
            return
        try:
            told = list(reader(bytes(frame.d)))
        except BadPayload:
            return
        for channel in told:
            self._keep(channel)

    async def placed(self, frame: Frame) -> Frame:
        """The frame, with the channel to which the thread of its event belongs. Raises Temporary, Misconfigured."""
        if not self._served or frame.t not in READERS:
            return frame
        try:
            where = decode(bytes(frame.d), WHERE)
        except BadPayload:
            return frame  # its reader says what is wrong with it
        if where.guild_id is None or where.channel_id in self._served or not where.channel_id.isdecimal():
            return frame
        return msgspec.structs.replace(frame, parent=await self._parent(where.channel_id))

    async def _parent(self, channel: str) -> str | None:
        if channel not in self._parents:
            try:
                self._keep(await self._api.call("GET", f"/channels/{channel}", CHANNEL))
            except (Refused, Unreachable):
                self._keep(Channel(channel))  # gone, or not ours to see
        return self._parents.get(channel)

    def _keep(self, channel: Channel) -> None:
        self._parents[channel.id] = channel.parent_id if channel.type in THREADS else None
        self._parents.move_to_end(channel.id)
        while len(self._parents) > MOST:
            self._parents.popitem(last=False)


def _server(event: bytes) -> Iterable[Channel]:
    server = decode(event, SERVER)
    return (*server.channels, *server.threads)


LEARNED: Final[Mapping[str, Callable[[bytes], Iterable[Channel]]]] = {
    "GUILD_CREATE": _server,
    "THREAD_LIST_SYNC": _server,
    "THREAD_CREATE": lambda event: (decode(event, CHANNEL),),
}
