"""SMS and MMS through Twilio.

Callbacks repeat, arrive out of order and carry no time; long messages arrive joined. Source: twilio.com/docs/messaging
(read 2026-11). Does not serve WhatsApp, RCS, voice, templates or scheduled messages.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar, Final

from connectors.channels.twilio_sms import senders
from connectors.channels.twilio_sms.capability import CAPABILITY, without_mms
from connectors.channels.twilio_sms.config import Config as SmsConfig
from connectors.channels.twilio_sms.parse import parse, received
from connectors.channels.twilio_sms.people import SCHEME
from connectors.channels.twilio_sms.wire import message, overridden
from connectors.families.twilio import listing
from connectors.families.twilio.api import MESSAGING, Api, located
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
from normalizer.inbound import Inbound

if TYPE_CHECKING:
    from connectors.families.twilio.sending import Sender

NO_REPLY: Final = Response(200, b"<Response/>", {"content-type": "text/xml"})
"""TwiML that does nothing: whoever answers, answers through the API."""
HEARD: Final[Mapping[Outcome, Response]] = {
    **dict.fromkeys((Outcome.RECORDED, Outcome.DUPLICATE, Outcome.QUARANTINED), NO_REPLY),
    **{outcome: ANSWERS[outcome] for outcome in (Outcome.OVERLOADED, Outcome.LATE)},
}


class TwilioSms(Plugin[SmsConfig]):
    info: ClassVar[Info] = Info(
        name="twilio_sms",
        channel="sms",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="SMS and MMS through Twilio",
    )
    Config = SmsConfig

    @classmethod
    def described(cls, config: PluginConfig) -> Info:
        assert isinstance(config, SmsConfig)
        return cls.info if config.mms else without_mms(cls.info)

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config)

    @cached_property
    def sender(self) -> "Sender":
        # Twilio's SDK takes a while to load: only who sends waits for it.
        from connectors.families.twilio.sending import Sender

        return Sender(self.api, self.config)

    def verify(self, request: Request) -> None:
        verify(request, self.config.auth_token)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, keywords=self.config.default_keywords)

    def respond(self, request: Request, outcome: Outcome) -> Response:  # noqa: ARG002 - part of the contract
        return HEARD[outcome]

    async def send(self, outbound: Outbound) -> Sent:
        return await self.sender.send(message(outbound, self.config, self.tools.webhook_url))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self.api.file(source))

    async def backfill(self, cursor: str | None) -> Polled:
        if cursor is None or not self.config.backfill:
            return listing.beginning(self.tools.now())
        numbers = await senders.receiving(self.api, self.config)
        read = partial(received, keywords=self.config.default_keywords)
        return await listing.backfill(self.api, numbers, read, cursor, self.tools.now())

    async def check(self) -> Account:
        return await senders.account(self.api, self.config)

    async def register(self, url: str) -> Registration:
        return senders.registration(await senders.point(self.api, self.config, overridden(url, self.config)))

    async def registration(self) -> Registration:
        return senders.registration(await senders.find(self.api, self.config))

    async def unregister(self) -> Registration:
        return senders.registration(await senders.point(self.api, self.config, ""))

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, SmsConfig)
        others = (config.media_origin,) if config.media_origin is not None else ()
        return (config.api_base, located(MESSAGING, config.api_base), *others)
