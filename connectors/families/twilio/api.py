"""Twilio's API over the hub's HTTP client.

Addresses are always written as Twilio's own (`https://api.twilio.com/…`) and led to where `api_base` says on their way
out, so that one setting moves all of it: to a region, to a proxy, to the simulator.
"""

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Final, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from connectors.families.twilio.access import Access
from connectors.families.twilio.refusals import refusal
from connectors.families.twilio.signature import FORM
from connectors.kit.errors import BadPayload, Refused, Temporary
from connectors.kit.guard import origin
from connectors.kit.http import Answer, Http
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode

T = TypeVar("T")
API: Final = "https://api.twilio.com"
MESSAGING: Final = "https://messaging.twilio.com"
CONTENT: Final = "https://content.twilio.com"
JSON: Final = "application/json"
TWILIO: Final = ".twilio.com"
LARGEST_ANSWER: Final = 32 << 20
"""Octets of a page of a thousand messages, and room."""
LARGEST_FILE: Final = 16 << 20
GONE: Final = frozenset({404, 410})


def located(url: str, base: str) -> str:
    """Where an address of Twilio's leads, given `api_base`.

    A base at Twilio itself (`https://api.dublin.ie1.twilio.com`) has the other products beside it; any other stands for
    all of them. Raises Temporary for what is no address.
    """
    try:
        wanted, at = urlsplit(url), urlsplit(base.rstrip("/"))
    except ValueError as error:
        raise Temporary("an address that cannot be read", code=ErrorCode.PROVIDER_DOWN) from error
    netloc = at.netloc
    if (at.hostname or "").endswith(TWILIO):
        netloc = f"{wanted.netloc.partition('.')[0]}.{netloc.partition('.')[2]}"
    query = f"?{wanted.query}" if wanted.query else ""
    return f"{at.scheme}://{netloc}{at.path}{wanted.path}{query}"


def authorization(user: tuple[str, Secret]) -> dict[str, str]:
    """Basic credentials (RFC 7617)."""
    name, password = user
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password.reveal()}".encode()).decode()}


class Api:
    """One account's access. Raises the sending errors of `connectors.kit.errors`, and nothing that holds a secret."""

    def __init__(self, http: Http, access: Access) -> None:
        self._http = http
        self._access = access

    def account(self, path: str) -> str:
        """The address of what belongs to the account."""
        return f"{API}/2010-04-01/Accounts/{self._access.account_sid}{path}"

    async def get(self, url: str, kind: msgspec.json.Decoder[T], user: tuple[str, Secret] | None = None) -> T:
        """Asks, as `user` if need be. Raises Temporary, Misconfigured, Refused."""
        headers = authorization(user or self._access.credentials)
        answer = await self._http.request(
            "GET", self._led(url), headers=headers, seconds=self._seconds, most=LARGEST_ANSWER, reads=True
        )
        return _read(answer, kind)

    async def change(self, url: str, fields: Mapping[str, str], kind: msgspec.json.Decoder[T]) -> T:
        """Changes what may be changed so again without harm. Raises Temporary, Misconfigured, Refused."""
        return await self._change(url, urlencode(fields).encode(), FORM, kind)

    async def change_by_json(self, url: str, told: Mapping[str, object], kind: msgspec.json.Decoder[T]) -> T:
        """As `change`, where Twilio reads JSON."""
        return await self._change(url, msgspec.json.encode(told), JSON, kind)

    async def _change(self, url: str, body: bytes, content_type: str, kind: msgspec.json.Decoder[T]) -> T:
        headers = {**authorization(self._access.credentials), "content-type": content_type}
        answer = await self._http.request(
            "POST", self._led(url), headers=headers, body=body, seconds=self._seconds, reads=True
        )
        return _read(answer, kind)

    async def send(self, url: str, body: bytes) -> Answer:
        """One request that must not be repeated blindly; its success."""
        headers = {**authorization(self._access.credentials), "content-type": FORM, "accept": "application/json"}
        answer = await self._http.request("POST", self._led(url), headers=headers, body=body, seconds=self._seconds)
        if answer.status not in (200, 201):
            raise refusal(answer)
        return answer

    async def file(self, source: str, *, awaited: bool = False) -> AsyncIterator[bytes]:
        """The octets of a file. The credentials go to Twilio only, not where it redirects to. One that is `awaited` is
        not there yet where it is not there.

        Raises Temporary, Refused, Misconfigured.
        """
        url = self._media(source)
        headers = authorization(self._access.credentials)
        async with self._http.stream("GET", url, headers=headers, most=LARGEST_FILE) as stream:
            if stream.status in GONE:
                gone: type[Temporary | Refused] = Temporary if awaited and stream.status == 404 else Refused
                raise gone("no such file", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status == 403:  # said by where it was redirected to, for a redirection that came too late
                raise Temporary("the file's address has expired", code=ErrorCode.MEDIA_UNREACHABLE, provider_code="403")
            if stream.status != 200:
                raise refusal(Answer(stream.status, stream.headers, b""), reads=True)
            async for chunk in stream.chunks:
                yield chunk

    def _media(self, source: str) -> str:
        """Where a file is to be had. Raises Refused for an address that is not Twilio's: it would get the password."""
        try:
            at = origin(source)
            host = urlsplit(source).hostname or ""
        except ValueError:
            at, host = "", ""
        if at.startswith("https://") and host.endswith(TWILIO):
            return self._led(source)
        if at != origin(self._access.api_base):
            raise Refused("the file is not at Twilio", code=ErrorCode.MEDIA_UNREACHABLE)
        return source

    def _led(self, url: str) -> str:
        return located(url, self._access.api_base)

    @property
    def _seconds(self) -> float:
        return self._access.send_seconds


def _read(answer: Answer, kind: msgspec.json.Decoder[T]) -> T:
    if answer.status not in (200, 201, 202):
        raise refusal(answer, reads=True)
    try:
        return decode(answer.body, kind)
    except BadPayload as error:
        raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
