"""Fetching the files of messages, after the messages are recorded.

The store is the queue (`gateway.record.attachments`). Each connector fetches a few files at once and waits for none but
its own. What fails for now comes again, ever later, for a day; what was refused fails at once. A connector that is
set up wrongly keeps its files waiting until it is mended, and so does one that is no longer configured.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog

from connectors.kit.base import Fetched, Fetches
from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Temporary
from connectors.kit.http import exchange_subject
from gateway.files import StoredFile, TooLarge, plain_name, plain_type
from gateway.live import LiveConnector
from gateway.metrics import FETCHED
from gateway.record.attachments import DUE, Claim, Failed, Later, Lease, Outcome, Stored, Wanted, claim, lease, settle
from gateway.store.times import SECOND, now_us
from gateway.waiting import Bell, backoff, rounds
from normalizer.errors import ErrorCode

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
AT_ONCE = 4
"""Files a connector fetches at the same time."""
BACKSTOP = 1.0
LEASE = 9.0
RENEW = 3.0
"""Leases shorter than this are renewed while a fetch goes on."""
FETCH_SECONDS = 300.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 3600.0
GIVE_UP = 86_400.0
"""Seconds after the message for which a fetch is tried."""
UNTOLD = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}")


class MediaFetching:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._bell = Bell()
        self._under_way: defaultdict[str, dict[str, asyncio.Task[None]]] = defaultdict(dict)
        self._waits_until: dict[str, float] = {}
        self._renewed = 0.0
        self._rounds: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._bell.ring()
        self._rounds = asyncio.create_task(rounds("media", self._round), name="media")

    async def stop(self) -> None:
        """Ends what is under way and hands it back: whoever comes next fetches it at once."""
        if self._rounds is None:
            return
        fetches = {id_: task for tasks in self._under_way.values() for id_, task in tasks.items()}
        ending = [self._rounds, *fetches.values()]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        handed_back = [self._hub.writer.write(lease, Lease(id_, 0)) for id_ in fetches]
        await asyncio.gather(*handed_back, return_exceptions=True)  # those that fail lapse by themselves

    def wake(self, connector_id: str) -> None:  # noqa: ARG002 - all are looked at together, which costs the same
        """Says that there are files to fetch."""
        self._bell.ring()

    async def _round(self) -> None:
        await self._bell.sleep(BACKSTOP)
        await self._renew_leases()
        for connector_id in await asyncio.to_thread(self._due):
            if connector := self._hub.connectors.get(connector_id):
                await self._take_up(connector)

    def _due(self) -> list[str]:
        with self._hub.engine.connect() as connection:
            return [connector_id for (connector_id,) in connection.exec_driver_sql(DUE, (now_us(),))]

    async def _renew_leases(self) -> None:
        time = asyncio.get_running_loop().time()
        held = [id_ for tasks in self._under_way.values() for id_ in tasks]
        if held and time - self._renewed >= RENEW:
            await asyncio.gather(*(self._hub.writer.write(lease, Lease(id_, LEASE)) for id_ in held))
            self._renewed = time

    async def _take_up(self, connector: LiveConnector) -> None:
        tasks = self._under_way[connector.id]
        room = AT_ONCE - len(tasks)
        waits = self._waits_until.get(connector.id, 0.0) > asyncio.get_running_loop().time()
        if room <= 0 or waits:
            return
        for wanted in await self._hub.writer.write(claim, Claim(connector.id, room, LEASE)):
            if wanted.id not in tasks:
                task = asyncio.create_task(self._fetch(connector, wanted), name=f"fetch {wanted.id}")
                tasks[wanted.id] = task
                task.add_done_callback(partial(self._ended, connector.id, wanted.id))

    def _ended(self, connector_id: str, id_: str, task: asyncio.Task[None]) -> None:
        del self._under_way[connector_id][id_]
        if not task.cancelled() and (error := task.exception()):
            log.warning("a fetch was not settled and will be repeated", attachment=id_, reason=repr(error))
        self._bell.ring()

    async def _fetch(self, connector: LiveConnector, wanted: Wanted) -> None:
        exchange_subject.set(wanted.id)
        outcome = await self._outcome(connector, wanted)
        await self._hub.writer.write(settle, outcome)
        FETCHED.labels(connector.id, type(outcome).__name__.lower()).inc()

    async def _outcome(self, connector: LiveConnector, wanted: Wanted) -> Outcome:
        most = self._hub.settings.limits.file
        if not isinstance(connector.plugin, Fetches):
            return _failed(connector, wanted, ErrorCode.MEDIA_UNSUPPORTED, "the plugin fetches nothing")
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                fetched = await connector.plugin.fetch(wanted.source)
                if fetched.size is not None and fetched.size > most:
                    raise TooLarge(f"larger than {most} octets")
                async with _closing(fetched.chunks) as chunks:
                    file = await self._hub.files.save_async(chunks, most)
        except TooLarge as error:
            return _failed(connector, wanted, ErrorCode.MEDIA_TOO_LARGE, str(error))
        except Temporary as error:
            return self._put_off(connector, wanted, error.code, error.detail, error.retry_after)
        except Misconfigured as error:
            return _later(connector, wanted, error.code, error.detail)
        except OutcomeUnknown as error:  # reading changes nothing, so there is nothing to doubt
            return self._put_off(connector, wanted, error.code, error.detail)
        except KitError as error:
            return _failed(connector, wanted, error.code, error.detail)
        except TimeoutError:
            return self._put_off(connector, wanted, ErrorCode.TIMED_OUT, f"no end within {FETCH_SECONDS:.0f} s")
        except OSError as error:  # our own disk: the file is not at fault
            log.error("a file could not be kept", attachment=wanted.id, reason=repr(error))
            return _later(connector, wanted, ErrorCode.UNKNOWN, repr(error))
        except Exception as error:
            log.exception("a plugin failed to fetch", connector=connector.id, attachment=wanted.id)
            return self._put_off(connector, wanted, ErrorCode.UNKNOWN, repr(error))
        return _stored(connector, wanted, fetched, file)

    def _put_off(
        self,
        connector: LiveConnector,
        wanted: Wanted,
        code: ErrorCode,
        detail: str,
        retry_after: float | None = None,
    ) -> Later | Failed:
        """Until later, or no more after a day. What the provider told to wait holds for all the connector's files."""
        if now_us() - wanted.created_at > GIVE_UP * SECOND:
            return _failed(connector, wanted, code, detail)
        if retry_after is None:
            return _later(connector, wanted, code, detail)
        seconds = min(retry_after, LONGEST_PAUSE)
        self._waits_until[connector.id] = asyncio.get_running_loop().time() + seconds
        return Later(wanted.id, seconds, wanted.attempts, code)


