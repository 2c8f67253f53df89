"""A subscriber's webhook over loopback: keeps what came, verifies it as any receiver would, and fails when told to."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

import msgspec
from aiohttp import web
from standardwebhooks.webhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEWER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@dataclass(frozen=True)
class Post:
    """What came, and as what."""

    event: dict[str, Any]
    headers: dict[str, str]
    body: bytes

    @property
    def position(self) -> int:
        return int(self.event["position"])

    @property
    def partition(self) -> str:
        return str(self.event["partitionkey"])


Answers = Callable[[Post], Awaitable[web.StreamResponse]]


async def yes(_: Post) -> web.StreamResponse:
    return web.Response()


def says(status: int, body: bytes = b"", **headers: str) -> Answers:
    async def answer(_: Post) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return answer


class Endless(web.StreamResponse):
    """Says yes, and never comes to an end."""

    async def write_eof(self, data: bytes = b"") -> None:
        await self.write(b"yes, " + data)
        await asyncio.sleep(60)


async def drip(_: Post) -> web.StreamResponse:
    return Endless()


class Receiver:
    """`answers` decides what is answered, `next` of the next ones before it. The library receivers use verifies all."""

    def __init__(self, *secrets: str) -> None:
        self.posts: list[Post] = []
        """Everything that came, in the order it came."""
        self.taken: list[Post] = []
        """What was answered with success."""
        self.answers: Answers = yes
        self.under_way = self.most_under_way = 0
        self._next: deque[Answers] = deque()
        self._webhooks = [Webhook(secret) for secret in secrets or (SECRET,)]
        self._changed = asyncio.Condition()
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=8 << 20)
        app.router.add_route("*", "/{rest:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def listen(self) -> None:
        """Again, on the same port."""
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def vanish(self) -> None:
        """Nobody is at home any more."""
        await self._site.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    def next(self, *answers: Answers) -> None:
        self._next += answers

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        for webhook in self._webhooks:
            webhook.verify(body, headers)
        post = Post(msgspec.json.decode(body), headers, body)
        self.posts.append(post)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            answers = self._next.popleft() if self._next else self.answers
            response = await answers(post)
        finally:
            self.under_way -= 1
            await self._notify()
        if response.status // 100 == 2:
            self.taken.append(post)
            await self._notify()
        return response

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(condition)

    async def until_taken(self, count: int) -> list[Post]:
        await self.until(lambda: len(self.first()) >= count)
        return self.first()

    def first(self) -> list[Post]:
        """What was taken, without its repetitions: as an idempotent receiver has it."""
        seen: dict[str, Post] = {}
        for post in self.taken:
            seen.setdefault(post.headers["webhook-id"], post)
        return list(seen.values())

    def lines(self) -> dict[str, list[int]]:
        """The positions of each conversation, in the order they were first taken."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for post in self.first():
            found[post.partition].append(post.position)
        return dict(found)
