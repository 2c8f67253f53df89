"""Telegram bots: webhook or polling in, the Bot API out.

Albums come as separate messages and are marked as fragments; there are no receipts, so `accepted` is the last that is
heard of a message. Source: core.telegram.org/bots/api, Bot API 10.1 (read 2026-11). Does not serve payments, inline
mode, games, or the posts of channels.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.channels.telegram import people
from connectors.channels.telegram.answers import BOT, DONE, FILE, WEBHOOK
from connectors.channels.telegram.api import Api
from connectors.channels.telegram.capability import CAPABILITY
from connectors.channels.telegram.config import Config
from connectors.channels.telegram.parse import parse
from connectors.channels.telegram.refusals import NOT_MODIFIED, TOO_OLD
from connectors.channels.telegram.update import BATCH, NUMBERED
from connectors.kit.base import (
    Account,
    Fetched,
    Info,
    Outbound,
    OutboundEdit,
    OutboundReaction,
    Plugin,
    Polled,
    Registration,
    Sent,
    Settles,
)
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, Refused
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Inbound, MessageReceived, Unreadable

if TYPE_CHECKING:
    from connectors.channels.telegram.client import Sender

HEADER = "x-telegram-bot-api-secret-token"
LARGEST_BATCH = 32 << 20
"""Octets of one poll's answer: a hundred updates."""


class Telegram(Plugin[Config]):
    info: ClassVar[Info] = Info(
        name="telegram",
        channel="telegram",
        scheme=people.SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Telegram bots, by webhook or polling",
    )
    Config = Config

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config.api_base, self.config.token)

    @cached_property
    def sender(self) -> "Sender":
        # python-telegram-bot takes a tenth of a second to load: only who sends waits for it.
        from connectors.channels.telegram.client import Sender

        return Sender(self.api, self.config)

    def verify(self, request: Request) -> None:
        presented = request.headers.get(HEADER)
        if self.config.secret_token is None or not self.config.secret_token.matches(presented):
            raise BadSignature("not the secret token", missing=presented is None)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body, request.received_at)

    async def send(self, outbound: Outbound) -> Sent:
        thread = people.within(outbound.thread)
        messages = await self.sender.send(outbound)
        connection = thread.get("business_connection_id")
        return Sent(tuple(people.external_id(made.chat.id, made.message_id, connection) for made in messages))

    async def edit(self, outbound: OutboundEdit) -> Sent:
        try:
            await self.sender.edit(outbound)
        except Refused as error:
            # It already reads so, which is what was asked for.
            if NOT_MODIFIED not in error.detail:
                raise
        return Sent((outbound.external_id,))

    async def react(self, outbound: OutboundReaction) -> Sent:
        await self.sender.react(outbound)
        return Sent((outbound.external_id,))

    async def typing(self, address: Address, thread: str | None) -> None:
        await self.sender.typing(address, thread)

    def awaits(self, inbound: Inbound) -> bool:
        return isinstance(inbound, MessageReceived) and inbound.external_id.startswith(people.CALLBACK)

    async def confirm(self, inbound: Inbound) -> None:
        """Ends the waiting sign on a pressed button."""
        assert isinstance(inbound, MessageReceived)
        pressed = inbound.external_id.removeprefix(people.CALLBACK)
        try:
            await self.api.ask("answerCallbackQuery", {"callback_query_id": pressed}, DONE, seconds=self._seconds)
        except Refused as error:
            # Telegram forgets a press after a while, and its sign has gone by then.
            if TOO_OLD not in error.detail:
                raise

    async def fetch(self, source: str) -> Fetched:
        answer, _ = await self.api.ask("getFile", {"file_id": source}, FILE, seconds=self._seconds)
        path = answer.result.file_path
        if path is None or path.startswith("/"):
            raise Refused("the server gave no path to download from", code=ErrorCode.MEDIA_UNREACHABLE)
        return Fetched(self.api.file(path, self.config.download_octets), size=answer.result.file_size)

    def polls(self) -> bool:
        return self.config.mode == "polling"

    async def poll(self, cursor: str | None) -> Polled:
        """`cursor` is the number of the next update; asking from there confirms all before it."""
        arguments: dict[str, Any] = {
            "offset": int(cursor or 0),
            "limit": self.config.poll_limit,
            "timeout": self.config.poll_seconds,
            "allowed_updates": self.config.allowed_updates,
        }
        seconds = self.config.poll_seconds + self._seconds
        batch, raw = await self.api.ask("getUpdates", arguments, BATCH, seconds=seconds, most=LARGEST_BATCH)
        came = self.tools.now()
        inbound: list[Inbound] = []
        for update in batch.result:
            inbound += _each(bytes(update), came)
            cursor = _after(bytes(update), cursor)
        return Polled(inbound, cursor or "0", raw)

    async def check(self) -> Account:
        answer, _ = await self.api.ask("getMe", {}, BOT, seconds=self._seconds)
        bot = answer.result
        return Account(name=f"@{bot.username}", details={"id": str(bot.id), "name": bot.first_name})

    async def register(self, url: str) -> Registration:
        if self.config.secret_token is None or self.polls():
            raise Misconfigured("mode is polling, which a webhook would stop")
        arguments = {
            "url": url,
            "secret_token": self.config.secret_token.reveal(),
            "allowed_updates": self.config.allowed_updates,
            "max_connections": self.config.max_connections,
        }
        await self.api.ask("setWebhook", arguments, DONE, seconds=self._seconds)
        return await self.registration()

    async def registration(self) -> Registration:
        answer, _ = await self.api.ask("getWebhookInfo", {}, WEBHOOK, seconds=self._seconds)
        webhook = answer.result
        return Registration(
            url=webhook.url or None,
            pending=webhook.pending_update_count,
            last_error=webhook.last_error_message,
            details={
                "last_error_date": webhook.last_error_date,
                "max_connections": webhook.max_connections,
                "allowed_updates": webhook.allowed_updates,
            },
        )

    async def unregister(self) -> Registration:
        await self.api.ask("deleteWebhook", {}, DONE, seconds=self._seconds)
        return await self.registration()

    @property
    def _seconds(self) -> float:
        return self.config.send_seconds


def _each(update: bytes, came: datetime) -> list[Inbound]:
    """One of several updates: what is wrong with it harms no other."""
    try:
        return parse(update, came)
    except BadPayload as error:
        return [Unreadable(key=f"unreadable:{sha256(update).hexdigest()}", slice=update, reason=error.detail)]


def _after(update: bytes, cursor: str | None) -> str | None:
    try:
        return str(decode(update, NUMBERED).update_id + 1)
    except BadPayload:  # without a number it cannot be confirmed by itself; the next one's confirms it
        return cursor