def _later(connector: LiveConnector, wanted: Wanted, code: ErrorCode, detail: str) -> Later:
    attempts = wanted.attempts + 1
    log.info("fetched later", connector=connector.id, attachment=wanted.id, attempts=attempts, code=code, detail=detail)
    return Later(wanted.id, backoff(attempts, FIRST_PAUSE, LONGEST_PAUSE), attempts, code)


def _failed(connector: LiveConnector, wanted: Wanted, code: ErrorCode, detail: str) -> Failed:
    log.warning("not fetched", connector=connector.id, attachment=wanted.id, code=code, detail=detail)
    return Failed(wanted.id, code)


def _stored(connector: LiveConnector, wanted: Wanted, fetched: Fetched, file: StoredFile) -> Stored:
    told = (fetched.media_type or "").partition(";")[0].strip().lower()
    return Stored(
        id=wanted.id,
        place=connector.place,
        sha256=file.sha256,
        size=file.size,
        media_type=told if told != UNTOLD and MEDIA_TYPE.fullmatch(told) else plain_type(wanted.media_type),
        name=plain_name(wanted.name) or plain_name(fetched.name),
    )


@asynccontextmanager
async def _closing(chunks: AsyncIterator[bytes]) -> AsyncIterator[AsyncIterator[bytes]]:
    try:
        yield chunks
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
