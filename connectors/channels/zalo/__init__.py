"""Zalo official accounts: signed webhooks in, consulting messages out.

Webhooks come again for hours, in any order. Source: developers.zalo.me by way of public integrations, zalo-sdk 0.3.0
(read 2026-11). Does not renew access tokens, and does not serve templates by phone number (ZNS).
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

import msgspec

from connectors.channels.zalo.capability import CAPABILITY
from connectors.channels.zalo.config import Config as AccountConfig
from connectors.channels.zalo.parse import SCHEME, parse
from connectors.channels.zalo.refusals import told
from connectors.channels.zalo.signature import HEADER, signed
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Sent, Settles
from connectors.kit.errors import BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound


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

    def verify(self, request: Request) -> None:
        presented = request.headers.get(HEADER, "")
        config = self.config
        if not signed(config.app_id, config.oa_secret_key.reveal(), request.body, presented):
            raise BadSignature("not signed with the account's secret key", missing=not presented)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body, self.config.oa_id)

    async def send(self, outbound: Outbound) -> Sent:
        payload = outbound.payload
        if not payload.text or payload.media or payload.location or payload.contact_card or payload.actions:
            raise Refused("a message carries text only", code=ErrorCode.CONTENT_UNSUPPORTED)
        message: dict[str, Any] = {"text": payload.text}
        if outbound.reply_to:
            message["quote_message_id"] = outbound.reply_to
        body = {"recipient": {"user_id": outbound.address.value}, "message": message}
        made = told(await self._call("POST", "/v3.0/oa/message/cs", body), self.config)
        if made.message_id is None:
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent((made.message_id,))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self._file(source))

    async def check(self) -> Account:
        try:
            account = told(await self._call("GET", "/v2.0/oa/getoa", None), self.config, reads=True)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        if account.oa_id != self.config.oa_id:
            raise Misconfigured("the access token is another account's than `oa_id`", code=ErrorCode.AUTH_FAILED)
        return Account(name=account.name or account.oa_id, details={"id": account.oa_id})

    async def _call(self, method: str, path: str, body: object) -> Answer:
        headers = {"access_token": self.config.access_token.reveal()}
        return await self.tools.http.request(
            method,
            f"{self.config.api_base.rstrip('/')}{path}",
            headers=headers if body is None else {**headers, "content-type": "application/json"},
            body=None if body is None else msgspec.json.encode(body),
            seconds=self.config.send_seconds,
            reads=body is None,
        )

    async def _file(self, source: str) -> AsyncIterator[bytes]:
        """The octets of a file, from a public address."""
        async with self.tools.http.stream("GET", source, most=self.config.download_octets) as stream:
            if stream.status in (403, 404, 410):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != 200:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk
