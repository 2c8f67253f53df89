"""WhatsApp through 360dialog: one business number, in the Cloud API's own words.

360dialog passes on what WhatsApp says, and signs nothing: each webhook carries a header that was set with its address.
Source: docs.360dialog.com, Messaging API and Webhook reference (read 2026-11). Does not serve numbers that are still
hosted on premises, calls, catalogues, or the partner API.
"""

from collections.abc import Sequence
from functools import cached_property
from hmac import compare_digest
from typing import ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from connectors.channels.dialog360.config import Config as NumberConfig
from connectors.families.meta.graph import Graph, Limits
from connectors.families.meta.whatsapp import files, wire
from connectors.families.meta.whatsapp.capability import CAPABILITY
from connectors.families.meta.whatsapp.parse import parse
from connectors.families.meta.whatsapp.people import SCHEME
from connectors.families.meta.whatsapp.refusals import TABLE
from connectors.families.meta.whatsapp.sending import composed, post
from connectors.families.meta.whatsapp.templates import Template, Templates, templates
from connectors.kit.base import (
    Account,
    Fetched,
    Info,
    Outbound,
    OutboundReaction,
    Plugin,
    Registration,
    Sent,
    Settles,
)
from connectors.kit.errors import BadSignature, Misconfigured
from connectors.kit.request import Request
from normalizer.inbound import Address, Inbound

KEY: Final = "D360-API-KEY"
PROOF: Final = "x-webhook-secret"
"""The header by which 360dialog proves itself, as `register` sets it."""
MESSAGES: Final = "messages"
WEBHOOK: Final = "v1/configs/webhook"
TEMPLATES: Final = "v1/configs/templates"
PAGES: Final = 20


class _Webhook(msgspec.Struct, frozen=True, kw_only=True):
    url: str | None = None
    headers: dict[str, str] | None = None


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    waba_templates: list[Template]
    total: int = 0


HOOK: Final = msgspec.json.Decoder(_Webhook)
LISTED: Final = msgspec.json.Decoder(_Listed)
DONE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Dialog360(Plugin[NumberConfig]):
    info: ClassVar[Info] = Info(
        name="dialog360",
        channel="whatsapp",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="WhatsApp through 360dialog",
    )
    Config = NumberConfig

    @cached_property
    def api(self) -> Graph:
        config = self.config
        limits = Limits(config.send_seconds, config.rate_pause)
        return Graph(self.tools.http, config.api_base, "", config.api_key, TABLE, limits, header=KEY)

    @cached_property
    def templates(self) -> Templates:
        return templates(self._templates, self.tools.now, self.config.templates_for)

    def verify(self, request: Request) -> None:
        presented = request.headers.get(PROOF)
        if not presented:
            raise BadSignature(f"no {PROOF}; set the webhook anew", missing=presented is None)
        if not compare_digest(presented.encode(), self.config.webhook_secret.reveal().encode()):
            raise BadSignature(f"another {PROOF} than was set")

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body, None)

    async def send(self, outbound: Outbound) -> Sent:
        return await post(self.api, MESSAGES, await composed(outbound, self.templates, self.config.list_label))

    async def react(self, outbound: OutboundReaction) -> Sent:
        return await post(self.api, MESSAGES, wire.reaction(outbound))

    async def typing_under(self, address: Address, external_id: str) -> None:
        if wire.is_person(address):
            await self.api.ask("POST", MESSAGES, DONE, wire.typing(external_id))

    def tells_read(self) -> bool:
        return self.config.read_receipts

    async def read(self, address: Address, external_id: str) -> None:
        if wire.is_person(address):
            await self.api.ask("POST", MESSAGES, DONE, wire.read(external_id))

    async def fetch(self, source: str) -> Fetched:
        """WhatsApp's address of a file, at 360dialog's host, which alone takes the key."""
        held = await files.held(self.api, source)
        there = urlsplit(held.url)
        url = f"{self.config.api_base.rstrip('/')}{there.path}{'?' if there.query else ''}{there.query}"
        chunks = self.api.octets(url, self.config.download_octets, known=True)
        return Fetched(chunks, media_type=held.mime_type, size=held.file_size)

    async def check(self) -> Account:
        """360dialog names nobody to a number's key; that it is taken is what is known."""
        found = await self.api.ask("GET", WEBHOOK, HOOK)
        return Account(name="a number at 360dialog", details={"webhook": found.url or "none"})

    async def register(self, url: str) -> Registration:
        headers = {PROOF: self.config.webhook_secret.reveal()}
        await self.api.ask("POST", WEBHOOK, DONE, {"url": url, "headers": headers})
        return await self.registration()

    async def registration(self) -> Registration:
        found = await self.api.ask("GET", WEBHOOK, HOOK)
        return Registration(url=found.url or None)

    async def unregister(self) -> Registration:
        raise Misconfigured("360dialog keeps a webhook until another takes its place")

    async def _templates(self) -> list[Template]:
        found: list[Template] = []
        for _ in range(PAGES):
            page = await self.api.ask("GET", TEMPLATES, LISTED, query={"offset": str(len(found))} if found else None)
            found += page.waba_templates
            if not page.waba_templates or len(found) >= page.total:
                break
        return found
