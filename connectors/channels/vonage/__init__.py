"""Vonage's Messages API: SMS, MMS, WhatsApp, Messenger, Viber business messages and RCS, one channel a connector.

Callbacks repeat and come in any order. Source: developer.vonage.com/en/messages (read 2026-11). Does not serve the
older SMS API, version 0.1 of this one, failover or voice.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import msgspec

from connectors.channels.vonage import application
from connectors.channels.vonage.api import Api
from connectors.channels.vonage.channels import CHANNELS, SMS
from connectors.channels.vonage.config import Config as MessagesConfig
from connectors.channels.vonage.parse import parse
from connectors.channels.vonage.signature import verify
from connectors.channels.vonage.templates import chosen, listed
from connectors.channels.vonage.wire import READ, message, reaction
from connectors.families.meta.whatsapp.templates import Templates, templates
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
from connectors.kit.config import PluginConfig
from connectors.kit.errors import Misconfigured, Refused
from connectors.kit.request import Request
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Inbound


class Vonage(Plugin[MessagesConfig]):
    info: ClassVar[Info] = Info(
        name="vonage",
        channel=SMS.name,
        scheme=SMS.scheme,
        capability=SMS.capability,
        settles=Settles.CALLBACK,
        summary="SMS, MMS, WhatsApp, Messenger, Viber and RCS through Vonage's Messages API",
    )
    Config = MessagesConfig

    @classmethod
    def described(cls, config: PluginConfig) -> Info:
        assert isinstance(config, MessagesConfig)
        channel = CHANNELS[config.channel]
        capability = channel.capability
        if config.media_octets is not None and capability.media is not None:
            media = msgspec.structs.replace(capability.media, most_octets=config.media_octets, octets_by_type={})
            capability = msgspec.structs.replace(capability, media=media)
        return replace(cls.info, channel=channel.name, scheme=channel.scheme, capability=capability)

    @cached_property
    def api(self) -> Api:
        return Api(self.config, self.tools)

    @cached_property
    def templates(self) -> Templates | None:
        account = self.config.business_account_id
        if account is None:
            return None
        return templates(lambda: listed(self.api, account), self.tools.now, self.config.templates_for)

    def verify(self, request: Request) -> None:
        verify(request, self.config)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body, self.config)

    async def send(self, outbound: Outbound) -> Sent:
        template = await chosen(outbound, self.templates)
        return Sent((await self.api.send(message(outbound, self.config, self.tools.webhook_url, template)),))

    async def typing_under(self, address: Address, external_id: str) -> None:  # noqa: ARG002 - the message names them
        if self.config.channel != "whatsapp":
            raise Refused("only WhatsApp shows that somebody is writing", code=ErrorCode.CONTENT_UNSUPPORTED)
        await self.api.mark(external_id, READ)

    async def react(self, outbound: OutboundReaction) -> Sent:
        await self.api.send(reaction(outbound, self.config))
        return Sent((outbound.external_id,))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self.api.file(source))

    async def check(self) -> Account:
        return await application.account(self.api, self.config)

    async def register(self, url: str) -> Registration:
        return await application.register(self.api, self.config, url)

    async def registration(self) -> Registration:
        return await application.registration(self.api, self.config)

    async def unregister(self) -> Registration:
        raise Misconfigured("Vonage keeps a webhook until another takes its place; take it out on the dashboard")
