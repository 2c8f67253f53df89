"""Forums on Discourse: webhooks in, posts out.

What is answered in a public topic is public; private messages are private. A webhook carries no time and is repeated up
to four times. Source: github.com/discourse/discourse and docs.discourse.org (read 2026-11). Does not serve
edits of our own posts, new topics, or chat.
"""

import hmac
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import quote

import msgspec

from connectors.channels.discourse.config import Config as ForumConfig
from connectors.channels.discourse.event import MADE, SHOWN
from connectors.channels.discourse.history import backfill
from connectors.channels.discourse.likes import set_like
from connectors.channels.discourse.parse import HEART, SCHEME, named, parse
from connectors.channels.discourse.refusals import refusal
from connectors.channels.discourse.uploads import files_of, form, limit, path_of, shown
from connectors.kit.base import Account, Fetched, File, Info, Outbound, OutboundReaction, Plugin, Polled, Sent, Settles
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from normalizer.capability import Capability, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound
from normalizer.parts import MediaKind, MediaPart

HEADER: Final = "x-discourse-event-signature"
ENQUEUED: Final = "enqueued"
TEXT: Final = TextLimit(most=32_000)
"""The site setting `max_post_length`, where it was left alone."""
CAPABILITY: Final = Capability(
    text=TEXT,
    media=limit(TEXT),
    replies=True,
    reactions=frozenset({HEART}),
    initiates=False,
    inbound=frozenset(
        {
            "message_received",
            "message_edited",
            "message_redacted",
            "reaction_changed",
            *(f"media:{kind}" for kind in (MediaKind.IMAGE, MediaKind.AUDIO, MediaKind.VIDEO, MediaKind.FILE)),
        }
    ),
)


class Discourse(Plugin[ForumConfig]):
    info: ClassVar[Info] = Info(
        name="discourse",
        channel="forum",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Forums on Discourse",
    )
    Config = ForumConfig

    def verify(self, request: Request) -> None:
        presented = request.headers.get(HEADER, "")
        wanted = signature(self.config.webhook_secret.reveal(), request.body)
        if not hmac.compare_digest(presented.encode(), wanted.encode()):
            raise BadSignature("not signed with the webhook's secret", missing=not presented)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, self.config)

    async def send(self, outbound: Outbound) -> Sent:
        files = files_of(outbound)
        body(outbound, ["…" for _ in files])  # what it cannot hold is refused before a file leaves
        given = body(outbound, [await self._uploaded(part, file) for part, file in files])
        answer = await self._ask("POST", "/posts.json", given)
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, self.config.rate_pause)
        try:
            made = decode(answer.body, MADE)
        except BadPayload as error:
            raise OutcomeUnknown(f"an answer that cannot be read: {error.detail}") from None
        if made.topic_id is not None and made.post_number is not None:
            return Sent((named(made.topic_id, made.post_number),))
        if made.action == ENQUEUED:
            raise Refused("it waits for a moderator's approval", code=ErrorCode.POLICY_REJECTED, provider_code=ENQUEUED)
        raise OutcomeUnknown("an answer that names no post", code=ErrorCode.PROVIDER_DOWN)

    async def _uploaded(self, part: MediaPart, file: File) -> str:
        """What stands for a file in a post; until then nobody sees it. Raises Temporary, Refused, Misconfigured."""
        url = f"{self.config.api_base.rstrip('/')}/uploads.json"
        try:
            with file.path.open("rb") as octets:
                sent, seconds = form(file, octets), self.config.upload_seconds
                answer = await self.tools.http.request(
                    "POST", url, headers=self._headers, body=sent, seconds=seconds, reads=True
                )
        except OSError as error:
            detail = f"the stored file cannot be read: {error.strerror}"
            raise Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, self.config.rate_pause, reads=True)
        try:
            return shown(part, file, answer.body)
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def react(self, outbound: OutboundReaction) -> Sent:
        await set_like(self._done, outbound)
        return Sent((outbound.external_id,))

    async def _done(self, method: str, path: str, given: dict[str, Any] | None) -> bytes:
        """What may be asked twice. Raises Temporary, Refused, Misconfigured."""
        answer = await self._ask(method, path, given, reads=True)
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, self.config.rate_pause, reads=True)
        return answer.body

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self._file(f"{self.config.api_base.rstrip('/')}{path_of(source)}"))

    async def _file(self, url: str) -> AsyncIterator[bytes]:
        """Raises Temporary, Refused."""
        most = self.config.download_octets
        async with self.tools.http.stream("GET", url, headers=self._headers, most=most) as stream:
            if stream.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                raise Refused("the file is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            if stream.status != HTTPStatus.OK:
                raise Temporary(f"HTTP status {stream.status}", provider_code=str(stream.status))
            async for chunk in stream.chunks:
                yield chunk

    async def backfill(self, cursor: str | None) -> Polled:
        """Posts, not edits and deletions."""
        if not self.config.backfill:
            return Polled([], cursor or "", b"[]")
        return await backfill(self._told, self.config, cursor)

    async def check(self) -> Account:
        body = await self._told(f"/u/{quote(self.config.username, safe='')}.json")
        try:
            user = decode(body, SHOWN).user
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        return Account(name=user.username, details={"id": str(user.id)} | ({"name": user.name} if user.name else {}))

    async def _told(self, path: str) -> bytes:
        """What the forum shows there. Raises Temporary, Misconfigured, Refused."""
        answer = await self._ask("GET", path, None)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise Misconfigured("there is no such user, or the address is no forum's")
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, self.config.rate_pause, reads=True)
        return answer.body

    async def _ask(self, method: str, path: str, given: dict[str, Any] | None, *, reads: bool = False) -> Answer:
        return await self.tools.http.request(
            method,
            self.config.api_base.rstrip("/") + path,
            headers=self._headers | ({"content-type": "application/json"} if given is not None else {}),
            body=msgspec.json.encode(given) if given is not None else None,
            seconds=self.config.send_seconds,
            reads=reads or given is None,
        )

    @property
    def _headers(self) -> dict[str, str]:
        config = self.config
        return {"api-key": config.api_key.reveal(), "api-username": config.username, "accept": "application/json"}


def body(outbound: Outbound, files: Sequence[str] = ()) -> dict[str, Any]:
    """A payload as the body of a new post; `files` are what stands for its files. Raises Refused."""
    payload = outbound.payload
    raw = "\n".join([*([payload.text, ""] if payload.text and files else [payload.text]), *files])
    if not raw or payload.location or payload.contact_card or payload.cards:
        raise Refused("a post is a text, and pictures", code=ErrorCode.CONTENT_UNSUPPORTED)
    if outbound.thread is None or not outbound.thread.isdecimal():
        raise Refused("a post is written in a topic", code=ErrorCode.NO_ROUTE)
    topic, _, number = (outbound.reply_to or "").partition("/")
    quoted = {"reply_to_post_number": int(number)} if topic == outbound.thread and number.isdecimal() else {}
    return {"raw": raw, "topic_id": int(outbound.thread), **quoted}


def signature(secret: str, body: bytes) -> str:
    """Source: `build_webhook_headers` of emit_web_hook_event.rb (read 2026-11)."""
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
