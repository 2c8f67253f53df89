"""Freshchat: webhooks signed with a key pair in, messages of an agent out.

The API takes no key by which a repeated request is known, and tells nothing of delivery. Source:
support.freshchat.com and developers.freshchat.com/api (read 2026-11). Does not assign, resolve or reopen conversations.
"""

from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import quote

import msgspec

from connectors.channels.freshchat.capability import CAPABILITY
from connectors.channels.freshchat.config import Config as AccountConfig
from connectors.channels.freshchat.parse import SCHEME, parse
from connectors.channels.freshchat.signature import HEADER, key_of, signed_by
from connectors.channels.freshchat.wire import conversation, message
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Sent, Settles
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.refusing import by_status
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

TAKEN = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED)


class Made(msgspec.Struct, frozen=True):
    """A message that was taken; a conversation that began has none of its own."""

    id: str | None = None


class Agent(msgspec.Struct, frozen=True):
    id: str
    first_name: str | None = None
    last_name: str | None = None


MADE = msgspec.json.Decoder(Made)
AGENT = msgspec.json.Decoder(Agent)


class Freshchat(Plugin[AccountConfig]):
    info: ClassVar[Info] = Info(
        name="freshchat",
        channel="freshchat",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Freshchat conversations",
    )
    Config = AccountConfig

    def verify(self, request: Request) -> None:
        presented = request.headers.get(HEADER)
        if not presented or not signed_by(key_of(self.config.public_key), presented, request.body):
            raise BadSignature("not signed with the account's key", missing=not presented)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request.body, self.config.agent_id)

    async def send(self, outbound: Outbound) -> Sent:
        if outbound.thread is None:
            answer = await self._call("POST", "conversations", conversation(outbound, self.config))
        else:
            path = f"conversations/{quote(outbound.thread, safe='')}/messages"
            answer = await self._call("POST", path, message(outbound, self.config))
        if answer.status not in TAKEN:
            raise by_status(answer, self.config.rate_pause, OutcomeUnknown)
        return Sent((_named(answer) or outbound.token,))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self._file(source))

    async def check(self) -> Account:
        answer = await self._call("GET", f"agents/{quote(self.config.agent_id, safe='')}", None)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise Misconfigured(
                "there is no agent of this `agent_id`", code=ErrorCode.MISCONFIGURED, provider_code="404"
            )
        if answer.status != HTTPStatus.OK:
            raise by_status(answer, self.config.rate_pause, Temporary)
        try:
            agent = decode(answer.body, AGENT)
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        name = " ".join(filter(None, (agent.first_name, agent.last_name)))
        return Account(name=name or agent.id, details={"agent": agent.id})

    async def _call(self, method: str, path: str, body: object) -> Answer:
        headers = {"authorization": f"Bearer {self.config.api_key.reveal()}", "accept": "application/json"}
        return await self.tools.http.request(
            method,
            f"{self.config.api_base.rstrip('/')}/v2/{path}",
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


def _named(answer: Answer) -> str | None:
    """What Freshchat calls the message, where its answer says so."""
    try:
        return decode(answer.body, MADE).id
    except BadPayload:
        return None
