"""Viber bots: webhook in, the REST Bot API out.

Callbacks repeat and come in any order; somebody with several devices reports more than once. Source:
creators.viber.com/docs/bots-api (read 2026-11). Does not serve keyboards, rich media, broadcasts or welcome messages.
"""

import hmac
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Any, ClassVar, Final

import msgspec

from connectors.channels.viber.capability import CAPABILITY
from connectors.channels.viber.config import Config as BotConfig
from connectors.channels.viber.parse import SCHEME, parse
from connectors.channels.viber.refusals import told
from connectors.channels.viber.wire import message
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Registration, Sent, Settles
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

HEADER: Final = "x-viber-content-signature"
QUERY: Final = "sig"
"""The field of the address that may carry the signature instead."""
EVENTS: Final = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
"""What is asked for; messages come anyway."""


class Information(msgspec.Struct, frozen=True, kw_only=True):
    """The bot as Viber has it."""

    id: str = ""
    name: str = ""
    uri: str = ""
    webhook: str | None = None
    event_types: tuple[str, ...] = ()


INFORMATION = msgspec.json.Decoder(Information)


class Viber(Plugin[BotConfig]):
    info: ClassVar[Info] = Info(
        name="viber",
        channel="viber",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Viber bots",
    )
    Config = BotConfig

    def verify(self, request: Request) -> None:
        try:
            presented = request.headers.get(HEADER) or dict(request.query).get(QUERY)
        except BadPayload as error:
            raise BadSignature("a query that cannot be read") from error
        wanted = signature(self.config.token.reveal(), request.body)
        if not presented or not hmac.compare_digest(presented.lower().encode(), wanted.encode()):
            raise BadSignature("not signed with the bot's token", missing=not presented)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body)

    async def send(self, outbound: Outbound) -> Sent:
        answer = await self._post("send_message", message(outbound, self.config))
        made = told(answer, self.config.rate_pause)
        if made.message_token is None:
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent((str(made.message_token),))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self._file(source))

    async def check(self) -> Account:
        bot = await self._information()
        return Account(name=bot.name, details={"id": bot.id, "uri": bot.uri})

    async def register(self, url: str) -> Registration:
        await self._ask("set_webhook", {"url": url, "event_types": EVENTS, "send_name": True, "send_photo": False})
        return await self.registration()

    async def registration(self) -> Registration:
        bot = await self._information()
        return Registration(url=bot.webhook or None, details={"event_types": list(bot.event_types)})

    async def unregister(self) -> Registration:
        await self._ask("set_webhook", {"url": ""})
        return await self.registration()

    async def _information(self) -> Information:
        answer = await self._ask("get_account_info", {})
        try:
            return decode(answer.body, INFORMATION)
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def _ask(self, method: str, arguments: dict[str, Any]) -> Answer:
        """What may be repeated without harm. Raises Temporary, Misconfigured."""
        answer = await self._post(method, arguments, reads=True)
        try:
            told(answer, self.config.rate_pause, reads=True)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        return answer

    async def _post(self, method: str, arguments: dict[str, Any], *, reads: bool = False) -> Answer:
        return await self.tools.http.request(
            "POST",
            f"{self.config.api_base.rstrip('/')}/pa/{method}",
            headers={"content-type": "application/json", "x-viber-auth-token": self.config.token.reveal()},
            body=msgspec.json.encode(arguments),
            seconds=self.config.send_seconds,
            reads=reads,
        )

    async def _file(self, source: str) -> AsyncIterator[bytes]:
        """The octets of a file, from a public address that lasts for some days."""
        async with self.tools.http.stream("GET", source, most=self.config.download_octets) as stream:
            if stream.status in (403, 404, 410):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != 200:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk


def signature(token: str, body: bytes) -> str:
    """Source: creators.viber.com/docs/bots-api/resources/webhooks (read 2026-11)."""
    return hmac.new(token.encode(), body, sha256).hexdigest()
