"""Slack apps: the Events API and interactivity in, the Web API out.

There are no receipts and no key that a send could be repeated under, so `accepted` is the last that is heard of a
message. Source: docs.slack.dev (read 2026-11). Does not serve slash commands, shortcuts, views, or several workspaces
by one connector.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from connectors.channels.slack import history, people
from connectors.channels.slack.answers import INFO
from connectors.channels.slack.api import Api
from connectors.channels.slack.capability import CAPABILITY
from connectors.channels.slack.client import Sender
from connectors.channels.slack.config import Config as SlackConfig
from connectors.channels.slack.content import ASK
from connectors.channels.slack.parse import challenged, parse
from connectors.channels.slack.signature import verify
from connectors.kit.base import (
    ANSWERS,
    Account,
    Fetched,
    Info,
    Outbound,
    OutboundEdit,
    OutboundReaction,
    Outcome,
    Plugin,
    Polled,
    Sent,
    Settles,
)
from connectors.kit.config import PluginConfig
from connectors.kit.errors import Refused
from connectors.kit.request import Request, Response
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound


class Slack(Plugin[SlackConfig]):
    info: ClassVar[Info] = Info(
        name="slack",
        channel="slack",
        scheme=people.SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Slack apps, by the Events API",
    )
    Config = SlackConfig

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config)

    @cached_property
    def sender(self) -> Sender:
        return Sender(self.api, self.config)

    def verify(self, request: Request) -> None:
        verify(request, self.config.signing_secret)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, channel_threads=self.config.channel_threads)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        challenge = challenged(request) if ANSWERS[outcome].status < 400 else None
        if challenge is None:
            return ANSWERS[outcome]
        return Response(200, challenge, {"content-type": "application/json"})

    async def send(self, outbound: Outbound) -> Sent:
        return Sent(await self.sender.send(outbound))

    async def edit(self, outbound: OutboundEdit) -> Sent:
        return Sent((await self.sender.edit(outbound),))

    async def react(self, outbound: OutboundReaction) -> Sent:
        await self.sender.react(outbound)
        return Sent((outbound.external_id,))

    async def fetch(self, source: str) -> Fetched:
        if not source.startswith(ASK):
            return Fetched(self.api.file(source))
        told = (await self.api.ask("files.info", {"file": source.removeprefix(ASK)}, INFO)).file
        address = told.url_private_download or told.url_private
        if address is None:
            raise Refused("the file has no address", code=ErrorCode.MEDIA_UNREACHABLE)
        return Fetched(self.api.file(address), media_type=told.mimetype, name=told.name, size=told.size)

    async def backfill(self, cursor: str | None) -> Polled:
        """Messages, not edits, reactions or presses."""
        now = self.tools.now()
        if cursor is None or not self.config.backfill:
            return history.beginning(now)
        return await history.backfill(self.api, cursor, now, channel_threads=self.config.channel_threads)

    async def check(self) -> Account:
        account = await self.sender.account()
        return Account(name=account.user, details={"team": account.team, "team_id": account.team_id})

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, SlackConfig)
        return (config.api_base, config.files_origin)
