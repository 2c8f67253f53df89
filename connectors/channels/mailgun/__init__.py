"""E-mail through Mailgun: mail in by a route, events in by webhook, out as MIME by the messages API.

Source: documentation.mailgun.com (read 2026-11). Does not serve templates, batches and mailing lists.
"""

import asyncio
import io
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from connectors.channels.mailgun.config import Config as DomainConfig
from connectors.channels.mailgun.config import login
from connectors.channels.mailgun.hooks import Hooks
from connectors.channels.mailgun.inbound import mail_of
from connectors.channels.mailgun.missed import Missed, beginning
from connectors.channels.mailgun.parse import CARRIER, parse
from connectors.channels.mailgun.refusals import settled, told
from connectors.channels.mailgun.signature import check
from connectors.families.mail.capability import CAPABILITY
from connectors.families.mail.compose import compose, whole, written_at
from connectors.families.mail.parts import part_of
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Polled, Registration, Sent, Settles
from connectors.kit.collects import COLLECT, Collected
from connectors.kit.errors import BadPayload, OutcomeUnknown, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

UNTRACKED: Sequence[str] = ("o:tracking", "o:tracking-clicks", "o:tracking-opens")


class Domain(msgspec.Struct, frozen=True):
    name: str = ""
    state: str = ""


class Found(msgspec.Struct, frozen=True):
    domain: Domain


FOUND = msgspec.json.Decoder(Found)


class Mailgun(Plugin[DomainConfig]):
    info: ClassVar[Info] = Info(
        name="mailgun",
        channel="email",
        scheme="mailto",
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="E-mail, through Mailgun",
    )
    Config = DomainConfig

    def verify(self, request: Request) -> None:
        if request.method == COLLECT and urlsplit(request.url).scheme == COLLECT.lower():
            return  # the hub fetched it from where Mailgun stores mails
        check(request, self.config)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, self.config)

    async def send(self, outbound: Outbound) -> Sent:
        at = written_at(outbound.token, self.tools.now())
        letter = compose(outbound, self.config, self.config.signer(), at)
        octets = await asyncio.to_thread(whole, letter)
        form = aiohttp.FormData()
        form.add_field("to", letter.recipient)
        form.add_field(f"v:{CARRIER}", outbound.token)
        for option in UNTRACKED:
            form.add_field(option, "no")
        form.add_field("message", io.BytesIO(octets), filename="message.mime", content_type="message/rfc822")
        answer = await self._ask("POST", f"/v3/{self.config.at}/messages.mime", form)
        made = told(answer, self.config.rate_pause)
        id_ = made.id.strip("<> ")
        if not id_:
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent(tuple(dict.fromkeys((id_, letter.message_id))))

    async def fetch(self, source: str) -> Fetched:
        return await part_of(self.tools, source, mail_of)

    async def backfill(self, cursor: str | None) -> Polled | Collected:
        now = self.tools.now()
        return beginning(now) if cursor is None else await Missed(self.config, self.tools.http).since(cursor, now)

    async def check(self) -> Account:
        answer = await self._change("GET", f"/v3/domains/{self.config.at}", None)
        try:
            domain = decode(answer.body, FOUND).domain
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        return Account(name=domain.name, details={"state": domain.state, "address": self.config.own})

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

    async def _change(self, method: str, path: str, form: bytes | None) -> Answer:
        """What may be repeated without harm. Raises Temporary, Misconfigured."""
        return settled(await self._ask(method, path, form, reads=True), self.config.rate_pause)

    async def _ask(
        self, method: str, path: str, body: aiohttp.FormData | bytes | None, *, reads: bool = False
    ) -> Answer:
        headers = {"authorization": login(self.config)}
        if isinstance(body, bytes):
            headers["content-type"] = "application/x-www-form-urlencoded"
        return await self.tools.http.request(
            method,
            f"{self.config.api_base.rstrip('/')}{path}",
            headers=headers,
            body=body,
            seconds=self.config.send_seconds,
            reads=reads,
        )
