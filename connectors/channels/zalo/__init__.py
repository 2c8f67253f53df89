"""Zalo official accounts: signed webhooks in, consulting messages out.

Webhooks come again for hours, in any order. Source: developers.zalo.me by way of public integrations, zalo-sdk 0.3.0
(read 2026-11). Does not serve templates by phone number (ZNS).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, Final

import aiohttp
import msgspec

from connectors.channels.zalo.capability import CAPABILITY
from connectors.channels.zalo.config import Config as AccountConfig
from connectors.channels.zalo.oauth import OAuth
from connectors.channels.zalo.parse import SCHEME, parse
from connectors.channels.zalo.refusals import Data, told
from connectors.channels.zalo.signature import HEADER, signed
from connectors.channels.zalo.wire import PICTURES, document, file_of, picture, reaction, words
from connectors.kit.base import Account, Asked, Fetched, File, Info, Outbound, OutboundReaction, Plugin, Sent, Settles
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.request import Request
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

ENDED: Final = "-216"
"""An access token that Zalo takes no longer."""


class Zalo(Plugin[AccountConfig]):
    info: ClassVar[Info] = Info(
        name="zalo",
        channel="zalo",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Zalo official accounts",
    )
    Config = AccountConfig

    @cached_property
    def oauth(self) -> OAuth | None:
        """None where the access token is a setting."""
        secret_key = self.config.app_secret_key
        return OAuth(self.config, self.tools, secret_key) if secret_key is not None else None

    def verify(self, request: Request) -> None:
        presented = request.headers.get(HEADER, "")
        config = self.config
        if not signed(config.app_id, config.oa_secret_key.reveal(), request.body, presented):
            raise BadSignature("not signed with the account's secret key", missing=not presented)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body, self.config.oa_id)

    async def send(self, outbound: Outbound) -> Sent:
        file = file_of(outbound)
        message = words(outbound) if file is None else await self._brought(file)
        body = {"recipient": {"user_id": outbound.address.value}, "message": message}
        made = await self._call("POST", "/v3.0/oa/message/cs", body)
        if made.message_id is None:
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent((made.message_id,))

    async def react(self, outbound: OutboundReaction) -> Sent:
        action = reaction(outbound.reaction, outbound.external_id)
        body = {"recipient": {"user_id": outbound.address.value}, "sender_action": action}
        await self._call("POST", "/v2.0/oa/message", body)
        return Sent((outbound.external_id,))

    async def _brought(self, file: File) -> dict[str, Any]:
        """The message that shows a file, once Zalo has it. Bringing it shows nobody anything and may be repeated."""
        kind = "image" if file.media_type in PICTURES else "file"
        form = aiohttp.FormData()
        try:
            octets = await asyncio.to_thread(file.path.read_bytes)
        except OSError as error:
            detail = f"the stored file cannot be read: {error.strerror}"
            raise Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
        form.add_field("file", octets, filename=file.name, content_type=file.media_type)
        data = await self._call("POST", f"/v2.0/oa/upload/{kind}", form)
        name = data.attachment_id if kind == "image" else data.token
        if not name:
            raise Temporary("an answer that names no file", code=ErrorCode.PROVIDER_DOWN)
        return picture(name) if kind == "image" else document(name)

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self._file(source))

    async def check(self) -> Account:
        return await self._us()

    def authorization(self) -> Asked:
        return self._allowing().asked()

    async def authorize(self, asked: Asked, landed: str) -> Account:
        oauth = self._allowing()
        tokens = await oauth.allowed(asked, landed)
        us = await self._us(tokens.access)
        await oauth.grant.begin(tokens)
        return us

    def _allowing(self) -> OAuth:
        if self.oauth is None:
            raise Misconfigured("access_token: it was allowed already; only with app_secret_key somebody is asked")
        return self.oauth

    async def _us(self, as_: str | None = None) -> Account:
        try:
            account = await self._call("GET", "/v2.0/oa/getoa", None, as_)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        if account.oa_id != self.config.oa_id:
            raise Misconfigured("the access token is another account's than `oa_id`", code=ErrorCode.AUTH_FAILED)
        return Account(name=account.name or account.oa_id, details={"id": account.oa_id})

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, AccountConfig)
        return (config.api_base, config.oauth_base)

    async def _access(self) -> str:
        if self.oauth is not None:
            return await self.oauth.grant.access()
        assert self.config.access_token is not None  # the settings make sure of it
        return self.config.access_token.reveal()

    async def _call(self, method: str, path: str, body: object, as_: str | None = None) -> Data:
        """As the account, or with the access token `as_`. Raises the sending errors."""
        access = as_ or await self._access()
        headers = {"access_token": access}
        reads = body is None or isinstance(body, aiohttp.FormData)
        if not reads:
            headers["content-type"] = "application/json"
        answer = await self.tools.http.request(
            method,
            f"{self.config.api_base.rstrip('/')}{path}",
            headers=headers,
            body=body if body is None or isinstance(body, aiohttp.FormData) else msgspec.json.encode(body),
            seconds=self.config.send_seconds,
            reads=reads,
        )
        try:
            return told(answer, self.config, reads=reads)
        except Misconfigured as error:
            if self.oauth is None or as_ is not None or error.provider_code != ENDED:
                raise
            failure = self.oauth.refused(access, error)
        raise failure

    async def _file(self, source: str) -> AsyncIterator[bytes]:
        """The octets of a file, from a public address."""
        async with self.tools.http.stream("GET", source, most=self.config.download_octets) as stream:
            if stream.status in (403, 404, 410):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != 200:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk
