"""Rocket.Chat: the omnichannel's webhook in, messages of a user to its rooms out.

A message is posted to a room and named by the answer; nothing tells whether it was read. Source:
docs.rocket.chat/docs/webhooks, github.com/RocketChat/Rocket.Chat (read 2026-11). Does not take, pass on or close
conversations, and does not serve channels and direct messages of the workspace.
"""

import hmac
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from connectors.channels.rocketchat.capability import CAPABILITY
from connectors.channels.rocketchat.config import Config as WorkspaceConfig
from connectors.channels.rocketchat.history import backfill, beginning
from connectors.channels.rocketchat.hooks import Hooks
from connectors.channels.rocketchat.parse import SCHEME, parse
from connectors.channels.rocketchat.refusals import Made, told
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Polled, Registration, Sent, Settles
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.redact import without_field
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

HEADER: Final = "x-rocketchat-livechat-token"
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class RocketChat(Plugin[WorkspaceConfig]):
    info: ClassVar[Info] = Info(
        name="rocketchat",
        channel="rocketchat",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Rocket.Chat Omnichannel (Livechat)",
    )
    Config = WorkspaceConfig

    def verify(self, request: Request) -> None:
        presented = request.headers.get(HEADER, "")
        wanted = self.config.webhook_secret.reveal()
        if not hmac.compare_digest(presented.encode("utf-8", "surrogatepass"), wanted.encode()):
            raise BadSignature("not the secret token of this connector", missing=not presented)

    def kept(self, request: Request) -> Request:
        """Without the visitor's token, by which anybody could read the conversation."""
        try:
            fields = decode(request.body, _fields)
            if "visitor" not in fields:
                return request
            visitor = msgspec.Raw(without_field(bytes(fields["visitor"]), "token"))
        except BadPayload:
            return request
        return replace(request, body=msgspec.json.encode(fields | {"visitor": visitor}))

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body, self.config.user_id)

    async def send(self, outbound: Outbound) -> Sent:
        payload = outbound.payload
        if not payload.text or payload.media or payload.location or payload.contact_card or payload.actions:
            raise Refused("a message carries text only", code=ErrorCode.CONTENT_UNSUPPORTED)
        if outbound.thread is None:
            raise Refused("a room begins with its visitor", code=ErrorCode.UNREACHABLE)
        body = {"roomId": outbound.thread, "text": payload.text}
        made = told(await self._call("POST", "chat.postMessage", body), self.config.rate_pause).message
        if not isinstance(made, Made):
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent((made.id,))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self._file(source))

    async def backfill(self, cursor: str | None) -> Polled:
        now = self.tools.now()
        if cursor is None or not self.config.history:
            return beginning(now)
        return await backfill(self._asked, self.config.user_id, cursor, now)

    async def register(self, url: str) -> Registration:
        return await Hooks(self._setting).set(url, self.config.webhook_secret.reveal())

    async def registration(self) -> Registration:
        return await Hooks(self._setting).shown()

    async def unregister(self) -> Registration:
        return await Hooks(self._setting).removed(self.tools.webhook_url)

    async def check(self) -> Account:
        try:
            user = told(await self._call("GET", "me", None), self.config.rate_pause, reads=True)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        if user.id != self.config.user_id:
            raise Misconfigured("the access token is another user's than `user_id`", code=ErrorCode.AUTH_FAILED)
        return Account(name=user.name or user.username or user.id, details={"id": user.id})

    async def _asked(self, path: str, most: int) -> bytes:
        answer = await self._call("GET", path, None, most)
        told(answer, self.config.rate_pause, reads=True)
        return answer.body

    async def _setting(self, name: str, body: object) -> bytes:
        """One of the workspace's, changed where there is a body. May be repeated without harm."""
        try:
            answer = await self._call("GET" if body is None else "POST", f"settings/{name}", body)
            told(answer, self.config.rate_pause, reads=True)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        except OutcomeUnknown as error:
            raise Temporary(error.detail, code=error.code) from None
        return answer.body

    async def _call(self, method: str, name: str, body: object, most: int = 1 << 20) -> Answer:
        headers = self._credentials() | ({} if body is None else {"content-type": "application/json"})
        return await self.tools.http.request(
            method,
            f"{self.config.api_base.rstrip('/')}/api/v1/{name}",
            headers=headers,
            body=None if body is None else msgspec.json.encode(body),
            seconds=self.config.send_seconds,
            reads=body is None,
            most=most,
        )

    async def _file(self, source: str) -> AsyncIterator[bytes]:
        """The octets of a file. The workspace's own are shown to our user, and no other address learns who that is."""
        ours = _origin(source) == _origin(self.config.api_base)
        headers = self._credentials() if ours else {}
        async with self.tools.http.stream("GET", source, headers=headers, most=self.config.download_octets) as stream:
            if stream.status in (403, 404, 410):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != 200:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk

    def _credentials(self) -> dict[str, str]:
        return {"x-auth-token": self.config.auth_token.reveal(), "x-user-id": self.config.user_id}


def _origin(url: str) -> tuple[str, str]:
    told = urlsplit(url)
    return told.scheme, told.netloc
