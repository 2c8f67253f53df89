"""Files that a provider holds, by a declaration: an address, and who gets the credentials."""

from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.kit.base import Fetched
from connectors.kit.declared.access import Access, asked_with, refused_token
from connectors.kit.declared.language import Channel, Fetch
from connectors.kit.declared.misworded import Misworded
from connectors.kit.declared.schemes import basic
from connectors.kit.declared.templates import Template, Tree, named_in
from connectors.kit.declared.wire import TOKEN
from connectors.kit.errors import Misconfigured, Refused, Temporary
from connectors.kit.guard import origin
from connectors.kit.http import Answer, Http
from connectors.kit.refusing import by_status
from normalizer.errors import ErrorCode

LARGEST: Final = 128 << 20
"""Octets; the hub's own limit is less, unless an operator raised it."""
PAUSE: Final = 5.0
"""Seconds after too many requests."""
ID: Final = "file_id"
GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
BARRED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Fetching:
    """Raises ValueError where the declaration cannot work."""

    def __init__(self, channel: Channel, fetch: Fetch) -> None:
        known = asked_with(channel) | {ID}
        self._wants_token = TOKEN in named_in([fetch.headers, fetch.basic])
        self._url = Template(fetch.url, known - {TOKEN}) if fetch.url is not None else None
        if fetch.url is not None and not fetch.url.startswith("{api_base}/"):
            raise Misworded("a file that is named by an id is at {api_base}", fetch.url)
        self._headers = Tree(fetch.headers, known)
        self._basic = Tree([fetch.basic.user, fetch.basic.password], known) if fetch.basic is not None else None
        self._hosts = fetch.hosts

    async def open(self, access: Access, source: str) -> Fetched:
        """A kept token that is refused is asked for once more. Raises Temporary, Refused, Misconfigured."""
        settings = access.settings
        url = self._url.address({**settings, ID: source}) if self._url is not None else source
        known = self._known(url, str(settings["api_base"]))
        if not known or not self._wants_token:
            return await self._opened(access.http, url, self._credentials(settings) if known else {}, known)
        token, fresh = await access.token()
        for _ in range(2):
            try:
                return await self._opened(access.http, url, self._credentials({**settings, TOKEN: token}), known)
            except (Misconfigured, Refused) as error:
                status = error.provider_code or ""
                if not access.lapsed(token, status):
                    raise
                if fresh:
                    break
            token, fresh = await access.token()
        raise refused_token(status)

    async def _opened(self, http: Http, url: str, headers: Mapping[str, str], known: bool) -> Fetched:
        chunks = self._chunks(http, url, headers, known)
        # What is read first is the media type: by then the connection is open, and is closed with the chunks.
        media_type = (await anext(chunks)).decode("latin-1")
        return Fetched(chunks, media_type=media_type or None)

    async def _chunks(
        self, http: Http, url: str, headers: Mapping[str, str], known: bool
    ) -> AsyncGenerator[bytes, None]:
        async with http.stream("GET", url, headers=headers, most=LARGEST) as stream:
            if stream.status in GONE or (stream.status in BARRED and not known):
                told = str(stream.status)
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=told)
            if stream.status != HTTPStatus.OK:
                raise by_status(Answer(stream.status, stream.headers, b""), PAUSE, Temporary)
            yield stream.headers.get("content-type", "").encode("latin-1", "replace")
            async for chunk in stream.chunks:
                yield chunk

    def _credentials(self, settings: Mapping[str, Any]) -> dict[str, str]:
        headers = {name.lower(): str(value) for name, value in (self._headers(settings) or {}).items()}
        if self._basic is not None:
            headers["authorization"] = basic(*map(str, self._basic(settings)))
        return headers

    def _known(self, url: str, api_base: str) -> bool:
        """Whether the credentials may go there. Raises Refused for what is no address."""
        at = origin(url)
        host = urlsplit(at).hostname or ""
        listed = any(host.endswith(name) if name.startswith(".") else host == name for name in self._hosts)
        return at == origin(api_base) or (listed and at == f"https://{host}")
