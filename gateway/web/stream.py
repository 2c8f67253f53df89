"""`/v1/events`: a page, a long poll, or a stream of server-sent events.

A stream holds a position and one page, nothing else: it reads the store only as fast as its client takes, and a client
that falls behind costs no more than one that does not. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
(read 2026-11).
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar
from urllib.parse import parse_qsl

from gateway.api.admission import admit
from gateway.api.feeding import JSON, Reader, as_json, look, reader
from gateway.api.problems import Code, Problem
from gateway.api.reading import read_query
from gateway.api.shapes import EventsQuery
from gateway.feed import Feed, Page
from gateway.hub import Hub
from gateway.keys import Scope as KeyScope
from gateway.recent import Item
from gateway.web.asgi import (
    Headers,
    Receive,
    Scope,
    Send,
    answer,
    has_body,
    header,
    method_not_allowed,
    refuse,
    turn_away,
    wire,
)

T = TypeVar("T")
P = ParamSpec("P")
PATH = "/v1/events"
THREADS = 4
HEARTBEAT = 15.0
"""Seconds of silence after which a comment says that the stream lives; the key is looked at again as often."""
LINGER = 2.0
"""Seconds a reader of pages has to come back for the next."""
LAST_WORDS = 1.0
"""Seconds a client has to take the end of its stream."""
MOST_FIELDS = 20
EVENT_STREAM: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
OPENING = b"retry: 2000\n\n"
ALIVE = b":\n\n"


class Stream:
    def __init__(self, hub: Hub, heartbeat: float = HEARTBEAT) -> None:
        self._hub = hub
        self._heartbeat = heartbeat
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="feed")
        self._attended: set[asyncio.Task[None]] = set()
        self._ending = False

    def end(self) -> None:
        """Ends every stream and long poll, and lets none begin; their readers come back with their positions."""
        self._ending = True
        for task in self._attended:
            task.cancel()

    def close(self) -> None:
        self._pool.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] != "GET":
                raise method_not_allowed("GET")
            await self._give(scope, receive, send)
        except Problem as problem:
            if has_body(scope):
                await turn_away(receive, send, problem)
            else:
                await refuse(send, problem)

    async def _give(self, scope: Scope, receive: Receive, send: Send) -> None:
        authorization = header(scope, b"authorization")
        await self._admit(authorization)
        query = read_query(_parameters(scope), EventsQuery)
        streams = "text/event-stream" in (header(scope, b"accept") or "")
        wanted = await self._in_thread(reader, self._hub, query, header(scope, b"last-event-id") if streams else None)
        page = await self._look(wanted, wanted.after)
        if streams:
            await send({"type": "http.response.start", "status": 200, "headers": EVENT_STREAM})
            await send({"type": "http.response.body", "body": OPENING, "more_body": True})
            # A key revoked or a position gone meanwhile ends the stream; who comes back is told.
            with suppress(Problem):
                await self._attend(receive, lambda: self._pump(send, wanted, page, authorization))
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS):
                    await send({"type": "http.response.body", "body": b""})
            return
        found = list(page.items)
        if wanted.wait:
            expect(self._hub.feed)
        if not found and wanted.wait:
            await self._attend(receive, lambda: self._wait_for(wanted, page, found))
        if found:
            body = as_json(self._hub.feed, wanted, found)
        else:  # where the feed begins, the store knows
            body = await self._in_thread(as_json, self._hub.feed, wanted, found)
        await answer(send, 200, wire(JSON), body)

    async def _attend(self, receive: Receive, work: Callable[[], Awaitable[None]]) -> None:
        """Does the work until it is done, the client leaves, or the server ends."""
        if self._ending:
            return
        working = asyncio.ensure_future(work())
        leaving = asyncio.ensure_future(left(receive))
        self._attended.add(working)
        self._hub.feed.follow()
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.feed.unfollow()
            self._attended.discard(working)
            for task in (working, leaving):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def _wait_for(self, wanted: Reader, page: Page, found: list[Item]) -> None:
        """Puts the first events that come into `found`."""
        until = asyncio.get_running_loop().time() + wanted.wait
        while not found and (left := until - asyncio.get_running_loop().time()) > 0:
            await self._hub.feed.wait(page.seen, left)
            page = await self._look(wanted, page.seen)
            found += page.items

    async def _pump(self, send: Send, wanted: Reader, page: Page, authorization: str | None) -> None:
        """Sends events as they come, for as long as the key is good."""
        while True:
            if page.items:
                await send({"type": "http.response.body", "body": b"".join(map(_sent, page.items)), "more_body": True})
            if page.complete and not await self._hub.feed.wait(page.seen, self._heartbeat):
                await self._admit(authorization)
                await send({"type": "http.response.body", "body": ALIVE, "more_body": True})
            page = await self._look(wanted, page.seen)

    async def _look(self, wanted: Reader, after: int) -> Page:
        """The next page that has something, or the empty one at the end. Each look is bounded."""
        if not wanted.conversation and self._hub.feed.at_hand(after):
            page = look(self._hub.feed, wanted, after)
            if page.items:
                return page
            after = page.seen
        page = await self._in_thread(look, self._hub.feed, wanted, after)
        while not page.items and not page.complete:
            page = await self._in_thread(look, self._hub.feed, wanted, page.seen)
        return page

    async def _admit(self, authorization: str | None) -> None:
        await self._in_thread(admit, self._hub.engine, authorization, KeyScope.READ)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)


def expect(feed: Feed) -> None:
    """Who asks for page after page is between two of them: what comes meanwhile is kept in memory for a moment."""
    feed.follow()
    asyncio.get_running_loop().call_later(LINGER, feed.unfollow)


def _sent(item: Item) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (item.position, item.type.encode(), item.event)


async def left(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _parameters(scope: Scope) -> dict[str, str]:
    try:
        pairs = parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Problem(400, Code.MALFORMED, f"not a query: {error}") from error
    return dict(reversed(pairs))
