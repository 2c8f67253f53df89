"""Calls through Twilio.

A caller is led by what the operator configured: menus, agents, queues, voicemail, call-backs. What becomes of a call is
told as it happens, and stands in the caller's conversation; a message sent by this channel is read out by a call.
Source: twilio.com/docs/voice (read 2026-11). Does not serve holding, streams, SIP trunks or payments.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from connectors.channels.twilio_voice import missed, numbers, rooms, twiml
from connectors.channels.twilio_voice.asked import REPORTS, Asked, read
from connectors.channels.twilio_voice.capability import CAPABILITY
from connectors.channels.twilio_voice.config import Config as VoiceConfig
from connectors.channels.twilio_voice.parse import LEFT, parse
from connectors.channels.twilio_voice.people import SCHEME
from connectors.families.twilio import listing
from connectors.families.twilio.api import Api
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
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, Response
from connectors.kit.tokens import Token
from normalizer.inbound import Claim, Inbound

if TYPE_CHECKING:
    from connectors.channels.twilio_voice.client import Caller

XML: Final = {"content-type": "text/xml"}
WITHIN: Final = 4.0
"""Seconds of silence a caller can be left in; Twilio gives up after 15."""
UNDONE: Final = frozenset({Outcome.OVERLOADED, Outcome.LATE})


class TwilioVoice(Plugin[VoiceConfig]):
    info: ClassVar[Info] = Info(
        name="twilio_voice",
        channel="voice",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="Calls through Twilio",
        answers_within=WITHIN,
    )
    Config = VoiceConfig

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config)

    @cached_property
    def caller(self) -> "Caller":
        # Twilio's SDK takes a while to load: only who calls waits for it.
        from connectors.channels.twilio_voice.client import Caller

        return Caller(self.api, self.config, self.tools.webhook_url)

    def verify(self, request: Request) -> None:
        verify(request, self.config.auth_token)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, self.config)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        try:
            asked = read(request)
            if asked.on in REPORTS:
                return ANSWERS[outcome] if outcome in UNDONE else _xml(twiml.nothing())
            return _xml(self._heard(asked, outcome))
        except BadPayload:  # quarantined; whoever is on the line is not left in silence
            return ANSWERS[outcome] if outcome in UNDONE else _xml(twiml.hangup())

    def _heard(self, asked: Asked, outcome: Outcome) -> str:
        if outcome in UNDONE and asked.held < twiml.MOST_HELD:
            return twiml.moment(asked, self.config)
        return twiml.answer(asked, self.config)

    async def send(self, outbound: Outbound) -> Sent:
        return await self.caller.send(outbound)

    async def fetch(self, source: str) -> Fetched:
        # A recording is told of before it can be had.
        return Fetched(self.api.file(source, awaited=True))

    async def backfill(self, cursor: str | None) -> Polled:
        if cursor is None or not self.config.backfill:
            return listing.beginning(self.tools.now())
        return await missed.backfill(self.api, self.config, cursor, self.tools.now())

    def awaits(self, inbound: Inbound) -> bool:
        return inbound.key.startswith(LEFT)

    async def confirm(self, inbound: Inbound) -> None:
        await rooms.close_if_alone(self.api, inbound.key.removeprefix(LEFT).partition(":")[0])

    def token(self, identity: str, claims: Sequence[Claim], at: datetime) -> Token:
        from connectors.channels.twilio_voice.tokens import token

        return token(self.config, identity, claims, at)

    async def check(self) -> Account:
        return await numbers.account(self.api, self.config)

    async def register(self, url: str) -> Registration:
        return await numbers.point(self.api, self.config, url)

    async def registration(self) -> Registration:
        return await numbers.registration(self.api, self.config)

    async def unregister(self) -> Registration:
        return await numbers.point(self.api, self.config, "")

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, VoiceConfig)
        return (config.api_base, *((config.media_origin,) if config.media_origin is not None else ()))


def _xml(text: str) -> Response:
    return Response(200, text.encode(), XML)
