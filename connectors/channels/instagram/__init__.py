"""Instagram messages of a professional account.

Requests hold many items, in any order and again for hours. Whatever the account says, by whichever app or telephone,
comes back as an echo; of ours only the ids tell. Source: developers.facebook.com/docs/instagram-platform and
/docs/messenger-platform/instagram (read 2026-11). Does not serve private replies, publishing, templates or hand-overs.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Final

import msgspec

from connectors.channels.instagram.capability import CAPABILITY, LOVE, PUBLIC, with_people
from connectors.channels.instagram.comments import changed
from connectors.channels.instagram.config import Config as InstagramConfig
from connectors.families.meta import comments, missed, signature, speaking
from connectors.families.meta.attached import LONGEST_URL, WEB
from connectors.families.meta.graph import Graph, Limits
from connectors.families.meta.messaging import parse, unheard
from connectors.families.meta.refused import TABLE
from connectors.kit.base import (
    Account,
    Fetched,
    Info,
    Outbound,
    OutboundReaction,
    Outcome,
    Plugin,
    Polled,
    Sent,
    Settles,
    Tools,
)
from connectors.kit.errors import Refused
from connectors.kit.request import Request, Response
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Inbound

PRODUCT: Final = "instagram"
PLATFORM: Final = "instagram"
"""As the list of conversations calls it."""
SCHEME: Final = "instagram"
MESSAGES: Final = "me/messages"
"""`me` is whoever the token belongs to: the linked page, or the account."""


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    username: str = ""


KNOWN: Final = msgspec.json.Decoder(_Known)


def ours(_: str) -> None:
    """Nothing of ours comes back in an echo: Instagram documents no metadata."""


class Instagram(Plugin[InstagramConfig]):
    info: ClassVar[Info] = Info(
        name="instagram",
        channel="instagram",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Instagram messages, for a professional account",
        public=PUBLIC,
    )
    Config = InstagramConfig

    def __init__(self, config: InstagramConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        if config.human_agent:
            vars(self)["info"] = with_people(self.info)

    @cached_property
    def graph(self) -> Graph:
        config = self.config
        http, limits = self.tools.http, Limits(config.send_seconds, config.rate_pause)
        return Graph(http, config.api_base, config.version, config.access_token, TABLE, limits)

    def verify(self, request: Request) -> None:
        signature.verify(request, self.config.app_secret, self.config.verify_token)

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == signature.ASKS:
            return [signature.asked(request)]
        return self._read(request.body)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        return signature.respond(request, outcome)

    async def send(self, outbound: Outbound) -> Sent:
        if comments.is_thread(outbound.address):
            return await comments.answer(self.graph, "replies", outbound)
        human = self.config.human_agent and speaking.late(outbound, self.tools.now())
        body = speaking.message(outbound, human=human, token=False)
        return speaking.sent(await self.graph.send(MESSAGES, body, speaking.SENT))

    async def react(self, outbound: OutboundReaction) -> Sent:
        word = None if outbound.reaction is None else LOVE.get(outbound.reaction)
        if outbound.reaction is not None and word is None:
            raise Refused("only a heart can be given", code=ErrorCode.CONTENT_UNSUPPORTED)
        await self.graph.ask("POST", MESSAGES, speaking.DONE, speaking.reaction(outbound, word))
        return Sent((outbound.external_id,))

    async def typing(self, address: Address, thread: str | None) -> None:  # noqa: ARG002 - part of the contract
        await self.graph.ask("POST", MESSAGES, speaking.DONE, speaking.action(address, "typing_on"))

    def tells_read(self) -> bool:
        return self.config.read_receipts

    async def read(self, address: Address, external_id: str) -> None:  # noqa: ARG002 - of the newest message alone
        await self.graph.ask("POST", MESSAGES, speaking.DONE, speaking.action(address, "mark_seen"))

    async def fetch(self, source: str) -> Fetched:
        """From a public address that runs out, so it is told nothing of us."""
        if not source.startswith(WEB) or len(source) > LONGEST_URL:
            raise Refused("no file of a message", code=ErrorCode.MEDIA_UNREACHABLE)
        return Fetched(self.graph.octets(source, self.config.download_octets, known=False))

    async def backfill(self, cursor: str | None) -> Polled:
        account = self.config.account_id
        return await missed.backfill(self.graph, PRODUCT, PLATFORM, account, self._read, cursor, self.tools.now())

    async def check(self) -> Account:
        account = self.config.account_id
        known = await self.graph.ask("GET", account, KNOWN, query={"fields": "username"})
        return Account(name=known.username or account, details={"id": account})

    def _read(self, body: bytes) -> Sequence[Inbound]:
        heard = changed if self.config.comments else unheard
        return parse(body, PRODUCT, SCHEME, self.config.account_id, ours, heard)
