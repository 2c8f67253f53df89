"""A mailbox that is polled: each poll brings one mail, or waits for one.

The cursor moves with each mail, in the hub's commit of it; whatever breaks before, the mail is asked for again. All
talking to the server is done in one thread, and nothing of it outlives a poll that is given up.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connectors.channels.email import imap_cursor
from connectors.channels.email.config import Config
from connectors.channels.email.imap_account import Account, Act
from connectors.channels.email.imap_cursor import Cursor
from connectors.channels.email.imap_mail import BEYOND
from connectors.channels.email.imap_session import Found, Session
from connectors.kit.base import Polled, Tools
from connectors.kit.collects import Collected
from connectors.kit.errors import Misconfigured, Temporary

PIECE = 1 << 20
"""Octets of a large mail that are fetched at a time."""
SMALL = 64 << 10
"""Octets up to which mails are fetched together …"""
TOGETHER = 1 << 20
"""… as many as this."""
BATCH = 50
"""Mails that are looked at ahead."""
SPAN = 50_000
"""UIDs that are searched at a time: what a server answers in one line is bounded."""
MOST_SPANS = 20
GRACE = 2.0
"""Seconds the thread has to notice that its connection was ended."""
GAPS_EVERY = timedelta(minutes=9)
HEADER = 16 << 10
"""Octets of the header of a mail that is not taken."""
T = TypeVar("T")


class Mailbox:
    """`poll` and `close` as the kit has them; one poll at a time."""

    def __init__(self, config: Config, account: Account, tools: Tools) -> None:
        self._config = config
        self._account = account
        self._tools = tools
        self._after = config.after()
        self._pool: ThreadPoolExecutor | None = None
        self._session: Session | None = None
        self._told: str | None = None
        """The cursor that was last given."""
        self._waiting: deque[Found] = deque()
        self._small: dict[int, bytes] = {}
        """Mails that were fetched ahead."""
        self._grown: set[int] = set()
        """Mails that were larger than the server had said."""
        self._gaps_at: datetime | None = None
        """When gaps were last looked into, on this connection."""

    async def poll(self, text: str | None) -> Polled | Collected:
        if text is None or text != self._told:
            self._forget()
        session = await self._opened()
        cursor = _read(text) if text is not None else None
        polled = await self._next(session, cursor, text)
        if polled is None:
            await self._wait(session)
            polled = await self._next(session, cursor, text)
        if polled is None:
            assert text is not None  # without a cursor there is always one to tell
            polled = Polled([], text, b"")
        self._told = polled.cursor
        return polled

    async def check(self) -> Mapping[str, str]:
        """Logs in and opens the mailbox, beside any poll. Raises Misconfigured, Temporary."""
        other = Mailbox(self._config, self._account, self._tools)
        try:
            session = await other._opened()
            box = await other._run(session.select)
            idles = await other._run(lambda: session.idles)
        finally:
            await other.close()
        return {"imap": self._account.url, "mails_until": str(box.uidnext - 1), "idle": "yes" if idles else "no"}

    async def close(self) -> None:
        """Lets go of the connection; the next poll opens another."""
        self._drop()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)

    async def _next(self, session: Session, cursor: Cursor | None, text: str | None) -> Polled | Collected | None:
        """The next mail, or at least how far the mailbox was seen; None where there is nothing to tell."""
        if not self._waiting:
            cursor, found = await self._run(self._look, session, cursor, self._tools.now())
            self._waiting.extend(found)
            self._small = await self._run(self._fetch_small, session)
        assert cursor is not None
        while self._waiting:
            one = self._waiting.popleft()
            if brought := await self._collect(session, cursor, one):
                return brought
            # It is gone, and no gap: it was there.
            cursor = cursor.took(one.uid, one.at, self._tools.now(), done=False)
        told = imap_cursor.write(cursor)
        return Polled([], told, b"") if told != text else None

    def _look(self, session: Session, cursor: Cursor | None, now: datetime) -> tuple[Cursor, Sequence[Found]]:
        """Deals with what was committed, and looks for what is new. In the thread."""
        mark, box = self._account.mark, session.box or session.select()
        if cursor is None:
            cursor = imap_cursor.begin(mark, box.uidvalidity, box.uidnext, now, self._config.imap_days)
        elif cursor.is_of(mark, box.uidvalidity) and cursor.done:
            session.deal(cursor.done, self._after)
            cursor = cursor.dealt()
        late = self._late(session, cursor, now) if cursor.is_of(mark, box.uidvalidity) else []
        box = session.select()
        if not cursor.is_of(mark, box.uidvalidity):
            cursor, late = cursor.anew(mark, box.uidvalidity), []
        for _ in range(MOST_SPANS):
            if late or cursor.uid >= box.uidnext - 1:
                break
            last = min(cursor.uid + SPAN, box.uidnext - 1)
            late = session.search(cursor.uid + 1, last, cursor.since)
            if not late:
                cursor = cursor.past(last)
        if not late:
            return (cursor.at_end() if cursor.uid >= box.uidnext - 1 else cursor), []
        found = session.describe(late[:BATCH])
        return (cursor if found else cursor.past(late[:BATCH][-1])), found

    def _late(self, session: Session, cursor: Cursor, now: datetime) -> list[int]:
        """Mails in places that were empty when they were passed; looked for every so often."""
        if not cursor.gaps or (self._gaps_at is not None and now - self._gaps_at < GAPS_EVERY):
            return []
        self._gaps_at = now
        return [uid for uid in session.search(cursor.gaps[0][0], cursor.gaps[-1][1]) if cursor.takes(uid)]

    def _fetch_small(self, session: Session) -> dict[int, bytes]:
        """What is small of what comes next, in one go. In the thread."""
        uids: list[int] = []
        left = TOGETHER
        for one in self._waiting:
            if one.size <= min(SMALL, left):
                left -= one.size
                uids.append(one.uid)
        found = session.read(uids, 0, SMALL + 1) if uids else {}
        return {uid: octets for uid, octets in found.items() if len(octets) <= SMALL}

    async def _collect(self, session: Session, cursor: Cursor, one: Found) -> Collected | None:
        """None where the mail is gone."""
        taken = one.size <= self._config.imap_most_octets and one.uid not in self._grown
        headers = {
            "mailbox": self._account.folder,
            "uidvalidity": str(cursor.uidvalidity),
            "uid": str(one.uid),
            "internaldate": one.at.isoformat(),
        }
        if not taken:
            head = (await self._run(session.read, [one.uid], 0, HEADER, "HEADER")).get(one.uid)
            octets, headers[BEYOND] = head, str(one.size)
        elif (octets := self._small.pop(one.uid, None)) is None:
            octets = (await self._run(session.read, [one.uid], 0, PIECE)).get(one.uid)
        if octets is None:
            return None
        done = taken and self._after.act is not Act.LEAVE
        told = imap_cursor.write(cursor.took(one.uid, one.at, self._tools.now(), done=done))
        whole = len(octets) < PIECE
        return Collected(told, headers, _one(octets) if whole else self._pieces(session, one, octets))

    async def _pieces(self, session: Session, one: Found, first: bytes) -> AsyncGenerator[bytes, None]:
        """A large mail from its first piece on. Raises Temporary."""
        octets, length = first, len(first)
        del first
        while octets:
            yield octets
            if len(octets) < PIECE:
                return
            read = await self._run(session.read, [one.uid], length, PIECE)
            if one.uid not in read:
                raise Temporary("a mail went while it was read")
            octets = read[one.uid]
            length += len(octets)
            if length > self._config.imap_most_octets:
                self._grown.add(one.uid)
                raise Temporary("a mail is larger than the mail server said")

    async def _wait(self, session: Session) -> None:
        """Until there is news, or long enough."""
        if self._config.imap_idle_seconds and await self._run(lambda: session.idles):
            await self._run(session.wait, self._config.imap_idle_seconds)
        else:
            await asyncio.sleep(self._config.imap_poll_seconds)

    async def _opened(self) -> Session:
        if self._session is None:
            self._session = session = Session(self._config, self._account)
            self._gaps_at = None
            await self._run(session.open)
        return self._session

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        """Does it in the thread. Where it fails or is given up the connection is at its end."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"imap {self._tools.connector}")
        future = asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        try:
            return await asyncio.shield(future)
        except BaseException:
            self._drop()
            future.add_done_callback(_heard)
            await asyncio.wait([future], timeout=GRACE)
            raise

    def _drop(self) -> None:
        """Ends the connection; the thread closes it when it has come to its end."""
        session, self._session = self._session, None
        self._forget()
        if session is not None and self._pool is not None:
            session.abort()
            self._pool.submit(session.close)

    def _forget(self) -> None:
        """What was seen ahead is asked for again."""
        self._waiting.clear()
        self._small.clear()
        self._told = None


def _read(text: str) -> Cursor:
    try:
        return imap_cursor.read(text)
    except ValueError as error:
        raise Misconfigured("this connector was another plugin's before; give it another name") from error


def _heard(future: asyncio.Future[Any]) -> None:
    """Whoever asked is gone, or was told."""
    if not future.cancelled():
        future.exception()


async def _one(octets: bytes) -> AsyncGenerator[bytes, None]:
    yield octets
