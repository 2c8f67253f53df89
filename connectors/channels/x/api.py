"""Requests to X: as the account by OAuth 1.0a or 2.0, and about webhooks as the app by its bearer token."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from connectors.channels.x.config import Config
from connectors.channels.x.oauth import OAuth1
from connectors.channels.x.oauth2 import OAuth2
from connectors.channels.x.refusals import refusal
from connectors.kit.base import Tools
from connectors.kit.errors import BadPayload, KitError, Misconfigured, OptedOut, Refused, Temporary, Unreachable
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

T = TypeVar("T")
OURS: Final = (".x.com", ".twitter.com")
"""Hosts whose files only members of the conversation may see."""
JSON: Final = "application/json"


class Api:
    def __init__(self, config: Config, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._base = config.api_base.rstrip("/")
        self._account = account(config, tools)

    def __repr__(self) -> str:
        return "Api(***)"

    async def send(self, path: str, body: dict[str, object]) -> Answer:
        """What shall happen once. Raises the sending errors."""
        return await self._ask("POST", path, body=msgspec.json.encode(body), kind=JSON)

    async def upload(self, path: str, form: aiohttp.FormData, kind: msgspec.json.Decoder[T]) -> T:
        """Hands over a file's octets, which nobody sees yet. Raises Temporary, Refused, Misconfigured."""
        return _read(await self._handed_over(path, form), kind)

    async def append(self, path: str, form: aiohttp.FormData) -> None:
        """Hands over a piece of a file; X need not say anything. Raises as `upload`."""
        await self._handed_over(path, form)

    async def prepare(self, path: str, said: dict[str, object] | None, kind: msgspec.json.Decoder[T]) -> T:
        """Says what nobody sees yet. Raises as `upload`."""
        body = msgspec.json.encode(said) if said is not None else None
        return _read(await self._ask("POST", path, body=body, kind=JSON if body else None, reads=True), kind)

    async def look(self, path: str, kind: msgspec.json.Decoder[T]) -> T:
        """At what was handed over. Raises as `upload`."""
        return _read(await self._ask("GET", path, reads=True), kind)

    @property
    def oauth2(self) -> OAuth2:
        """Raises Misconfigured where the account is asked for by OAuth 1.0a."""
        if isinstance(self._account, OAuth2):
            return self._account
        raise Misconfigured("access_token: it was allowed already; only with client_id somebody is asked")

    async def read(self, path: str, kind: msgspec.json.Decoder[T], as_: str | None = None) -> T:
        """As the account, or whoever `as_` shows. Raises Temporary, Misconfigured."""
        return _read(await self._unrefused("GET", path, as_=as_), kind)

    async def subscribe(self, path: str) -> None:
        """As the account. Raises Temporary, Misconfigured."""
        await self._unrefused("POST", path, b"{}")

    async def app(self, method: str, path: str, body: bytes | None, kind: msgspec.json.Decoder[T]) -> T:
        """About webhooks, as the app. Raises Temporary, Misconfigured."""
        bearer = self._config.bearer_token
        if bearer is None:
            raise Misconfigured("bearer_token: webhooks are the app's, which shows itself by it")
        return _read(await self._unrefused(method, path, body, f"Bearer {bearer.reveal()}"), kind)

    async def file(self, source: str) -> AsyncIterator[bytes]:
        """The octets of a file. Raises Temporary, Refused, Misconfigured."""
        headers = {"authorization": await self._account.header("GET", source)} if self._is_ours(source) else {}
        most = self._config.download_octets
        async with self._tools.http.stream("GET", source, most=most, headers=headers) as stream:
            if stream.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != HTTPStatus.OK:
                answer = Answer(stream.status, stream.headers, b"")
                raise self._refusal(answer, None, reads=True)  # of the token it says nothing
            async for chunk in stream.chunks:
                yield chunk

    async def _handed_over(self, path: str, form: aiohttp.FormData) -> Answer:
        return await self._ask("POST", path, body=form, reads=True, seconds=self._config.upload_seconds)

    async def _unrefused(self, method: str, path: str, body: bytes | None = None, as_: str | None = None) -> Answer:
        """What may be repeated without harm; an operator mends what is refused."""
        try:
            return await self._ask(method, path, body=body, kind=JSON if body else None, as_=as_, reads=True)
        except (Refused, OptedOut, Unreachable) as error:
            failure = Misconfigured(error.detail, code=error.code, provider_code=error.provider_code)
        raise failure

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | aiohttp.FormData | None = None,
        kind: str | None = None,
        as_: str | None = None,
        reads: bool = False,
        seconds: float | None = None,
    ) -> Answer:
        url = f"{self._base}{path}"
        shown = as_ or await self._account.header(method, url)
        headers = {"accept": JSON, "authorization": shown}
        answer = await self._tools.http.request(
            method,
            url,
            headers=headers | ({"content-type": kind} if kind else {}),
            body=body,
            seconds=seconds or self._config.send_seconds,
            reads=reads,
        )
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._refusal(answer, None if as_ else shown, reads=reads)
        return answer

    def _refusal(self, answer: Answer, shown: str | None, *, reads: bool) -> KitError:
        """Of a request that came as the account where it had `shown`."""
        error = refusal(answer, self._tools.now(), self._config.rate_pause, reads=reads)
        if shown is None or answer.status != HTTPStatus.UNAUTHORIZED:
            return error
        return self._account.refused(shown, error)

    def _is_ours(self, source: str) -> bool:
        try:
            url, base = urlsplit(source), urlsplit(self._base)
            same = (url.scheme, url.hostname, url.port) == (base.scheme, base.hostname, base.port)
            return same or (url.scheme == "https" and (url.hostname or "").endswith(OURS))
        except ValueError:
            return False


def account(config: Config, tools: Tools) -> OAuth1 | OAuth2:
    """As whom X is asked."""
    if config.client_id is not None:
        return OAuth2(config, tools, config.client_id)
    # The settings make sure of these three.
    assert config.consumer_key is not None
    assert config.access_token is not None
    assert config.access_token_secret is not None
    return OAuth1(
        config.consumer_key, config.consumer_secret, config.access_token, config.access_token_secret, tools.now
    )


def _read(answer: Answer, kind: msgspec.json.Decoder[T]) -> T:
    try:
        return decode(answer.body, kind)
    except BadPayload as error:
        raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
