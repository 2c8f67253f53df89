"""LINE official accounts: the Messaging API's webhook in, pushes out.

Several events come in one request, in any order, and again with the same ids. There are no receipts, so `accepted` is
the last that is heard of a message. Source: developers.line.biz/en/reference/messaging-api and line-openapi on GitHub
(read 2026-11). Does not serve reply tokens, quotations of ours, stickers of ours, broadcasts, rich menus, beacons,
notification messages or modules.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Final
from uuid import UUID, uuid5

from connectors.channels.line.answers import (
    BOT,
    CONSUMPTION,
    NOTHING,
    PREPARATION,
    QUOTA,
    SENT,
    TRIED,
    WEBHOOK,
)
from connectors.channels.line.api import Api, unready
from connectors.channels.line.capability import CAPABILITY, without_preview
from connectors.channels.line.config import Config as LineConfig
from connectors.channels.line.content import EXTERNAL
from connectors.channels.line.parse import parse
from connectors.channels.line.people import SCHEME, is_person, recipient
from connectors.channels.line.signature import verify
from connectors.channels.line.wire import push
from connectors.kit.base import (
    Account,
    Fetched,
    Info,
    Outbound,
    Plugin,
    Registration,
    Sent,
    Settles,
    Tools,
)
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Inbound

TOKENS: Final = UUID("6f1c4b0e-52a7-5d3b-9c55-0a4a3d5d7c11")
"""The space our tokens are made retry keys in; another one would make known sends unknown."""
SOURCE: Final = re.compile(r"(?P<type>image|video|audio|file):(?P<message>[A-Za-z0-9_-]{1,64})", re.ASCII)
PREPARED: Final = frozenset({"video", "audio"})
"""Kinds LINE converts before it gives them out."""
ENDPOINT: Final = "/v2/bot/channel/webhook/endpoint"
ACCEPTED_BEFORE: Final = "x-line-accepted-request-id"


class Line(Plugin[LineConfig]):
    info: ClassVar[Info] = Info(
        name="line",
        channel="line",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.KEY,
        summary="LINE official accounts, by the Messaging API",
    )
    Config = LineConfig

    def __init__(self, config: LineConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        if config.preview_picture is None:
            vars(self)["info"] = without_preview(self.info)

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config)

    def verify(self, request: Request) -> None:
        verify(request, self.config.channel_secret)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body)

    async def send(self, outbound: Outbound) -> Sent:
        key = str(uuid5(TOKENS, outbound.token))
        return _sent(await self.api.push(push(outbound, self.config), key), key)

    async def typing(self, address: Address, thread: str | None) -> None:  # noqa: ARG002 - part of the contract
        """The loading sign, which only a person sees; in groups and rooms nothing happens."""
        if is_person(address):
            asked = {"chatId": recipient(address), "loadingSeconds": self.config.typing_seconds}
            await self.api.ask("POST", "/v2/bot/chat/loading/start", NOTHING, asked)

    async def fetch(self, source: str) -> Fetched:
        kind, _, url = source.partition(":")
        if kind == EXTERNAL:
            return Fetched(self.api.external(url))
        told = SOURCE.fullmatch(source)
        if told is None:
            raise Refused("no file of a message", code=ErrorCode.MEDIA_UNREACHABLE)
        if told["type"] in PREPARED:
            await self._prepared(told["message"])
        return Fetched(self.api.file(told["message"]))

    async def _prepared(self, message: str) -> None:
        """Raises Temporary while LINE prepares the file, Refused where it could not."""
        status = (await self.api.prepared(message, PREPARATION)).status
        if status == "failed":
            raise Refused("LINE could not prepare the file", code=ErrorCode.MEDIA_UNREACHABLE)
        if status != "succeeded":
            raise unready()

    async def check(self) -> Account:
        bot = await self.api.ask("GET", "/v2/bot/info", BOT)
        quota = await self.api.ask("GET", "/v2/bot/message/quota", QUOTA)
        consumed = await self.api.ask("GET", "/v2/bot/message/quota/consumption", CONSUMPTION)
        details = {
            "id": bot.user_id,
            "basic_id": bot.basic_id,
            "chat_mode": bot.chat_mode,
            "quota": "none" if quota.value is None else str(quota.value),
            "sent_this_month": str(consumed.total_usage),
        }
        return Account(name=bot.display_name or bot.basic_id, details=details)

    async def register(self, url: str) -> Registration:
        await self.api.ask("PUT", ENDPOINT, NOTHING, {"endpoint": url})
        return await self.registration()

    async def registration(self) -> Registration:
        """Has LINE call the webhook once, which tells whether it can."""
        try:
            webhook = await self.api.ask("GET", ENDPOINT, WEBHOOK)
        except Refused as error:
            if error.provider_code != "404":  # none was ever set
                raise
            return Registration(url=None)
        if not webhook.endpoint:
            return Registration(url=None, details={"active": webhook.active})
        tried = await self.api.ask("POST", "/v2/bot/channel/webhook/test", TRIED, {"endpoint": webhook.endpoint})
        failed = f"{tried.reason}: {tried.detail}"[:300]
        details = {"active": webhook.active, "status_code": tried.status_code}
        return Registration(url=webhook.endpoint, last_error=None if tried.success else failed, details=details)

    async def unregister(self) -> Registration:
        raise Refused(
            "LINE forgets no webhook: switch `Use webhook` off in its console, or set another address",
            code=ErrorCode.MISCONFIGURED,
        )

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, LineConfig)
        return (config.api_base, config.data_base)


def _sent(answer: Answer, key: str) -> Sent:
    """What LINE has, by its answer to this push or to an earlier one under the same key. Raises OutcomeUnknown."""
    try:
        return Sent(tuple(message.id for message in decode(answer.body, SENT).sent_messages))
    except BadPayload as error:
        if answer.status == 200:
            unread = f"an answer that cannot be read: {error.detail}"
            raise OutcomeUnknown(unread, code=ErrorCode.PROVIDER_DOWN) from None
    # It was accepted before, whatever else the answer says; only its messages' ids are not known.
    return Sent((f"request:{answer.headers.get(ACCEPTED_BEFORE) or key}",))
