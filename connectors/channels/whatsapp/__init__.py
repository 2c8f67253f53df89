"""WhatsApp, by Meta's Cloud API: one business number.

Requests hold many items, in any order and again for days; reports may come before the send was answered. Source:
developers.facebook.com/docs/whatsapp/cloud-api (read 2026-11). Does not serve calls, catalogues of ours,
groups' management, or what was said before the number came here.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Final

import msgspec

from connectors.channels.whatsapp.config import Config as WhatsAppConfig
from connectors.families.meta import signature
from connectors.families.meta.graph import Graph, Limits
from connectors.families.meta.whatsapp import files, wire
from connectors.families.meta.whatsapp.capability import CAPABILITY
from connectors.families.meta.whatsapp.listing import listed
from connectors.families.meta.whatsapp.parse import parse
from connectors.families.meta.whatsapp.people import SCHEME
from connectors.families.meta.whatsapp.refusals import TABLE
from connectors.families.meta.whatsapp.sending import composed, post
from connectors.families.meta.whatsapp.templates import Templates, templates
from connectors.kit.base import (
    Account,
    Fetched,
    Info,
    Outbound,
    OutboundReaction,
    Outcome,
    Plugin,
    Registration,
    Sent,
    Settles,
)
from connectors.kit.request import Request, Response
from normalizer.inbound import Address, Inbound


class _Number(msgspec.Struct, frozen=True, kw_only=True):
    display_phone_number: str = ""
    verified_name: str = ""
    quality_rating: str = ""


class _Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    override_callback_uri: str | None = None


class _Subscriptions(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Subscribed] = []


NUMBER_ASKED: Final = msgspec.json.Decoder(_Number)
SUBSCRIPTIONS: Final = msgspec.json.Decoder(_Subscriptions)
DONE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class WhatsApp(Plugin[WhatsAppConfig]):
    info: ClassVar[Info] = Info(
        name="whatsapp",
        channel="whatsapp",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="WhatsApp, by Meta's Cloud API",
    )
    Config = WhatsAppConfig

    @cached_property
    def graph(self) -> Graph:
        config = self.config
        http, limits = self.tools.http, Limits(config.send_seconds, config.rate_pause)
        return Graph(http, config.api_base, config.version, config.access_token, TABLE, limits)

    @cached_property
    def templates(self) -> Templates:
        account, lasts = self.config.business_account_id, self.config.templates_for
        return templates(lambda: listed(self.graph, account), self.tools.now, lasts)

    def verify(self, request: Request) -> None:
        signature.verify(request, self.config.app_secret, self.config.verify_token)

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == signature.ASKS:
            return [signature.asked(request)]
        return parse(request.body, self.config.phone_number_id)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        return signature.respond(request, outcome)

    async def send(self, outbound: Outbound) -> Sent:
        return await self._post(await composed(outbound, self.templates, self.config.list_label))

    async def react(self, outbound: OutboundReaction) -> Sent:
        return await self._post(wire.reaction(outbound))

    async def typing_under(self, address: Address, external_id: str) -> None:
        if wire.is_person(address):
            await self.graph.ask("POST", self._messages, DONE, wire.typing(external_id))

    def tells_read(self) -> bool:
        return self.config.read_receipts

    async def read(self, address: Address, external_id: str) -> None:
        if wire.is_person(address):
            await self.graph.ask("POST", self._messages, DONE, wire.read(external_id))

    async def fetch(self, source: str) -> Fetched:
        """Asks for the file's address each time: it is over after five minutes."""
        held = await files.held(self.graph, source, {"phone_number_id": self.config.phone_number_id})
        chunks = self.graph.octets(held.url, self.config.download_octets, known=True)
        return Fetched(chunks, media_type=held.mime_type, size=held.file_size)

    async def check(self) -> Account:
        fields = "display_phone_number,verified_name,quality_rating"
        number = await self.graph.ask("GET", self.config.phone_number_id, NUMBER_ASKED, query={"fields": fields})
        details = {"number": number.display_phone_number, "quality": number.quality_rating.lower()}
        return Account(name=number.verified_name or number.display_phone_number, details=details)

    async def register(self, url: str) -> Registration:
        """Has Meta call this address for all of the account's numbers; it asks for it at once."""
        told = {"override_callback_uri": url, "verify_token": self.config.verify_token.reveal()}
        await self.graph.ask("POST", self._subscribed, DONE, told)
        return await self.registration()

    async def registration(self) -> Registration:
        found = await self.graph.ask("GET", self._subscribed, SUBSCRIPTIONS)
        url = next((one.override_callback_uri for one in found.data if one.override_callback_uri), None)
        return Registration(url=url, details={"apps": len(found.data)})

    async def unregister(self) -> Registration:
        """Back to the address set in the app itself."""
        await self.graph.ask("POST", self._subscribed, DONE)
        return await self.registration()

    @property
    def _messages(self) -> str:
        return f"{self.config.phone_number_id}/messages"

    @property
    def _subscribed(self) -> str:
        return f"{self.config.business_account_id}/subscribed_apps"

    async def _post(self, body: wire.Body) -> Sent:
        return await post(self.graph, self._messages, body)
