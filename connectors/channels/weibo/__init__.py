"""Weibo's fans service platform: private messages to a verified account in, replies out.

Calls repeat, in any order, and name no message; nothing is heard of a message that was sent. Source:
open.weibo.com/wiki/Messages_api_start (read 2026-11; its pages are of 2014 and 2015). Does not serve comments,
articles, passive replies, broadcasts, menus, or calls in XML.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from connectors.channels.weibo.config import Config as AccountConfig
from connectors.channels.weibo.parse import SCHEME, parse
from connectors.channels.weibo.refusals import told
from connectors.channels.weibo.signature import verify
from connectors.channels.weibo.wire import message
from connectors.families.handshake import echo
from connectors.kit.base import ANSWERS, Account, Fetched, Info, Outbound, Outcome, Plugin, Sent, Settles
from connectors.kit.config import PluginConfig
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.request import Request, Response
from normalizer.capability import Capability, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound
from normalizer.parts import MediaKind

T = TypeVar("T")
WORDS: Final = {"content-type": "text/plain; charset=utf-8"}
NO_FILES: Final = ("application/json", "text/html", "text/plain")
"""Media types of an answer that is no file."""
CAPABILITY: Final = Capability(
    text=TextLimit(most=299),  # fewer than 300 characters
    location=True,
    initiates=False,  # an account answers within 48 hours of what somebody said or did
    inbound=frozenset(
        {
            "message_received",
            "consent_changed",
            *(f"part:{part}" for part in ("location", "choice", "native")),
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.VOICE)),
        }
    ),
)


class Replied(msgspec.Struct, frozen=True):
    result: bool


class Token(msgspec.Struct, frozen=True):
    uid: int | str
    expire_in: int = 0
    """Seconds."""


REPLIED = msgspec.json.Decoder(Replied)
TOKEN = msgspec.json.Decoder(Token)


class Weibo(Plugin[AccountConfig]):
    info: ClassVar[Info] = Info(
        name="weibo",
        channel="weibo",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Private messages to verified Weibo accounts",
    )
    Config = AccountConfig

    def verify(self, request: Request) -> None:
        verify(request, self.config)

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == "GET":
            return []  # the address is being set, and nothing is said
        return parse(request.body, self.config.account_id)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        """An empty answer is enough; without one within five seconds the call is made again, twice."""
        if outcome is not Outcome.OVERLOADED and request.method == "GET":
            return Response(200, echo(request), WORDS)
        return ANSWERS[outcome]

    async def send(self, outbound: Outbound) -> Sent:
        """Weibo gives a message no name, so it goes by ours."""
        fields = message(outbound, save=self.config.save_sent)
        url = f"{self.config.api_base.rstrip('/')}{self.config.reply_path}"
        answer = await self._post(url, fields, REPLIED)
        if not answer.result:
            raise OutcomeUnknown("an answer that says no, and not why", code=ErrorCode.PROVIDER_DOWN)
        return Sent((outbound.token,))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self._file(source))

    async def check(self) -> Account:
        url = f"{self.config.oauth_base.rstrip('/')}/oauth2/get_token_info"
        found = await self._post(url, {}, TOKEN, reads=True)
        if str(found.uid) != str(self.config.account_id):
            raise Misconfigured(f"account_id: the token is of {found.uid}", code=ErrorCode.MISCONFIGURED)
        return Account(name=str(found.uid), details={"token_lasts": f"{found.expire_in // 86_400} days"})

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, AccountConfig)
        return (config.api_base, config.media_base, config.oauth_base)

    async def _post(
        self, url: str, fields: Mapping[str, str], kind: msgspec.json.Decoder[T], *, reads: bool = False
    ) -> T:
        answer = await self.tools.http.request(
            "POST",
            url,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({**fields, "access_token": self.config.access_token.reveal()}).encode(),
            seconds=self.config.send_seconds,
            reads=reads,
        )
        return told(answer, kind, self.config, reads=reads)

    async def _file(self, source: str) -> AsyncIterator[bytes]:
        """A file's octets. Raises Temporary, Refused."""
        query = urlencode({"access_token": self.config.access_token.reveal(), "fid": source})
        url = f"{self.config.media_base.rstrip('/')}/2/mss/msget?{query}"
        async with self.tools.http.stream("GET", url, most=self.config.download_octets) as stream:
            if stream.status in (400, 403, 404, 410):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            kind = stream.headers.get("content-type", "").partition(";")[0].strip().lower()
            if stream.status != 200 or kind in NO_FILES:
                detail = f"no file, but HTTP status {stream.status} and {kind or 'nothing said'}"
                raise Temporary(detail, code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk
