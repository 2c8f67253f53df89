"""Discord's API over the hub's HTTP client. Source: docs.discord.com/developers/reference (read 2026-11)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import aiohttp
import msgspec

from connectors.channels.discord.config import Config
from connectors.channels.discord.refusals import refusal
from connectors.kit.base import File
from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Http
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

T = TypeVar("T")
VERSION: Final = "/api/v10"
DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})


MOST_SHARDS: Final = 1000


class Made(msgspec.Struct, frozen=True):
    """Anything with an id: a message, a channel, a user."""

    id: str
    username: str = ""


class Emoji(msgspec.Struct, frozen=True):
    name: str | None = None
    id: str | None = None


class Reaction(msgspec.Struct, frozen=True):
    emoji: Emoji
    me: bool = False


class Marked(msgspec.Struct, frozen=True):
    """A message, as far as it was reacted to."""

    reactions: list[Reaction] = []


class Channel(msgspec.Struct, frozen=True):
    id: str
    type: int = 0
    parent_id: str | None = None
    """The channel a thread is in; of any other channel, its category."""


class Application(msgspec.Struct, frozen=True):
    interactions_endpoint_url: str | None = None


class StartLimit(msgspec.Struct, frozen=True):
    remaining: int = 1
    reset_after: Annotated[float, msgspec.Meta(ge=0)] = 0
    """Milliseconds."""
    max_concurrency: int = 1


class Door(msgspec.Struct, frozen=True):
    """Where the gateway is, how many connections Discord recommends, and how many sessions may begin."""

    url: str
    shards: Annotated[int, msgspec.Meta(ge=1, le=MOST_SHARDS)] = 1
    session_start_limit: StartLimit = StartLimit()


MADE = msgspec.json.Decoder(Made)
CHANNEL = msgspec.json.Decoder(Channel)
MARKED = msgspec.json.Decoder(Marked)
APPLICATION = msgspec.json.Decoder(Application)
DOOR = msgspec.json.Decoder(Door)
NOTHING = msgspec.json.Decoder(msgspec.Raw)


class Api:
    """One bot's access. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, http: Http, config: Config) -> None:
        self._http = http
        self._config = config

    def __repr__(self) -> str:
        return "Api(***)"

    async def call(
        self,
        method: str,
        path: str,
        kind: msgspec.json.Decoder[T],
        body: Mapping[str, Any] | None = None,
        *,
        files: Sequence[File] = (),
        reads: bool = True,
    ) -> T:
        """`reads`: it does no harm to do it twice."""
        headers = {"authorization": f"Bot {self._config.bot_token.reveal()}"}
        with ExitStack() as opened:
            form = _form(body or {}, files, opened) if files else None
            if form is None and body is not None:
                headers["content-type"] = "application/json"
            answer = await self._http.request(
                method,
                f"{self._config.api_base.rstrip('/')}{VERSION}{path}",
                headers=headers,
                body=form or (None if body is None else msgspec.json.encode(body)),
                seconds=self._config.send_seconds,
                reads=reads,
            )
        if answer.status not in DONE:
            raise refusal(answer, reads=reads)
        try:
            return decode(answer.body or b"{}", kind)
        except BadPayload as error:
            doubt = Temporary if reads else OutcomeUnknown
            raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def file(self, url: str) -> AsyncIterator[bytes]:
        """A file's octets, from a signed address that lasts for a day. Raises Temporary, Refused."""
        async with self._http.stream("GET", url, most=self._config.download_octets) as stream:
            if stream.status in (403, 404, 410):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != 200:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk


def _form(body: Mapping[str, Any], files: Sequence[File], opened: ExitStack) -> aiohttp.FormData:
    """Raises Refused."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", msgspec.json.encode(body).decode(), content_type="application/json")
    for number, file in enumerate(files):
        try:
            octets = opened.enter_context(file.path.open("rb"))
        except OSError as error:
            detail = f"the stored file cannot be read: {error.strerror}"
            raise Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
        form.add_field(f"files[{number}]", octets, filename=file.name, content_type=file.media_type)
    return form
