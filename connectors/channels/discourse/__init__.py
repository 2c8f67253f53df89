"""Forums on Discourse: webhooks in, posts out.

What is answered in a public topic is public; private messages are private. A webhook carries no time and is repeated up
to four times. Source: github.com/discourse/discourse and docs.discourse.org (read 2026-11). Does not serve uploads,
reactions, edits of our own posts, new topics, or chat.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import quote

import msgspec

from connectors.channels.discourse.config import Config as ForumConfig
from connectors.channels.discourse.event import MADE, SHOWN
from connectors.channels.discourse.history import backfill
from connectors.channels.discourse.parse import SCHEME, named, parse
from connectors.channels.discourse.refusals import refusal
from connectors.kit.base import Account, Info, Outbound, Plugin, Polled, Sent, Settles
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from normalizer.capability import Capability, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

HEADER: Final = "x-discourse-event-signature"
ENQUEUED: Final = "enqueued"
CAPABILITY: Final = Capability(
    text=TextLimit(most=32_000),  # the site setting `max_post_length`, where it was left alone
    replies=True,
    initiates=False,
    inbound=frozenset({"message_received", "message_edited", "message_redacted"}),
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
        answer = await self._ask("POST", "/posts.json", body(outbound))
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

    async def _ask(self, method: str, path: str, given: dict[str, Any] | None) -> Answer:
        config = self.config
        headers = {"api-key": config.api_key.reveal(), "api-username": config.username, "accept": "application/json"}
        return await self.tools.http.request(
            method,
            config.api_base.rstrip("/") + path,
            headers=headers | ({"content-type": "application/json"} if given is not None else {}),
            body=msgspec.json.encode(given) if given is not None else None,
            seconds=config.send_seconds,
            reads=given is None,
        )


def body(outbound: Outbound) -> dict[str, Any]:
    """A payload as the body of a new post. Raises Refused."""
    payload = outbound.payload
    if not payload.text or payload.media or payload.location or payload.contact_card or payload.cards:
        raise Refused("a post is a text", code=ErrorCode.CONTENT_UNSUPPORTED)
    if outbound.thread is None or not outbound.thread.isdecimal():
        raise Refused("a post is written in a topic", code=ErrorCode.NO_ROUTE)
    topic, _, number = (outbound.reply_to or "").partition("/")
    quoted = {"reply_to_post_number": int(number)} if topic == outbound.thread and number.isdecimal() else {}
    return {"raw": payload.text, "topic_id": int(outbound.thread), **quoted}


def signature(secret: str, body: bytes) -> str:
    """Source: `build_webhook_headers` of emit_web_hook_event.rb (read 2026-11)."""
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
