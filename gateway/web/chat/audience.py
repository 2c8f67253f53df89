"""Everybody who is connected, and the one reader of the feed that serves them all.

A client holds a position and a few frames. What happens is read from the feed once, whoever it is for; the index says
who may want to know, by conversation, contact and address, and nobody else is woken. A client that is behind — it just
came, it takes its frames too slowly, or more can be seen now than before — reads on in the store by itself until it has
caught up with the reader. A task runs for it only while it is given something.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import structlog

from gateway.api.queries import snapshot
from gateway.board import SHOWN_SECONDS, Seat
from gateway.feed import PositionGone
from gateway.hub import Hub
from gateway.live import LiveConnector
from gateway.metrics import CHAT_CLIENTS
from gateway.web.chat.client import Client
from gateway.web.chat.concerns import REFRESHING, concerned, events_of
from gateway.web.chat.frames import Live, Told, TypingTold, told
from gateway.web.chat.history import Archive
from gateway.web.chat.lines import EXPIRED, RESTARTED, SILENT, TOO_SLOW, Ending
from gateway.web.chat.showing import SHOWN, Event, Shower
from gateway.web.chat.view import Cursor, read_cursor

log = structlog.get_logger()
T = TypeVar("T")
P = ParamSpec("P")
MOST_PENDING = 64
"""Frames kept for a client; one that has more to take reads the store instead."""
SILENCE = 6
"""Heartbeats after which a client that said nothing is given up."""
PAGE = 500
LONGEST_WAIT = 60.0
LAST_WORDS = 1.0
"""Seconds a client has to take the end of its line."""
TYPING = told(TypingTold(on=True, seconds=SHOWN_SECONDS))
ALIVE = Told("", b"")


class Audience:
    """Belongs to the event loop; threads of its own read the store."""

    def __init__(self, hub: Hub, link: Callable[[LiveConnector], Callable[[str], str]], heartbeat: float) -> None:
        self._hub = hub
        self._link = link
        self.heartbeat = heartbeat
        """Seconds; a client may take as long for one frame."""
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="chat")
        self._clients: set[Client] = set()
        self._index: defaultdict[Hashable, set[Client]] = defaultdict(set)
        self._position = 0
        """Up to where the reader has looked who wants to know."""
        self._reader: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._clients)

    def clients(self) -> Sequence[Client]:
        return list(self._clients)

    def at(self, seat: Seat) -> Sequence[Client]:
        """The clients of one person."""
        return list(self._index.get(seat, ()))

    def join(self, client: Client) -> None:
        """From now on it is told everything, what it missed first."""
        self._clients.add(client)
        CHAT_CLIENTS.labels(client.connector.id).inc()
        self._index[client.seat].add(client)
        if self._reader is None or self._reader.done():
            self._position = self._hub.feed.newest()
            self._reader = asyncio.create_task(self._read(), name="chat")
        self._wake(client)

    def leave(self, client: Client) -> None:
        if client in self._clients:
            self._clients.discard(client)
            CHAT_CLIENTS.labels(client.connector.id).dec()
        self._forget(client)
        if client.task:
            client.task.cancel()

    def typing(self, seat: Seat) -> None:
        """Shows the person there that somebody writes; whoever has more to take is not bothered."""
        for client in self.at(seat):
            self.mention(TYPING, client)

    def mention(self, frame: Told, client: Client) -> bool:
        """Tells a client what stands in no history; not one that has more to take."""
        if len(client.pending) >= MOST_PENDING:
            return False
        client.pending.append(frame)
        self._wake(client)
        return True

    async def end(self, ending: Ending, clients: Iterable[Client] | None = None) -> None:
        """Ends the lines of everybody, or of some."""
        await asyncio.gather(
            *(self._end(ending, client) for client in list(self._clients if clients is None else clients))
        )

    async def _end(self, ending: Ending, client: Client) -> None:
        self.leave(client)
        try:
            async with asyncio.timeout(LAST_WORDS):
                await client.line.end(ending)
        except (OSError, TimeoutError):
            client.line.cut()

    async def stop(self) -> None:
        """Ends everybody's line; they come back."""
        await self.end(RESTARTED)
        if self._reader:
            self._reader.cancel()

    def close(self) -> None:
        self._pool.shutdown()

    async def sweep(self) -> None:
        """Ends whose token expired, who fell silent, and whose connector changed; the others hear that they live."""
        now = asyncio.get_running_loop().time()
        expired = [client for client in self._clients if client.expires_at <= now]
        before = now - SILENCE * self.heartbeat
        silent = [client for client in self._clients if client.heard_at is not None and client.heard_at <= before]
        running = self._hub.connectors
        changed = [client for client in self._clients if running.get(client.connector.id) is not client.connector]
        await self.end(EXPIRED, expired)
        await self.end(RESTARTED, changed)
        await self.end(SILENT, silent)
        for client in self._clients:
            if client.line.beats and not client.pending:
                self.mention(ALIVE, client)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)

    def archive(self, connector: LiveConnector) -> Archive:
        return Archive(self._hub.engine, connector.place, self._link(connector))

    # --- one client ---------------------------------------------------------------------------------------------------

    def _wake(self, client: Client) -> None:
        if client.task is None and client in self._clients:
            client.task = asyncio.create_task(self._give(client))

    async def _give(self, client: Client) -> None:
        """Brings a client up to date; ends when there is nothing to give."""
        try:
            while client.behind or client.pending:
                if client.behind:
                    await self._catch_up(client)
                else:
                    await self._pass_on(client, client.pending.popleft())
        except TimeoutError:
            await self._drop(client, TOO_SLOW)
        except OSError:  # it has gone
            client.task = None
            self.leave(client)
        except Exception:
            log.exception("a client could not be told", connector=client.connector.id)
            await self._drop(client, TOO_SLOW)
        finally:
            client.task = None

    async def _catch_up(self, client: Client) -> None:
        """Reads what the client does not have. It is behind still where the reader had come further than that before it
        knew whom to tell; from then on what the reader tells waits for the client, and the next time is the last."""
        caught = await self.in_thread(self.archive(client.connector).catch_up, client.caller, client.after)
        if client.lost or set(client.concerns()) != set(client.concerns(caught.view)):
            self._forget(client)
            client.view, client.lost, client.told_from = caught.view, False, self._position
            for key in client.concerns():
                self._index[key].add(client)
        client.view = caught.view
        client.behind = caught.seen < client.told_from
        for frame in caught.frames:
            await self._hand(client, frame)
        client.after = Cursor(caught.seen, caught.view.tag(caught.seen))
        if not client.behind:
            await self._hand(client, told(Live(cursor=str(client.after))))

    async def _hand(self, client: Client, frame: Told) -> None:
        async with asyncio.timeout(self.heartbeat):
            await client.line.give(frame)

    async def _pass_on(self, client: Client, frame: Told) -> None:
        """Gives it what the reader told, unless it has that already."""
        if frame.position == 0:
            await self._hand(client, frame)
        elif client.after is None or frame.position > client.after.position:
            await self._hand(client, frame)
            client.after = read_cursor(frame.cursor)

    async def _drop(self, client: Client, ending: Ending) -> None:
        client.task = None
        await self.end(ending, [client])

    def _forget(self, client: Client) -> None:
        for key in client.concerns():
            if clients := self._index.get(key):
                clients.discard(client)
                if not clients:
                    del self._index[key]

    # --- the reader ---------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while self._clients:
            try:
                await self._read_on()
            except PositionGone:
                self._start_over()
            except Exception:
                log.exception("what happened could not be told; clients read the store themselves")
                self._start_over()
                await asyncio.sleep(1)

    async def _read_on(self) -> None:
        feed = self._hub.feed
        page = await self.in_thread(feed.page, self._position, PAGE)
        events = await self.in_thread(events_of, page.items) if page.items else []
        self._position = page.seen
        if wanted := self._wanted(events):
            for client, news in await self.in_thread(self._frames, wanted):
                self._offer(client, news)
        if page.complete:
            await feed.wait(page.seen, LONGEST_WAIT)

    def _start_over(self) -> None:
        self._position = self._hub.feed.newest()
        self._fall_behind(self._clients)

    def _wanted(self, events: Sequence[Event]) -> dict[Client, list[Event]]:
        """Who wants to know of what; whose view may have changed falls behind instead."""
        wanted: defaultdict[Client, list[Event]] = defaultdict(list)
        for event in events:
            if event.type in REFRESHING:
                self._fall_behind({client for key in concerned(event) for client in self._index.get(key, ())})
            if event.type in SHOWN:
                for client in self._index.get(event.envelope.partitionkey, ()):
                    wanted[client].append(event)
        return {client: told for client, told in wanted.items() if not client.lost}

    def _frames(self, wanted: dict[Client, list[Event]]) -> list[tuple[Client, list[Told]]]:
        """In a thread: what each is told; the clients of one person are told the same."""
        made: dict[tuple[Seat, str], list[Told]] = {}
        result = []
        with snapshot(self._hub.engine) as rows:
            for client, events in wanted.items():
                view = client.view
                key = (client.seat, view.tag(events[-1].position))
                if key not in made:
                    connector = client.connector
                    shower = Shower(rows, connector.place, client.caller, view, self._link(connector))
                    made[key] = shower.frames(events)
                result.append((client, made[key]))
        return result

    def _offer(self, client: Client, frames: Sequence[Told]) -> None:
        if client.lost:
            return
        if len(client.pending) + len(frames) > MOST_PENDING:
            self._fall_behind([client])
            return
        client.pending.extend(frames)
        self._wake(client)

    def _fall_behind(self, clients: Iterable[Client]) -> None:
        for client in clients:
            client.behind = client.lost = True
            client.pending = deque(frame for frame in client.pending if not frame.position)
            self._wake(client)
