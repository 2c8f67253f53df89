"""Messenger: one Facebook page.

Requests hold many items, in any order and again for hours. What the page says elsewhere comes as echoes, and so does
what is said from here, by which a lost answer is settled. Source: developers.facebook.com/docs/messenger-platform
(read 2026-11). Does not serve personas, broadcasts, private replies or hand-overs.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Final

import msgspec

from connectors.channels.messenger import templates
from connectors.channels.messenger.capability import CAPABILITY, PUBLIC, with_people
from connectors.channels.messenger.config import Config as MessengerConfig
from connectors.channels.messenger.feed import FIELD, changed
from connectors.families.meta import comments, missed, signature, speaking, subscriptions
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
    Registration,
    Sent,
    Settles,
    Tools,
)
from connectors.kit.errors import Refused
from connectors.kit.request import Request, Response
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Inbound

PRODUCT: Final = "page"
PLATFORM: Final = "messenger"
"""As the list of conversations calls it."""
SCHEME: Final = "messenger"
TOKEN: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[1-9][0-9]{0,5}", re.ASCII)
"""Metadata that can only be ours."""
FIELDS: Final = (
    "messages",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "message_deliveries",
    "message_reads",
    "messaging_postbacks",
    "messaging_optins",
    "messaging_referrals",
    "standby",
)
"""What is asked for."""


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    id: str = ""
    name: str = ""


PAGE: Final = msgspec.json.Decoder(_Page)


def ours(metadata: str) -> str | None:
    """Our token, if that is what the metadata is."""
    return metadata if TOKEN.fullmatch(metadata) else None


class Messenger(Plugin[MessengerConfig]):
    info: ClassVar[Info] = Info(
        name="messenger",
        channel="messenger",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="Messenger, for a Facebook page",
        public=PUBLIC,
    )
    Config = MessengerConfig

    def __init__(self, config: MessengerConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        if config.human_agent:
            vars(self)["info"] = with_people(self.info)

    @cached_property
    def graph(self) -> Graph:
        return self._graph(self.config.access_token)

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
            return await comments.answer(self.graph, "comments", outbound)
        if outbound.payload.template is not None:
            said = await templates.message(self.graph, self.config.page_id, outbound.payload)
            body = speaking.approved(outbound, said)
        else:
            human = self.config.human_agent and speaking.late(outbound, self.tools.now())
            body = speaking.message(outbound, human=human, token=True)
        return speaking.sent(await self.graph.send(self._messages, body, speaking.SENT))

    async def react(self, outbound: OutboundReaction) -> Sent:
        await self.graph.ask("POST", self._messages, speaking.DONE, speaking.reaction(outbound, outbound.reaction))
        return Sent((outbound.external_id,))

    async def typing(self, address: Address, thread: str | None) -> None:  # noqa: ARG002 - part of the contract
        await self.graph.ask("POST", self._messages, speaking.DONE, speaking.action(address, "typing_on"))

    def tells_read(self) -> bool:
        return self.config.read_receipts

    async def read(self, address: Address, external_id: str) -> None:  # noqa: ARG002 - of the newest message alone
        await self.graph.ask("POST", self._messages, speaking.DONE, speaking.action(address, "mark_seen"))

    async def fetch(self, source: str) -> Fetched:
        """From a public address that runs out, so it is told nothing of us."""
        if not source.startswith(WEB) or len(source) > LONGEST_URL:
            raise Refused("no file of a message", code=ErrorCode.MEDIA_UNREACHABLE)
        return Fetched(self.graph.octets(source, self.config.download_octets, known=False))

    async def backfill(self, cursor: str | None) -> Polled:
        account = self.config.page_id
        return await missed.backfill(self.graph, PRODUCT, PLATFORM, account, self._read, cursor, self.tools.now())

    async def check(self) -> Account:
        page = await self.graph.ask("GET", self.config.page_id, PAGE, query={"fields": "id,name"})
        return Account(name=page.name or page.id, details={"id": page.id})

    async def register(self, url: str) -> Registration:
        """Sets the app's address for pages, and has this page's messages sent there."""
        app, graph = self._app()
        fields = (*FIELDS, FIELD) if self.config.comments else FIELDS
        await subscriptions.subscribe(graph, app, PRODUCT, url, self.config.verify_token, fields)
        told = {"subscribed_fields": ",".join(fields)}
        await self.graph.ask("POST", f"{self.config.page_id}/subscribed_apps", speaking.DONE, told)
        return await self.registration()

    async def registration(self) -> Registration:
        app, graph = self._app()
        return await subscriptions.subscribed(graph, app, PRODUCT)

    async def unregister(self) -> Registration:
        """Of this page only: the app's address may serve others."""
        await self.graph.ask("DELETE", f"{self.config.page_id}/subscribed_apps", speaking.DONE)
        return await self.registration()

    def _read(self, body: bytes) -> Sequence[Inbound]:
        heard = changed if self.config.comments else unheard
        return parse(body, PRODUCT, SCHEME, self.config.page_id, ours, heard)

    @property
    def _messages(self) -> str:
        return f"{self.config.page_id}/messages"

    def _app(self) -> tuple[str, Graph]:
        """Raises Refused where the app's id is not set."""
        token = subscriptions.app_token(self.config.app_id, self.config.app_secret)
        return self.config.app_id or "", self._graph(token)

    def _graph(self, token: Secret) -> Graph:
        config = self.config
        http, limits = self.tools.http, Limits(config.send_seconds, config.rate_pause)
        return Graph(http, config.api_base, config.version, token, TABLE, limits)
