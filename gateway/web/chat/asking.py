"""Who asks, and how often they may: what every request and frame goes through first."""

from ipaddress import ip_address
from math import ceil
from typing import Any

from connectors.kit.chat import Caller, Chats, Doorway
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from gateway.api.problems import Code, Problem
from gateway.board import Seat
from gateway.live import LiveConnector
from gateway.metrics import received
from gateway.peers import asker
from gateway.store.times import now
from gateway.web.asgi import Scope, header
from gateway.web.chat.buckets import Buckets

SCHEME = "chat"
"""Of the URL of what came through this door: nothing that comes from outside can have it."""
RATE_LIMITED = "rate_limited"
BURST = 3
"""A person may say a third of a minute's messages at once."""
FRAMES_PER_MINUTE = 1200
FRAMES_AT_ONCE = 60


class Asked:
    """One connector's chat, as its clients meet it."""

    def __init__(self, connector: LiveConnector, buckets: Buckets, proxies: int) -> None:
        plugin: Any = connector.plugin
        self.connector = connector
        self.plugin: Chats = plugin
        self.doorway: Doorway = plugin.doorway()
        self._buckets = buckets
        own = self.doorway.proxies
        self._proxies = proxies if own is None else own

    def caller(self, token: str | None) -> Caller:
        """Who shows this token. Raises Problem (401)."""
        try:
            return self.plugin.caller(self.request(token, b""))
        except BadSignature as error:
            received(self.connector.id, "refused").inc()
            raise unauthorised(error) from error

    def request(self, token: str | None, body: bytes, **headers: str) -> Request:
        """A frame as the plugin gets it."""
        if token:
            headers["authorization"] = f"Bearer {token}"
        headers["content-type"] = "application/json"
        return Request("POST", f"{SCHEME}://hub/{self.connector.id}", headers, body, now())

    def admit_address(self, scope: Scope) -> None:
        """Raises Problem (429) where too much begins from one network address."""
        rate = self.doorway.sessions_per_minute
        self._take(("address", peer_of(scope, self._proxies)), rate, rate)

    def admit_message(self, caller: Caller) -> None:
        rate = self.doorway.messages_per_minute
        self._take(("message", self.seat(caller)), rate, max(1, rate / BURST))

    def admit_receipt(self, caller: Caller) -> None:
        rate = self.doorway.receipts_per_minute
        self._take(("receipt", self.seat(caller)), rate, max(1, rate / BURST))

    def admit_upload(self, caller: Caller) -> None:
        rate = self.doorway.uploads_per_minute
        self._take(("upload", self.seat(caller)), rate, rate)

    def admit_frame(self, caller: Caller) -> None:
        self._take(("frame", self.seat(caller)), FRAMES_PER_MINUTE, FRAMES_AT_ONCE)

    def seat(self, caller: Caller) -> Seat:
        return Seat(self.connector.id, caller.address)

    def _take(self, key: tuple[str, object], per_minute: float, burst: float) -> None:
        if seconds := self._buckets.take((self.connector.id, *key), per_minute, burst):
            raise limited(seconds)


def limited(seconds: float) -> Problem:
    wait = max(1, ceil(seconds))
    return Problem(429, RATE_LIMITED, f"too much at once; again in {wait} s", headers={"retry-after": str(wait)})


def unauthorised(error: BadSignature) -> Problem:
    code = error.reason or Code.UNAUTHENTICATED
    return Problem(401, code, error.detail, headers={"www-authenticate": "Bearer"})


def bearer(scope: Scope) -> str | None:
    authorization = header(scope, b"authorization") or ""
    return authorization.removeprefix("Bearer ").strip() if authorization.startswith("Bearer ") else None


def peer_of(scope: Scope, proxies: int) -> str:
    """The network address of who asks, as the outermost proxy that is believed saw it. IPv6 counts by its /64."""
    client = str((scope.get("client") or ("", 0))[0])
    told = ", ".join(str(value, "latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
    named = asker(client, told, proxies)
    try:
        address = ip_address(named)
    except ValueError:
        return client
    return str(address) if address.version == 4 else address.exploded[:19]
