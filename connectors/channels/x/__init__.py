"""Direct messages on X: the Account Activity API's webhooks in, version 2 of the API out.

Callbacks come in any order, and again; what the account wrote elsewhere comes too. What the X Activity API posts of
direct messages is read as well. Source: docs.x.com (read 2026-11). Does not serve groups, encrypted chats, quick
replies of ours, posts or mentions.
"""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from typing import ClassVar, Final

import msgspec

from connectors.channels.x import history, sending, webhooks
from connectors.channels.x.api import Api
from connectors.channels.x.capability import CAPABILITY
from connectors.channels.x.config import Config as XConfig
from connectors.channels.x.oauth2 import bearer
from connectors.channels.x.parse import SCHEME, parse
from connectors.channels.x.signature import answer, question, verify
from connectors.channels.x.uploading import Uploads
from connectors.kit.base import (
    ANSWERS,
    Account,
    Asked,
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
from connectors.kit.errors import Misconfigured
from connectors.kit.request import Request, Response
from normalizer.inbound import Ignored, Inbound


class Us(msgspec.Struct, frozen=True):
    id: str
    name: str = ""
    username: str = ""


class Me(msgspec.Struct, frozen=True):
    data: Us


ME: Final = msgspec.json.Decoder(Me)


class X(Plugin[XConfig]):
    info: ClassVar[Info] = Info(
        name="x",
        channel="x",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Direct messages on X",
    )
    Config = XConfig

    @cached_property
    def api(self) -> Api:
        return Api(self.config, self.tools)

    @cached_property
    def uploads(self) -> Uploads:
        return Uploads(self.api)

    def verify(self, request: Request) -> None:
        verify(request, self.config.consumer_secret)

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == "GET":
            key = f"question:{sha256(request.url.encode('utf-8', 'surrogatepass')).hexdigest()}"
            return [Ignored(key=key, reason="X asked whether the address is ours")]
        return parse(request.body, self.config.user_id)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        asked = question(request) if request.method == "GET" and outcome is not Outcome.OVERLOADED else None
        if asked is None:
            return ANSWERS[outcome]
        return Response(200, answer(asked, self.config.consumer_secret), {"content-type": "application/json"})

    async def send(self, outbound: Outbound) -> Sent:
        return Sent((await sending.send(self.api, self.uploads, outbound),))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self.api.file(source))

    async def backfill(self, cursor: str | None) -> Polled:
        return await history.backfill(self.api, self.config.user_id, cursor)

    async def check(self) -> Account:
        return await self._us()

    def authorization(self) -> Asked:
        return self.api.oauth2.asked()

    async def authorize(self, asked: Asked, landed: str) -> Account:
        tokens = await self.api.oauth2.allowed(asked, landed)
        us = await self._us(bearer(tokens.access))
        await self.api.oauth2.grant.begin(tokens)
        return us

    async def _us(self, as_: str | None = None) -> Account:
        us = (await self.api.read("/2/users/me", ME, as_)).data
        if us.id != self.config.user_id:
            raise Misconfigured(f"user_id: the access token is of the account {us.id}")
        return Account(name=us.name or us.username, details={"id": us.id, "username": us.username})

    async def register(self, url: str) -> Registration:
        return await webhooks.register(self.api, url)

    async def registration(self) -> Registration:
        return await webhooks.registration(self.api, self.tools.webhook_url)

    async def unregister(self) -> Registration:
        return await webhooks.unregister(self.api, self.tools.webhook_url)
