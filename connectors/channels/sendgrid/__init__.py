"""E-mail through SendGrid: mail in by the inbound parse webhook, events in by the event webhook, out by v3 Mail Send.

Source: twilio.com/docs/sendgrid (read 2026-11). Does not serve templates, batches and marketing campaigns.
"""

import asyncio
import hmac
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from connectors.channels.sendgrid.config import Config as AccountConfig
from connectors.channels.sendgrid.hooks import Hooks
from connectors.channels.sendgrid.inbound import mail_of
from connectors.channels.sendgrid.parse import is_batch, parse
from connectors.channels.sendgrid.refusals import judge
from connectors.channels.sendgrid.signature import check
from connectors.channels.sendgrid.wire import message
from connectors.families.mail.capability import CAPABILITY
from connectors.families.mail.parted import parted
from connectors.families.mail.parts import part_of
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Registration, Sent, Settles
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

SEND = "mail.send"


class Scopes(msgspec.Struct, frozen=True):
    """What the key may do."""

    scopes: Sequence[str] = ()


SCOPES = msgspec.json.Decoder(Scopes)


class SendGrid(Plugin[AccountConfig]):
    info: ClassVar[Info] = Info(
        name="sendgrid",
        channel="email",
        scheme="mailto",
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="E-mail, through SendGrid",
    )
    Config = AccountConfig

    def verify(self, request: Request) -> None:
        config = self.config
        if is_batch(request.body):
            if config.events_key is None:
                raise BadSignature("events are not taken without events_key")
            check(request, config.events_key)
            return
        if config.inbound_key is None and config.inbound_secret is None:
            raise BadSignature("mail is not taken without inbound_key or inbound_secret")
        if config.inbound_secret is not None:
            _check_secret(request, config.inbound_secret)
        if config.inbound_key is not None:
            check(request, config.inbound_key)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, self.config)

    async def send(self, outbound: Outbound) -> Sent:
        mail = parted(outbound, self.config)
        said = await asyncio.to_thread(message, mail, outbound, self.config)
        answer = await self._ask("POST", "/v3/mail/send", said)
        judge(answer, self.config.rate_pause, self.tools.now().timestamp())
        named = answer.headers.get("x-message-id", "").strip()
        return Sent((mail.message_id, named) if named else (mail.message_id,))

    async def fetch(self, source: str) -> Fetched:
        return await part_of(self.tools, source, mail_of)

    async def check(self) -> Account:
        answer = await self._change("GET", "/v3/scopes", None)
        try:
            scopes = decode(answer.body, SCOPES).scopes
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        if SEND not in scopes:
            raise Misconfigured("the key may not send mail")
        return Account(name=self.config.own, details={"scopes": str(len(scopes))})

    async def register(self, url: str) -> Registration:
        await self._hooks().set(url)
        return await self._hooks().shown(url)

    async def registration(self) -> Registration:
        return await self._hooks().shown(self.tools.webhook_url)

    async def unregister(self) -> Registration:
        await self._hooks().removed(self.tools.webhook_url)
        return await self.registration()

    def _hooks(self) -> Hooks:
        return Hooks(self.config, self._change)

    async def _change(self, method: str, path: str, said: dict[str, Any] | None) -> Answer:
        """What may be repeated without harm. Raises Temporary, Misconfigured."""
        answer = await self._ask(method, path, said, reads=True)
        try:
            judge(answer, self.config.rate_pause, self.tools.now().timestamp(), reads=True)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        return answer

    async def _ask(self, method: str, path: str, said: dict[str, Any] | None, *, reads: bool = False) -> Answer:
        return await self.tools.http.request(
            method,
            f"{self.config.api_base.rstrip('/')}{path}",
            headers={
                "authorization": f"Bearer {self.config.api_key.reveal()}",
                "content-type": "application/json",
            },
            body=None if said is None else msgspec.json.encode(said),
            seconds=self.config.send_seconds,
            reads=reads,
        )


def _check_secret(request: Request, secret: Secret) -> None:
    """Raises BadSignature."""
    try:
        given = dict(request.query).get("secret", "")
    except BadPayload:
        given = ""
    if not hmac.compare_digest(given.encode("utf-8", "replace"), secret.reveal().encode()):
        raise BadSignature("not called with the secret", missing=not given)
