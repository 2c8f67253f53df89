"""Sending: messages, files, edits and reactions."""

from contextlib import ExitStack
from typing import Any

import aiohttp

from connectors.channels.slack import wire
from connectors.channels.slack.answers import ACCOUNT, COMPLETED, OK, POSTED, REACTIONS, TICKET, Account, Completed
from connectors.channels.slack.api import Api
from connectors.channels.slack.config import Config
from connectors.channels.slack.emoji import named
from connectors.channels.slack.people import MessageName, external_id, place
from connectors.channels.slack.refusals import ALREADY
from connectors.kit.base import File, Outbound, OutboundEdit, OutboundReaction
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import MediaPart


class Sender:
    """One app that writes. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, api: Api, config: Config) -> None:
        self._api = api
        self._config = config
        self._account: Account | None = None

    async def send(self, outbound: Outbound) -> tuple[str, ...]:
        """The names of what it made."""
        if outbound.payload.location is not None or outbound.payload.contact_card is not None:
            raise Refused("a location or contact goes as text", code=ErrorCode.CONTENT_UNSUPPORTED)
        # Files that stand beside buttons go as pictures and links, because an upload carries no buttons.
        if outbound.payload.media and not outbound.payload.actions:
            return await self._share(outbound)
        posted = await self._api.send("chat.postMessage", wire.message(outbound, self._config), POSTED)
        return (external_id(posted.channel, posted.ts),)

    async def edit(self, outbound: OutboundEdit) -> str:
        posted = await self._api.send("chat.update", wire.update(outbound), POSTED)
        return external_id(posted.channel, posted.ts)

    async def react(self, outbound: OutboundReaction) -> None:
        name = wire.named(outbound.external_id)
        if outbound.reaction is not None:
            await self._mark("reactions.add", name, named(outbound.reaction))
            return
        for emoji in await self._our_reactions(name):
            await self._mark("reactions.remove", name, emoji)

    async def account(self) -> Account:
        """Whose token it is."""
        self._account = await self._api.ask("auth.test", {}, ACCOUNT)
        return self._account

    async def _our_reactions(self, name: MessageName) -> list[str]:
        ours = self._account or await self.account()
        fields = {"channel": name.channel, "timestamp": name.ts, "full": "true"}
        found = await self._api.ask("reactions.get", fields, REACTIONS)
        return [one.name for one in found.message.reactions if ours.user_id in one.users]

    async def _mark(self, method: str, name: MessageName, emoji: str) -> None:
        arguments = {"channel": name.channel, "timestamp": name.ts, "name": emoji}
        try:
            await self._api.send(method, arguments, OK)
        except Refused as error:
            if error.provider_code not in ALREADY:
                raise

    async def _share(self, outbound: Outbound) -> tuple[str, ...]:
        """Nobody sees what is uploaded before it is shared, all at once."""
        place(outbound.address)
        files: list[dict[str, Any]] = []
        for part in outbound.payload.media:
            file = outbound.files.get(part.attachment_id)
            if file is None:
                raise Refused(f"no file for attachment {part.attachment_id}", code=ErrorCode.MEDIA_UNREACHABLE)
            files.append({"id": await self._upload(part, file), "title": file.name})
        arguments = wire.shared(outbound, files)
        return _names(await self._api.send("files.completeUploadExternal", arguments, COMPLETED), outbound, files)

    async def _upload(self, part: MediaPart, file: File) -> str:
        fields = {"filename": file.name, "length": str(file.size)}
        if part.alt:
            fields["alt_txt"] = part.alt
        with ExitStack() as opened:
            try:
                handle = opened.enter_context(file.path.open("rb"))
            except OSError as error:
                detail = f"the stored file cannot be read: {error.strerror}"
                raise Refused(detail, code=ErrorCode.MEDIA_UNREACHABLE) from error
            ticket = await self._api.ask("files.getUploadURLExternal", fields, TICKET)
            form = aiohttp.FormData()
            form.add_field("filename", handle, filename=file.name, content_type=file.media_type)
            await self._api.upload(ticket.upload_url, form)
        return ticket.file_id


def _names(completed: Completed, outbound: Outbound, files: list[dict[str, Any]]) -> tuple[str, ...]:
    """By the message that shows the files, where it is told; usually it is not there yet, and a file names it."""
    messages = {
        external_id(channel, share.ts): None
        for file in completed.files
        for places in file.shares.values()
        for channel, shares in places.items()
        for share in shares
    }
    return tuple(messages) or tuple(external_id(outbound.address.value, file["id"]) for file in files)
