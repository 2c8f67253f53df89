"""Requests to Vonage: as the application, by a token signed with its key, else as the account, by key and secret.

Source: developer.vonage.com/en/getting-started/concepts/authentication (read 2026-11).
"""

import base64
from collections.abc import AsyncIterator
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit
from uuid import uuid4

import jwt
import msgspec

from connectors.channels.vonage.config import Config
from connectors.channels.vonage.refusals import refusal
from connectors.kit.base import Tools
from connectors.kit.errors import BadPayload, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

T = TypeVar("T")
HOLDS: Final = 900
"""Seconds that a token of ours is good for."""
OURS: Final = (".nexmo.com", ".vonage.com")
"""Whose files want to be asked for with credentials."""


class Made(msgspec.Struct, frozen=True):
    message_uuid: str


MADE: Final = msgspec.json.Decoder(Made)


class Api:
    def __init__(self, config: Config, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._base = config.api_base.rstrip("/")

    def __repr__(self) -> str:
        return "Api(***)"

    async def send(self, body: dict[str, Any]) -> str:
        """The message's name. Raises the sending errors."""
        answer = await self._ask("POST", "/v1/messages", self._authorization(), body)
        try:
            made = decode(answer.body, MADE).message_uuid
        except BadPayload as error:
            unread = f"an answer that names no message: {error.detail}"
            raise OutcomeUnknown(unread, code=ErrorCode.PROVIDER_DOWN) from None
        return made

    async def mark(self, name: str, body: dict[str, Any]) -> None:
        """What is said of a message that came. Raises the sending errors."""
        await self._ask("PATCH", f"/v1/messages/{quote(name, safe='')}", self._authorization(), body, reads=True)

    async def look(self, path: str, kind: msgspec.json.Decoder[T]) -> T:
        """Raises Temporary, Misconfigured."""
        answer = await self._unrefused("GET", path, self._authorization())
        try:
            return decode(answer.body, kind)
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def account(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """What may be repeated without harm, as the account. Raises Temporary, Misconfigured."""
        return await self._unrefused(method, path, self._basic(), body)

    async def file(self, source: str) -> AsyncIterator[bytes]:
        """The octets of a file. Raises Temporary, Refused, Misconfigured."""
        headers = {"authorization": self._authorization()} if self._is_ours(source) else {}
        most = self._config.download_octets
        async with self._tools.http.stream("GET", source, most=most, headers=headers) as stream:
            if stream.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status == HTTPStatus.UNAUTHORIZED:
                raise Misconfigured("the credentials open no files", code=ErrorCode.AUTH_FAILED, provider_code="401")
            if stream.status != HTTPStatus.OK:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk

    async def _unrefused(
        self, method: str, path: str, authorization: str, body: dict[str, Any] | None = None
    ) -> Answer:
        try:
            return await self._ask(method, path, authorization, body, reads=True)
        except (Refused, OutcomeUnknown) as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None

    async def _ask(
        self, method: str, path: str, authorization: str, body: dict[str, Any] | None, *, reads: bool = False
    ) -> Answer:
        answer = await self._tools.http.request(
            method,
            f"{self._base}{path}",
            headers={"accept": "application/json", "authorization": authorization}
            | ({} if body is None else {"content-type": "application/json"}),
            body=None if body is None else msgspec.json.encode(body),
            seconds=self._config.send_seconds,
            reads=reads,
        )
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise refusal(answer, self._config.rate_pause, reads=reads)
        return answer

    def _is_ours(self, source: str) -> bool:
        try:
            url, base = urlsplit(source), urlsplit(self._base)
            same = (url.scheme, url.hostname, url.port) == (base.scheme, base.hostname, base.port)
            return same or (url.scheme == "https" and (url.hostname or "").endswith(OURS))
        except ValueError:
            return False

    def _authorization(self) -> str:
        config = self._config
        if config.private_key is None or config.application_id is None:
            return self._basic()
        return f"Bearer {application_token(config.application_id, config.private_key.reveal(), self._tools.now())}"

    def _basic(self) -> str:
        pair = f"{self._config.account}:{self._config.api_secret.reveal()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


def application_token(application: str, key: str, now: datetime) -> str:
    at = int(now.timestamp())
    claims = {"application_id": application, "iat": at, "exp": at + HOLDS, "jti": str(uuid4())}
    return jwt.encode(claims, key, algorithm="RS256")
