"""JioChat channels: messages and follows in, texts out.

Calls carry no signature; a secret in the path proves who calls. Of a message that was sent nothing is heard, so
`accepted` is the last of it. JioChat publishes no documentation that could be found. Source: github.com/nyaruka/courier
and github.com/rapidpro/rapidpro (read 2026-11), see README. Does not serve menus of ours, files of ours or names.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Final

from connectors.channels.jiochat.access import access, fetch
from connectors.channels.jiochat.api import Api
from connectors.channels.jiochat.config import Config as ChannelConfig
from connectors.channels.jiochat.parse import SCHEME, parse
from connectors.channels.jiochat.proof import verify, without_secret
from connectors.families.handshake import echo
from connectors.kit.base import ANSWERS, Account, Fetched, Info, Outbound, Outcome, Plugin, Sent, Settles
from connectors.kit.errors import Refused
from connectors.kit.request import Request, Response
from normalizer.capability import Capability, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound
from normalizer.parts import MediaKind

WORDS: Final = {"content-type": "text/plain; charset=utf-8"}
CAPABILITY: Final = Capability(
    text=TextLimit(most=1600),
    inbound=frozenset(
        {
            "message_received",
            "consent_changed",
            "part:native",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VOICE, MediaKind.VIDEO)),
        }
    ),
)


class JioChat(Plugin[ChannelConfig]):
    info: ClassVar[Info] = Info(
        name="jiochat",
        channel="jiochat",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="JioChat channels",
        has_paths=True,
    )
    Config = ChannelConfig

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config, access(self.tools.http, self.config, self.tools.now))

    def verify(self, request: Request) -> None:
        verify(request, self.config, self.tools.webhook_url)

    def kept(self, request: Request) -> Request:
        return without_secret(request, self.tools.webhook_url)

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == "GET":
            return []  # the address is being set, and nothing is said
        return parse(request)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        if request.method == "GET" and outcome is not Outcome.OVERLOADED:
            return Response(200, echo(request), WORDS)
        return ANSWERS[outcome]

    async def send(self, outbound: Outbound) -> Sent:
        """JioChat tells no name of a message, so it goes by ours."""
        payload = outbound.payload
        if not payload.text or payload.media or payload.location or payload.contact_card or payload.cards:
            raise Refused("a message carries text only", code=ErrorCode.CONTENT_UNSUPPORTED)
        await self.api.say(outbound.address.value, payload.text)
        return Sent((outbound.token,))

    async def fetch(self, source: str) -> Fetched:
        return await self.api.file(source)

    async def check(self) -> Account:
        """Fetches a new access token, which shows that app id and secret are right."""
        await fetch(self.tools.http, self.config, self.tools.now)
        return Account(name=self.config.app_id)
