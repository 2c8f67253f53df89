"""WhatsApp through Twilio.

Callbacks repeat, arrive out of order and carry no time. Source: twilio.com/docs/whatsapp (read 2026-11). Does not serve
buttons of ours, or groups.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from connectors.channels.twilio_whatsapp import senders
from connectors.channels.twilio_whatsapp.capability import CAPABILITY
from connectors.channels.twilio_whatsapp.config import Config as WhatsAppConfig
from connectors.channels.twilio_whatsapp.parse import parse, received
from connectors.channels.twilio_whatsapp.people import PREFIX, SCHEME
from connectors.channels.twilio_whatsapp.templates import Templates, filled, templates
from connectors.channels.twilio_whatsapp.wire import message, overridden
from connectors.families.twilio import listing
from connectors.families.twilio.account import owner
from connectors.families.twilio.api import CONTENT, MESSAGING, Api, located
from connectors.families.twilio.fields import SID
from connectors.families.twilio.signature import verify
from connectors.kit.base import (
    ANSWERS,
    Account,
    Fetched,
    Info,
    Outbound,
    Outcome,
    Plugin,
    Polled,
    Registration,
    Sent,
    Settles,
)
from connectors.kit.config import PluginConfig
from connectors.kit.request import Request, Response
from normalizer.inbound import Address, Inbound

if TYPE_CHECKING:
    from connectors.families.twilio.sending import Sender

NO_REPLY: Final = Response(200, b"<Response/>", {"content-type": "text/xml"})
"""TwiML that does nothing: whoever answers, answers through the API."""


class TwilioWhatsApp(Plugin[WhatsAppConfig]):
    info: ClassVar[Info] = Info(
        name="twilio_whatsapp",
        channel="whatsapp",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="WhatsApp through Twilio",
    )
    Config = WhatsAppConfig

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config)

    @cached_property
    def sender(self) -> "Sender":
        # Twilio's SDK takes a while to load: only who sends waits for it.
        from connectors.families.twilio.sending import Sender

        return Sender(self.api, self.config)

    @cached_property
    def templates(self) -> Templates:
        return templates(self.api, self.tools.now, self.config.templates_for)

    def verify(self, request: Request) -> None:
        verify(request, self.config.auth_token)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request)

    def respond(self, request: Request, outcome: Outcome) -> Response:  # noqa: ARG002 - part of the contract
        return ANSWERS[outcome] if ANSWERS[outcome].status >= 400 else NO_REPLY

    async def send(self, outbound: Outbound) -> Sent:
        part = outbound.payload.template
        template = None if part is None else filled(await self.templates.find(part.name, part.language), part)
        return await self.sender.send(message(outbound, self.config, self.tools.webhook_url, template))

    async def typing_under(self, address: Address, external_id: str) -> None:  # noqa: ARG002 - the message names them
        if SID.fullmatch(external_id):
            await senders.show_typing(self.api, external_id)

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self.api.file(source))

    async def backfill(self, cursor: str | None) -> Polled:
        if cursor is None or not self.config.backfill:
            return listing.beginning(self.tools.now())
        return await listing.backfill(self.api, [PREFIX + self.config.number], received, cursor, self.tools.now())

    async def check(self) -> Account:
        return Account(name=PREFIX + self.config.number, details=(await owner(self.api, self.config)).details)

    async def register(self, url: str) -> Registration:
        return senders.registration(await senders.point(self.api, self.config, overridden(url, self.config)))

    async def registration(self) -> Registration:
        return senders.registration(await senders.find(self.api, self.config))

    async def unregister(self) -> Registration:
        return senders.registration(await senders.point(self.api, self.config, ""))

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, WhatsAppConfig)
        others = (config.media_origin,) if config.media_origin is not None else ()
        products = (located(product, config.api_base) for product in (MESSAGING, CONTENT))
        return (config.api_base, *products, *others)
