"""Discord bots: the gateway and interactions in, the REST API out.

Private messages, and channels of servers that are named. Events come by a WebSocket that polls keep open; what people
press and the commands they use are posted. Source: docs.discord.com/developers (read 2026-11). Does not serve voice,
registering commands, or what is pressed where no endpoint is set.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, Final

import msgspec

from connectors.channels.discord.api import APPLICATION, MADE, MARKED, NOTHING, Api
from connectors.channels.discord.capability import CAPABILITY
from connectors.channels.discord.config import Config as BotConfig
from connectors.channels.discord.event import INTERACTION
from connectors.channels.discord.parse import COMMAND, PING, PRESS, frame, parse
from connectors.channels.discord.shards import Shards
from connectors.channels.discord.signature import verify
from connectors.channels.discord.threads import Threads
from connectors.channels.discord.wire import SCHEME, SNOWFLAKE, edited, files_of, message, numbered, ours, place
from connectors.kit.base import (
    ANSWERS,
    Account,
    Fetched,
    Info,
    Outbound,
    OutboundEdit,
    OutboundReaction,
    Outcome,
    Plugin,
    Polled,
    Registration,
    Sent,
    Settles,
)
from connectors.kit.errors import BadPayload, Misconfigured
from connectors.kit.redact import without_field
from connectors.kit.request import Request, Response, decode
from normalizer.inbound import Address, Inbound

PONG: Final = 1
SAYS: Final = 4
LATER: Final = 6
"""Nothing changes on the screen."""
ONLY_THEM: Final = 64
JSON: Final = {"content-type": "application/json"}


class Discord(Plugin[BotConfig]):
    info: ClassVar[Info] = Info(
        name="discord",
        channel="discord",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.KEY,
        summary="Discord bots",
    )
    Config = BotConfig

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config)

    @cached_property
    def gateway(self) -> Shards:
        return Shards(self.api, self.config, self.threads.learn)

    @cached_property
    def threads(self) -> Threads:
        return Threads(self.api, self.config)

    @cached_property
    def _private(self) -> dict[str, str]:
        """The channels of private messages, by whom they are with."""
        return {}

    def verify(self, request: Request) -> None:
        verify(request, self.config.public_key)

    def kept(self, request: Request) -> Request:
        """Whoever has an interaction's token may answer it for a quarter of an hour."""
        try:
            return replace(request, body=without_field(request.body, "token"))
        except BadPayload:  # it is signed, and nothing that has a field
            return request

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, self.config)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        """Within three seconds; Discord does not ask again."""
        if outcome is Outcome.OVERLOADED:
            return ANSWERS[outcome]
        try:
            kind = decode(request.body, INTERACTION).type
        except BadPayload:
            return ANSWERS[outcome]
        said = {"content": self.config.acknowledgement, "flags": ONLY_THEM}
        told = {PING: {"type": PONG}, PRESS: {"type": LATER}, COMMAND: {"type": SAYS, "data": said}}
        return Response(200, msgspec.json.encode(told.get(kind, {"type": SAYS, "data": said})), JSON)

    def polls(self) -> bool:
        return True

    async def poll(self, cursor: str | None) -> Polled:
        found, after = await self.gateway.frames(cursor)
        frames, at = [msgspec.json.encode(await self.threads.placed(one)) for one in found], self.tools.now()
        items = [item for body in frames for item in frame(body, at, self.config)]
        return Polled(items, after, b"[" + b",".join(frames) + b"]")

    async def close(self) -> None:
        await self.gateway.close()

    async def send(self, outbound: Outbound) -> Sent:
        body, files = message(outbound), files_of(outbound)
        channel = await self._channel(outbound.address, outbound.thread)
        made = await self.api.call("POST", f"/channels/{channel}/messages", MADE, body, files=files, reads=False)
        return Sent((made.id,))

    async def edit(self, outbound: OutboundEdit) -> Sent:
        name, body = numbered(outbound.external_id), edited(outbound)
        channel = await self._channel(outbound.address, outbound.thread)
        await self.api.call("PATCH", f"/channels/{channel}/messages/{name}", MADE, body)
        return Sent((name,))

    async def react(self, outbound: OutboundReaction) -> Sent:
        name, wanted = numbered(outbound.external_id), outbound.reaction
        channel = await self._channel(outbound.address, outbound.thread)
        if wanted is not None:
            await self.api.call("PUT", ours(channel, name, wanted), NOTHING)
            return Sent((name,))
        marked = await self.api.call("GET", f"/channels/{channel}/messages/{name}", MARKED)
        for reaction in marked.reactions:
            if reaction.me:
                emoji = reaction.emoji
                mark = f"{emoji.name or ''}:{emoji.id}" if emoji.id else emoji.name or ""
                await self.api.call("DELETE", ours(channel, name, mark), NOTHING)
        return Sent((name,))

    async def typing(self, address: Address, thread: str | None) -> None:
        await self.api.call("POST", f"/channels/{await self._channel(address, thread)}/typing", NOTHING)

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self.api.file(source))

    async def check(self) -> Account:
        bot = await self.api.call("GET", "/users/@me", MADE)
        if bot.id != self.config.application_id:
            raise Misconfigured(f"application_id: the token is of {bot.id}")
        return Account(name=bot.username, details={"id": bot.id})

    async def register(self, url: str) -> Registration:
        """Discord tries the address at once, with a genuine request and a forged one."""
        return await self._endpoint("PATCH", {"interactions_endpoint_url": url})

    async def registration(self) -> Registration:
        return await self._endpoint("GET", None)

    async def unregister(self) -> Registration:
        return await self._endpoint("PATCH", {"interactions_endpoint_url": None})

    async def _endpoint(self, method: str, body: dict[str, str | None] | None) -> Registration:
        found = await self.api.call(method, "/applications/@me", APPLICATION, body)
        return Registration(url=found.interactions_endpoint_url or None)

    async def _channel(self, address: Address, thread: str | None) -> str:
        """Where a message goes; that with a person is the same whenever it is asked for."""
        kind, number = place(address)
        if thread is not None and SNOWFLAKE.fullmatch(thread):
            return thread
        if kind == "channel":
            return number
        if number not in self._private:
            made = await self.api.call("POST", "/users/@me/channels", MADE, {"recipient_id": number})
            self._private[number] = made.id
        return self._private[number]
