"""python-telegram-bot over the hub's HTTP client. Loaded with the first send.

That library wraps foreign errors in texts that hold the token's URL, and logs requests and answers: here our errors
travel through it unchanged, and its loggers are silent.
"""

from contextlib import ExitStack
from functools import cache
from typing import Any

import aiohttp
import msgspec
from telegram import Bot, ReactionTypeEmoji
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from connectors.channels.telegram import wire
from connectors.channels.telegram.answers import SENT, Made
from connectors.channels.telegram.api import Api
from connectors.channels.telegram.capability import REACTIONS
from connectors.channels.telegram.config import Config
from connectors.channels.telegram.people import chat_id, message_name, within
from connectors.kit.base import Outbound, OutboundEdit, OutboundReaction
from connectors.kit.errors import BadPayload, KitError, OutcomeUnknown, Refused
from connectors.kit.request import decode
from connectors.kit.silence import silence
from normalizer.errors import ErrorCode
from normalizer.inbound import Address

silence("telegram")  # its records hold the token, and what people wrote


class Carried(TelegramError):
    """One of our errors on its way through python-telegram-bot, which lets only its own kind pass as it is."""

    def __init__(self, error: KitError) -> None:
        super().__init__(error.detail)
        self.error = error


class HubRequest(BaseRequest):
    """python-telegram-bot's way to the network."""

    def __init__(self, api: Api, config: Config) -> None:
        self._api = api
        self._config = config

    @property
    def read_timeout(self) -> float | None:
        return self._config.send_seconds

    async def initialize(self) -> None:
        """Nothing to prepare: the hub keeps the connections."""

    async def shutdown(self) -> None:
        """Nothing to end: the hub keeps the connections."""

    async def do_request(
        self,
        url: str,
        method: str,  # noqa: ARG002 - always POST
        request_data: RequestData | None = None,
        read_timeout: Any = None,  # noqa: ARG002 - ours is configured
        write_timeout: Any = None,  # noqa: ARG002
        connect_timeout: Any = None,  # noqa: ARG002
        pool_timeout: Any = None,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        uploads = request_data is not None and request_data.contains_files
        seconds = self._config.upload_seconds if uploads else self._config.send_seconds
        try:
            return 200, await self._api.send(url, _body(request_data), seconds=seconds)
        except KitError as error:
            raise Carried(error) from None

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        # Only what names a message is read: a new field that we cannot read must not undo a send.
        try:
            return {"result": decode(payload, SENT).result}
        except BadPayload as error:
            unknown = OutcomeUnknown(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN)
            raise Carried(unknown) from None


def _body(data: RequestData | None) -> bytes | aiohttp.FormData:
    if data is None:
        return b"{}"
    if not data.contains_files:
        return msgspec.json.encode(data.parameters)
    # Names of files go as they are: Telegram shows percent signs as percent signs.
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, media_type) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=media_type)
    return form


@cache
def _asked(method: str) -> str:
    """`send_message` as `send_Message`, which the library turns into the same `sendMessage`: by the name of a method it
    has, it recommends that method in a warning, and that takes a fifth of its time."""
    first, *words = method.split("_")
    return "_".join([first, *(word.title() for word in words)])


class Sender:
    """Performs what leaves for people. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, api: Api, config: Config) -> None:
        request = HubRequest(api, config)
        base = f"{config.api_base.rstrip('/')}/bot"
        # Both requests are given, else the library opens a client of its own for the other.
        self._bot = Bot(config.token.reveal(), base_url=base, request=request, get_updates_request=request)
        self._config = config

    def __repr__(self) -> str:
        return "Sender(***)"

    async def send(self, outbound: Outbound) -> list[Made]:
        """The messages it made, in order."""
        with ExitStack() as opened:
            made = await self._perform(wire.call(outbound, self._config, opened))
        if isinstance(made, bool):
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return [made] if isinstance(made, Made) else made

    async def edit(self, outbound: OutboundEdit) -> None:
        await self._perform(wire.edit(outbound, self._config))

    async def react(self, outbound: OutboundReaction) -> None:
        name = message_name(outbound.external_id)
        if name is None:
            raise Refused("a pressed button takes no reaction", code=ErrorCode.CONTENT_UNSUPPORTED)
        reaction = outbound.reaction
        arguments = {
            "chat_id": chat_id(outbound.address),
            "message_id": name.message,
            "reaction": [ReactionTypeEmoji(REACTIONS.get(reaction, reaction))] if reaction is not None else [],
        }
        await self._perform(wire.Call("set_message_reaction", arguments))

    async def typing(self, address: Address, thread: str | None) -> None:
        place = within(thread)
        place.pop("direct_messages_topic_id", None)  # no typing is shown there
        await self._perform(wire.Call("send_chat_action", {"chat_id": chat_id(address), "action": "typing", **place}))

    async def _perform(self, call: wire.Call) -> bool | Made | list[Made]:
        error: KitError
        try:
            # What the method of that name would make of the answer, a `Message` of over a hundred attributes, takes
            # as long as a third of the request; the answer as it came does.
            made: bool | Made | list[Made] = await self._bot.do_api_request(_asked(call.method), call.arguments)
            return made
        except Carried as carried:
            error = carried.error
        except TelegramError as unexpected:
            error = OutcomeUnknown(f"python-telegram-bot: {type(unexpected).__name__}", code=ErrorCode.UNKNOWN)
        # Raised out here so that no error of the library, whose text may hold the token, hangs on to it.
        raise error
