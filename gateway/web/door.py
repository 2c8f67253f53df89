"""`/in/{connector}`: where providers come in. The hottest path of the hub: plain ASGI, and nothing that is not needed.

Bodies are bounded before they are read, and in time; larger ones are verified and parsed in a bounded pool, so that the
loop never stands still for one sender.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from connectors.kit.request import Request, Response
from gateway.api.problems import Code, Problem, not_found, too_large
from gateway.hub import Hub
from gateway.ids import new_id
from gateway.live import LiveConnector, above
from gateway.metrics import RECEIVED
from gateway.peers import asker
from gateway.receive import put_off, receive, receive_blocking
from gateway.store.times import now
from gateway.store.writer import Overloaded
from gateway.web.asgi import Disconnected, Headers, Receive, Scope, Send, turn_away
from gateway.web.patience import Patience

PREFIX = "/in/"
LARGE = 64 << 10
"""Octets; from here on a body is read in the pool."""
THREADS = 2
MOST_LARGE = 32
"""Large bodies in hand at a time; further ones are asked to come again."""
BODY_SECONDS = 30.0
"""How long a sender may take for its body."""
NOTHING: Headers = [(b"content-length", b"0")]


class Door:
    def __init__(self, hub: Hub, body_seconds: float = BODY_SECONDS) -> None:
        self._hub = hub
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="large")
        self._large = 0
        self._patience = Patience(body_seconds)

    def close(self) -> None:
        """Finishes what is in hand. Blocks."""
        self._pool.shutdown()

    async def __call__(self, scope: Scope, receive_: Receive, send: Send) -> None:
        hub = self._hub
        connector = hub.connectors.get(name := scope["path"][len(PREFIX) :]) or above(hub.connectors, name)
        if connector is None:
            await turn_away(receive_, send, not_found("connector"))
            return
        headers = joined(scope["headers"])
        try:
            body = await self._read(receive_, headers.get("content-length"), hub.settings.limits.body)
        except Problem as problem:
            RECEIVED.labels(connector.id, problem.code).inc()
            await turn_away(receive_, send, problem)
            return
        except Disconnected:
            return
        query = scope["query_string"]
        target = scope["raw_path"] + b"?" + query if query else scope["raw_path"]
        url = hub.settings.public_url + target.decode("latin-1")
        client = scope.get("client") or ("", 0)
        peer = asker(client[0], headers.get("x-forwarded-for"), hub.settings.proxies)
        request = Request(scope["method"], url, headers, body, now(), new_id(), peer)
        if len(body) < LARGE:
            response = await receive(hub, connector, request)
        else:
            response = await self._receive_large(connector, request)
        content = response.body
        fields = NOTHING if not content else [(b"content-length", b"%d" % len(content))]
        if response.headers:
            fields = fields + [(k.encode("latin-1"), v.encode("latin-1")) for k, v in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": fields})
        await send({"type": "http.response.body", "body": content})

    async def _read(self, receive_: Receive, length: str | None, most: int) -> bytes:
        """The body. Raises Problem: 413, unread where its length was told; 408. Raises Disconnected."""
        if length is not None and (not length.isdecimal() or int(length) > most):
            raise too_large(most)
        try:
            with self._patience:
                return await whole(receive_, most)
        except TimeoutError:
            raise Problem(408, Code.SLOW, "the body did not come in time") from None

    async def _receive_large(self, connector: LiveConnector, request: Request) -> Response:
        if self._large >= MOST_LARGE:
            return put_off(connector, request, Overloaded(f"{MOST_LARGE} large requests are in hand"))
        self._large += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, receive_blocking, self._hub, connector, request)
        finally:
            self._large -= 1


def joined(fields: Headers) -> Mapping[str, str]:
    """Headers by their lower-case names; the values of one that was sent twice are joined, as RFC 9110 has it."""
    headers = {str(name, "latin-1"): str(value, "latin-1") for name, value in fields}
    if len(headers) < len(fields):
        gathered: dict[str, list[str]] = {}
        for name, value in fields:
            gathered.setdefault(str(name, "latin-1"), []).append(str(value, "latin-1"))
        return {name: ", ".join(values) for name, values in gathered.items()}
    return headers


async def whole(receive_: Receive, most: int) -> bytes:
    """All of a body. Raises Problem (413), Disconnected."""
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive_()
        if message["type"] == "http.disconnect":
            raise Disconnected
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
        size += len(pieces[-1])
        if size > most:
            raise too_large(most)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
