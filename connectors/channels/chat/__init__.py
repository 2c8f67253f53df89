"""In-app chat: visitors and signed-in users, over the hub's own sockets.

There is no provider: the hub keeps the connections (`gateway.web.chat`) and shows each client the history it may see.
So a message is accepted once it stands there, delivered when a client says that it has it, and read when it was seen.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from connectors.channels.chat import frames, tokens
from connectors.channels.chat.capability import CAPABILITY
from connectors.channels.chat.config import Config as ChatConfig
from connectors.families.app.tokens import SCHEME
from connectors.kit.base import Info, Outbound, OutboundEdit, OutboundReaction, Plugin, Sent, Settles
from connectors.kit.chat import Caller, Doorway, Pass
from connectors.kit.request import Request
from normalizer.inbound import Address, Inbound
from normalizer.status import Status

PAGE = Path(__file__).parent / "page"


class Chat(Plugin[ChatConfig]):
    info: ClassVar[Info] = Info(
        name="chat",
        channel="chat",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="In-app chat over the hub's own sockets",
    )
    Config = ChatConfig

    def verify(self, request: Request) -> None:
        tokens.verify(self.config, self.tools.connector, request)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return frames.parse(tokens.sender(request), request)

    async def send(self, outbound: Outbound) -> Sent:
        """Names what stands in the history already. Of several pieces the first tells how the message does."""
        _, _, number = outbound.token.rpartition(".")
        if number in ("", "1"):
            return Sent((outbound.message_id,))
        return Sent((f"{outbound.message_id}.{number}",), Status.READ)

    async def edit(self, outbound: OutboundEdit) -> Sent:
        return Sent((outbound.external_id,))

    async def react(self, outbound: OutboundReaction) -> Sent:
        return Sent((outbound.external_id,))

    async def typing(self, address: Address, thread: str | None) -> None:  # noqa: ARG002 - part of the ability
        self.tools.show_typing(address.value)

    def doorway(self) -> Doorway:
        config = self.config
        return Doorway(
            page=PAGE,
            origins=frozenset(config.origins),
            proxies=config.proxies,
            file_octets=config.file_octets,
            types=config.uploads,
            emergency=config.emergency,
            sockets=config.sockets,
            messages_per_minute=config.messages_per_minute,
            receipts_per_minute=config.receipts_per_minute,
            sessions_per_minute=config.sessions_per_minute,
            uploads_per_minute=config.uploads_per_minute,
        )

    def caller(self, request: Request) -> Caller:
        return tokens.caller(self.config, self.tools.connector, request)

    def visitor(self, id_: str, at: datetime) -> Pass | None:
        return tokens.visitor_pass(self.config, self.tools.connector, id_, at)
