"""The Bot API over loopback: `python -m connectors.channels.telegram.simulator` runs it alone.

It checks the token, keeps what was sent (numbered per chat), refuses what the real one refuses in the same words, gives
out files and hands pushed updates to whoever polls. It delivers no webhooks by itself: `genuine` makes the request.
"""

import argparse
import asyncio
import itertools
import re
from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic, time
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

import msgspec

from connectors.channels.telegram.config import SECRET_TOKEN
from connectors.channels.telegram.simulated import BOT, Chats, Fault, arguments, needed
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
PATH: Final = re.compile(r"/(?P<file>file/)?bot(?P<token>[^/]+)/(?P<rest>.+)")
DOWNLOAD: Final = 20 << 20
WAIT_SECONDS: Final = 3
_OK, _END = b'{"ok":true,"result":', b"}"
_JSON: Final = {"content-type": "application/json"}


def failure(status: int, description: str, headers: Mapping[str, str] | None = None, **parameters: int) -> Reply:
    told: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        told["parameters"] = parameters
    return Reply(status, msgspec.json.encode(told), {**_JSON, **(headers or {})})


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(
            429,
            f"Too Many Requests: retry after {WAIT_SECONDS}",
            {"retry-after": str(WAIT_SECONDS)},
            retry_after=WAIT_SECONDS,
        ),
        Failure.SERVER_ERROR: failure(500, "Internal Server Error"),
        Failure.UNAUTHORIZED: failure(401, "Unauthorized"),
        Failure.BLOCKED: failure(403, "Forbidden: bot was blocked by the user"),
        Failure.UNREACHABLE: failure(403, "Forbidden: user is deactivated"),
        Failure.REFUSED: failure(400, "Bad Request: message is too long"),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "secret token dropped": mutate.header_dropped(HEADER),
        "secret token emptied": mutate.header_emptied(HEADER),
        "secret token changed": mutate.header_flipped(HEADER),
        "secret token cut": mutate.header_cut(HEADER),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.chats = Chats()
        self.webhook: dict[str, Any] = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
        self._updates: deque[tuple[int, bytes]] = deque()
        self._waiting: asyncio.Event | None = None
        # Beginning with the time, so that what another run made is not taken for the same message.
        self._numbers = itertools.count(int(time() * 1000) % 2**31)
        self._methods: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "getMe": lambda _: BOT,
            "getWebhookInfo": lambda _: {**self.webhook, "pending_update_count": len(self._updates)},
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getFile": self._get_file,
            "answerCallbackQuery": lambda given: bool(needed(given, "callback_query_id")),
            **self.chats.methods,
        }

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        headers = {"content-type": "application/json", HEADER.lower(): self.config["secret_token"]}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:
        if not sender.removeprefix("-").isdecimal():
            raise ValueError(f"a sender is a number here, as {sender!r} is not")
        person = {"id": int(sender), "is_bot": False, "first_name": f"Customer {sender}", "language_code": "en"}
        chat = {"id": int(sender), "type": "private", "first_name": person["first_name"]}
        number = next(self._numbers)
        told = {"message_id": number, "from": person, "chat": chat, "date": int(time())}
        return msgspec.json.encode({"update_id": number, "message": {**told, "text": text}})

    def push(self, update: bytes) -> None:
        """Keeps an update for whoever polls. From any thread."""
        number = msgspec.json.decode(update)["update_id"]

        def arrive() -> None:
            self._updates.append((number, update))
            if self._waiting is not None:
                self._waiting.set()

        if self._loop is None:
            raise RuntimeError("the simulator does not run")
        self._loop.call_soon_threadsafe(arrive)

    # --- the Bot API --------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        method = request.path.rpartition("/")[2]
        return method.startswith(("send", "edit")) or method == "setMessageReaction"

    async def answer(self, request: WireRequest) -> Reply:
        asked = PATH.fullmatch(urlsplit(request.path).path)
        if asked is None or ":" not in asked["token"]:
            return failure(404, "Not Found")
        if unquote(asked["token"]) != self.config["token"]:
            return failure(401, "Unauthorized")
        if asked["file"]:
            return self._download(unquote(asked["rest"]))
        try:
            given = arguments(request.headers.get("content-type", ""), request.body)
            if asked["rest"] == "getUpdates":
                return Reply(200, _OK + await self._get_updates(given) + _END, _JSON)
            method = self._methods.get(asked["rest"])
            if method is None:
                return failure(404, "Not Found: method not found")
            return Reply(200, _OK + msgspec.json.encode(method(given)) + _END, _JSON)
        except Fault as fault:
            return failure(fault.status, fault.description)

    async def _get_updates(self, given: dict[str, Any]) -> bytes:
        if self.webhook["url"]:
            raise Fault("Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first", 409)
        while self._updates and self._updates[0][0] < given.get("offset", 0):
            self._updates.popleft()
        if self._waiting is not None:
            self._waiting.set()
        arrived = self._waiting = asyncio.Event()
        until = monotonic() + given.get("timeout", 0)
        while not self._updates and (left := until - monotonic()) > 0:
            try:
                await asyncio.wait_for(arrived.wait(), left)
            except TimeoutError:
                break
            if self._waiting is not arrived:
                raise Fault("Conflict: terminated by other getUpdates request", 409)
            arrived.clear()
        self._waiting = None
        return b"[" + b",".join(raw for _, raw in itertools.islice(self._updates, given.get("limit", 100))) + b"]"

    def _set_webhook(self, given: dict[str, Any]) -> bool:
        url = str(given.get("url", ""))
        if url and not url.startswith("https://") and urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
            raise Fault("bad webhook: An HTTPS URL must be provided for webhook")
        if not SECRET_TOKEN.fullmatch(given.get("secret_token", "x")):
            raise Fault("secret token contains unallowed characters")
        kept = ("max_connections", "allowed_updates")
        self.webhook = {**self.webhook, "url": url, **{name: given[name] for name in kept if name in given}}
        return True

    def _delete_webhook(self, given: dict[str, Any]) -> bool:
        self.webhook = {**self.webhook, "url": ""}
        if given.get("drop_pending_updates"):
            self._updates.clear()
        return True

    def _get_file(self, given: dict[str, Any]) -> dict[str, Any]:
        file_id = needed(given, "file_id")
        held = self.chats.files.get(file_id)
        if held is None:
            raise Fault("wrong file_id or the file is temporarily unavailable")
        if len(held.content) > DOWNLOAD:
            raise Fault("file is too big")
        size = len(held.content)
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": size, "file_path": f"files/{file_id}"}

    def _download(self, path: str) -> Reply:
        held = self.chats.files.get(path.removeprefix("files/"))
        if held is None:
            return failure(404, "Not Found")
        return Reply(200, held.content, {"content-type": "application/octet-stream"})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="The Telegram Bot API over loopback.")
    wanted.add_argument("--token", default="110201543:SIMULATOR")
    wanted.add_argument("--secret-token", default="simulator-secret")
    told = wanted.parse_args()
    run(Simulator({"token": told.token, "secret_token": told.secret_token}))
