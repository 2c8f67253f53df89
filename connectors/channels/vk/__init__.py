"""VK communities: the Callback API in, `messages.send` out.

Calls repeat, come in any order and, with several servers, more than once. Nothing is signed: a word in the body proves
who calls, and is not kept. Source: dev.vk.com/en/api/callback/getting-started (read 2026-11). Does not serve comments
elsewhere than on the community's wall, reactions, edits of ours, carousels, mini apps or payments.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, Final

from connectors.channels.vk.answers import ADDED, CODE, COMMENTED, COMMUNITIES, NOTHING, SENT, SERVERS, Server
from connectors.channels.vk.api import VERSION, Api
from connectors.channels.vk.call import SCHEME
from connectors.channels.vk.capability import CAPABILITY
from connectors.channels.vk.comments import NAMED, comment, named
from connectors.channels.vk.config import Config as CommunityConfig
from connectors.channels.vk.event import POSTED, Posted
from connectors.channels.vk.history import backfill, beginning
from connectors.channels.vk.parse import COMMENTS, CONFIRMATION, PRESSED_KEY, external_id, parse
from connectors.channels.vk.refusals import refusal
from connectors.channels.vk.uploads import uploaded
from connectors.channels.vk.wire import files_of, message
from connectors.kit.base import (
    ANSWERS,
    Account,
    Fetched,
    Info,
    Outbound,
    Outcome,
    Plugin,
    Polled,
    Registration,
    Sent,
    Settles,
)
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown
from connectors.kit.redact import without_field
from connectors.kit.request import Request, Response, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Inbound, MessageReceived

WORDS: Final = {"content-type": "text/plain"}
TITLE: Final = "onethread"
EVENTS: Final = (
    "message_new",
    "message_reply",
    "message_edit",
    "message_allow",
    "message_deny",
    "message_typing_state",
    "message_event",
    "message_read",
)
"""What is asked for."""


class Vk(Plugin[CommunityConfig]):
    info: ClassVar[Info] = Info(
        name="vk",
        channel="vk",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.KEY,
        summary="VK communities, by the Callback API",
    )
    Config = CommunityConfig

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config)

    def verify(self, request: Request) -> None:
        """While the address is set no secret is wanted, for it may not be set yet; a wrong one is refused."""
        try:
            posted = decode(request.body, POSTED)
            self.kept(request)  # what its secret cannot be taken out of is not kept
        except BadPayload as error:
            raise BadSignature("not a call of VK's") from error
        asked = posted.type == CONFIRMATION and posted.secret is None
        if not asked and not self.config.secret.matches(posted.secret):
            raise BadSignature("without the community's secret", missing=posted.secret is None)
        if posted.group_id != self.config.group_id:
            raise BadSignature("of another community")

    def kept(self, request: Request) -> Request:
        return replace(request, body=without_field(request.body, "secret"))

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, self.config)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        if outcome is Outcome.OVERLOADED:
            return ANSWERS[outcome]
        asked = _posted(request)
        confirms = asked is not None and asked.type == CONFIRMATION
        return Response(200, self.config.confirmation.encode() if confirms else b"ok", WORDS)

    async def send(self, outbound: Outbound) -> Sent:
        if outbound.thread is not None:
            return await self._comment(outbound)
        files = files_of(outbound)
        fields = message(outbound, [])
        if files:
            peer = outbound.address.value
            fields = message(outbound, [await uploaded(self.api, kind, file, peer) for kind, file in files])
        (told, *_) = await self.api.call("messages.send", fields, SENT, reads=False)
        if told.error is not None:
            raise refusal(told.error.code, told.error.description, self.config, OutcomeUnknown)
        if not told.conversation_message_id:
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent((external_id(told.peer_id, told.conversation_message_id),))

    async def _comment(self, outbound: Outbound) -> Sent:
        fields = comment(outbound, self.config.group_id)
        written = await self.api.call("wall.createComment", fields, COMMENTED, reads=False)
        return Sent((named(int(fields["post_id"]), written.comment_id),))

    async def typing(self, address: Address, thread: str | None) -> None:
        """Under a post nobody sees it, and in the person's own chat it would be out of place."""
        if thread is not None:
            return
        await self.api.call("messages.setActivity", {"peer_id": address.value, "type": "typing"}, NOTHING)

    def tells_read(self) -> bool:
        return self.config.read_receipts

    async def read(self, address: Address, external_id: str) -> None:
        """All of the conversation is marked: which message to end at VK does not publish. A comment cannot be."""
        if NAMED.fullmatch(external_id) is None:
            await self.api.call("messages.markAsRead", {"peer_id": address.value}, NOTHING)

    def awaits(self, inbound: Inbound) -> bool:
        """The button turns on the screen until somebody answers."""
        return isinstance(inbound, MessageReceived) and inbound.key.startswith(f"{PRESSED_KEY}:")

    async def confirm(self, inbound: Inbound) -> None:
        _, peer, user, event = inbound.key.split(":", 3)
        asked: dict[str, str | int] = {"event_id": event, "user_id": user, "peer_id": peer}
        await self.api.call("messages.sendMessageEventAnswer", asked, NOTHING)

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self.api.file(source))

    async def backfill(self, cursor: str | None) -> Polled:
        """Messages only: a community's token may not list comments."""
        now = int(self.tools.now().timestamp())
        if cursor is None:
            return beginning(now)
        return await backfill(self.api, self.config.group_id, cursor, now)

    async def check(self) -> Account:
        found = await self.api.call("groups.getById", {"group_id": self.config.group_id}, COMMUNITIES)
        ours = next((group for group in found.groups if group.id == self.config.group_id), None)
        if ours is None:
            raise Misconfigured("group_id: the token knows no such community")
        return Account(name=ours.name, details={"id": str(ours.id), "screen_name": ours.screen_name})

    async def register(self, url: str) -> Registration:
        """VK asks the address for the confirmation string while it is set."""
        wanted = await self.api.call("groups.getCallbackConfirmationCode", self._group, CODE)
        if wanted.code != self.config.confirmation:
            raise Misconfigured(f"confirmation: VK wants to hear {wanted.code}")
        server = await self._server(url)
        if server is None:
            secret = self.config.secret.reveal()
            asked = {**self._group, "url": url, "title": TITLE, "secret_key": secret}
            number = (await self.api.call("groups.addCallbackServer", asked, ADDED, reads=False)).server_id
        else:
            number = server.id
        events = dict.fromkeys((*EVENTS, *COMMENTS) if self.config.comments else EVENTS, 1)
        settings = {**self._group, "server_id": number, "api_version": VERSION, **events}
        await self.api.call("groups.setCallbackSettings", settings, NOTHING)
        return await self.registration()

    async def registration(self) -> Registration:
        server = await self._server(self.tools.webhook_url)
        if server is None:
            return Registration(url=None)
        failed = None if server.status == "ok" else f"the server is {server.status}"
        return Registration(url=server.url, last_error=failed, details={"server_id": server.id})

    async def unregister(self) -> Registration:
        server = await self._server(self.tools.webhook_url)
        if server is not None:
            await self.api.call("groups.deleteCallbackServer", {**self._group, "server_id": server.id}, NOTHING)
        return await self.registration()

    async def _server(self, url: str) -> Server | None:
        """A community may have ten; the one that calls us."""
        found = await self.api.call("groups.getCallbackServers", self._group, SERVERS)
        return next((server for server in found.items if server.url == url), None)

    @property
    def _group(self) -> dict[str, str | int]:
        return {"group_id": self.config.group_id}


def _posted(request: Request) -> Posted | None:
    try:
        return decode(request.body, POSTED)
    except BadPayload:
        return None
