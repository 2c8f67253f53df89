"""E-mail through Postmark: mail and reports in by webhook, out by the Email API.

Postmark signs no webhook: a password in their address is all that shows whose they are. Source:
postmarkapp.com/developer (read 2026-11). Does not serve templates, batches, opens and clicks of other mail.
"""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import msgspec

from connectors.channels.postmark.config import Config as ServerConfig
from connectors.channels.postmark.hooks import HOOKS, SERVER, Server, reports, with_password, without_password
from connectors.channels.postmark.inbound import mail_of
from connectors.channels.postmark.missed import FAILED, FAILURES, again, beginning
from connectors.channels.postmark.parse import parse
from connectors.channels.postmark.refusals import told
from connectors.channels.postmark.wire import message
from connectors.families.mail.capability import CAPABILITY
from connectors.families.mail.parted import parted
from connectors.families.mail.parts import part_of
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Polled, Registration, Sent, Settles
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

T = TypeVar("T")


class Postmark(Plugin[ServerConfig]):
    info: ClassVar[Info] = Info(
        name="postmark",
        channel="email",
        scheme="mailto",
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="E-mail, through Postmark",
    )
    Config = ServerConfig

    def verify(self, request: Request) -> None:
        presented = request.headers.get("authorization", "")
        login = f"{self.config.webhook_user}:{self.config.webhook_password.reveal()}"
        wanted = f"Basic {b64encode(login.encode()).decode()}"
        if not hmac.compare_digest(presented.encode("utf-8", "replace"), wanted.encode()):
            raise BadSignature("not called with the webhook's password", missing=not presented)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, self.config)

    async def send(self, outbound: Outbound) -> Sent:
        mail = parted(outbound, self.config)
        said = await asyncio.to_thread(message, mail, outbound, self.config)
        made = told(await self._ask("POST", "email", said), self.config.rate_pause)
        if not made.message_id:
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent((mail.message_id, made.message_id))

    async def fetch(self, source: str) -> Fetched:
        return await part_of(self.tools, source, mail_of)

    async def backfill(self, cursor: str | None) -> Polled:
        """Brings nothing by itself: what is tried again comes by its webhook."""
        failed = _read(await self._change("GET", FAILED, None), FAILURES)
        return beginning(failed) if cursor is None else await again(failed, cursor, self._retry)

    async def _retry(self, path: str) -> None:
        told(await self._ask("PUT", path, None, reads=True), self.config.rate_pause, reads=True)

    async def check(self) -> Account:
        server = await self._server()
        return Account(name=server.name, details={"id": str(server.id), "address": self.config.own})

    async def register(self, url: str) -> Registration:
        await self._change(
            "PUT", "server", {"InboundHookUrl": with_password(url, self.config), "RawEmailEnabled": True}
        )
        for one in await self._hooks(url):
            await self._change("DELETE", f"webhooks/{one}", None)
        await self._change("POST", "webhooks", reports(url, self.config))
        return await self.registration()

    async def registration(self) -> Registration:
        server = await self._server()
        url = without_password(server.inbound_hook_url) or None
        hooks = await self._hooks(url) if url else []
        return Registration(url=url, details={"raw": server.raw_email_enabled, "reports": bool(hooks)})

    async def unregister(self) -> Registration:
        url = (await self.registration()).url
        await self._change("PUT", "server", {"InboundHookUrl": ""})
        for one in await self._hooks(url) if url else []:
            await self._change("DELETE", f"webhooks/{one}", None)
        return await self.registration()

    async def _server(self) -> Server:
        return _read(await self._change("GET", "server", None), SERVER)

    async def _hooks(self, url: str) -> list[int]:
        """The webhooks for reports that call this address."""
        answer = await self._change("GET", f"webhooks?MessageStream={self.config.message_stream}", None)
        return [hook.id for hook in _read(answer, HOOKS).webhooks if hook.url == url]

    async def _change(self, method: str, path: str, said: dict[str, Any] | None) -> Answer:
        """What may be repeated without harm. Raises Temporary, Misconfigured."""
        answer = await self._ask(method, path, said, reads=True)
        try:
            told(answer, self.config.rate_pause, reads=True)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        return answer

    async def _ask(self, method: str, path: str, said: dict[str, Any] | None, *, reads: bool = False) -> Answer:
        return await self.tools.http.request(
            method,
            f"{self.config.api_base.rstrip('/')}/{path}",
            headers={
                "accept": "application/json",
                "content-type": "application/json",
                "x-postmark-server-token": self.config.server_token.reveal(),
            },
            body=None if said is None else msgspec.json.encode(said),
            seconds=self.config.send_seconds,
            reads=reads,
        )


def _read(answer: Answer, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decode(answer.body, decoder)
    except BadPayload as error:
        raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
